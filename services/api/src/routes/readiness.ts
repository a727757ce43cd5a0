/** `GET /readyz`: the feed can be read and is kept up to date. */
import { heartbeatAgeMs } from '@drive-feed/shared/heartbeat.ts'
import { type DatabaseSource, DatabaseUnavailableError } from '../database-source.ts'
import { sendProblem } from '../http/problem.ts'
import { sendJson } from '../http/send-body.ts'
import { defineRoute, type Route } from '../route.ts'

/** The indexer writes its status once a minute even when nothing happens. */
const HEARTBEAT_AGE_MAX_MS = 150_000

const DESCRIPTION = {
  path: '/readyz',
  operationId: 'getReadiness',
  tag: 'Operation',
  summary: 'Whether the database can be read and an indexer keeps it up to date.',
  description: 'The answer is 503 while the indexer has not been heard of for two and a half minutes.',
  parameters: {},
  answer: { description: 'Both.', json: 'Health' },
  refusals: [503],
  isAboutProcess: true,
} as const

export function readinessRoute(database: DatabaseSource, nowMs: () => number): Route {
  return defineRoute(DESCRIPTION, async ({ req, res }) => {
    const detail = whyNotReady(database, nowMs())
    if (detail !== null) return sendProblem(res, { status: 503, detail })
    res.set('Cache-Control', 'no-store')
    await sendJson(req, res, { ok: true })
  })
}

function whyNotReady(database: DatabaseSource, nowMs: number): string | null {
  try {
    const status = database.open().read((queries) => queries.status())
    if (status === undefined) return 'The indexer has not started yet.'
    if (status.state === 'stopped') return 'The indexer was stopped.'
    const ageMs = heartbeatAgeMs(status.heartbeatMs, nowMs)
    if (ageMs <= HEARTBEAT_AGE_MAX_MS) return null
    const seconds = Math.round(ageMs / 1_000)
    if (status.heartbeatMs <= nowMs) return `The indexer has been silent for ${seconds} s.`
    return `The indexer was last heard of ${seconds} s ahead of now, before the clock was set back.`
  } catch (error) {
    if (!(error instanceof DatabaseUnavailableError)) throw error
    return 'The database can not be read now.'
  }
}
