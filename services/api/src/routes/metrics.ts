/** `GET /metrics`: metrics for Prometheus. */
import { DatabaseUnavailableError } from '../feed/database-source.ts'
import type { ConnectionLimits } from '../http/connection-limits.ts'
import type { RequestCounts } from '../http/request-counts.ts'
import { sendPieces } from '../http/send-body.ts'
import type { Answer } from '../wire/answers.ts'
import { readStatus, type StatusDeps } from './read-status.ts'
import { defineRoute, type Route } from './route.ts'

const EXAMPLE = '# TYPE drive_feed_head gauge\ndrive_feed_head 57\n'

const DESCRIPTION = {
  path: '/metrics',
  operationId: 'getMetrics',
  tag: 'Operation',
  summary: 'Metrics of the indexer and of this process, for Prometheus.',
  description: 'Behind a proxy with several replicas of the api, the metrics of the process are those of one replica.',
  parameters: {},
  answer: {
    description: 'The text format of Prometheus.',
    mediaType: 'text/plain',
    schema: { type: 'string' },
    example: EXAMPLE,
  },
  refusals: [],
} as const

type Deps = StatusDeps & { readonly requests: RequestCounts; readonly limits: ConnectionLimits }

export function metricsRoute(deps: Deps): Route {
  return defineRoute(DESCRIPTION, async ({ req, res }) => {
    const { metricsText } = await import('./metrics-text.ts')
    const { clientsWaiting } = deps.api()
    const { user, system } = process.cpuUsage()
    const text = await metricsText({
      status: statusNow(deps),
      walBytes: deps.signs.walBytes(),
      requests: deps.requests.all(),
      process: {
        residentBytes: process.memoryUsage.rss(),
        cpuSeconds: (user + system) / 1_000_000,
        // Node reads it once, when the process starts. Computed from the clock and the uptime it would differ at each
        // scrape, and each difference would count as a restart.
        startedMs: performance.timeOrigin,
      },
      clientsWaiting,
      connectionsDropped: deps.limits.droppedTotal(),
    })
    res.set('Cache-Control', 'no-store').type('text/plain; version=0.0.4; charset=utf-8')
    await sendPieces(req, res, [text])
  })
}

function statusNow(deps: Deps): Answer<'Status'> | null {
  try {
    return readStatus(deps).status
  } catch (error) {
    if (error instanceof DatabaseUnavailableError) return null
    throw error
  }
}
