/** `GET /api/v1/status`: how the indexer and this process are doing. */
import type { DatabaseSource } from '../database-source.ts'
import { setFeedHeaders } from '../http/feed-headers.ts'
import { sendProblem } from '../http/problem.ts'
import { sendJson } from '../http/send-body.ts'
import { defineRoute, type Route } from '../route.ts'
import { type ApiState, statusJson } from '../wire/status-json.ts'

const DESCRIPTION = {
  path: '/api/v1/status',
  operationId: 'getStatus',
  tag: 'Operation',
  summary: 'What the indexer is doing, how each watched folder is, what is left to do, and what the kernel allows.',
  description: 'What it says of the indexer is what the indexer last wrote, at least once a minute.',
  parameters: {},
  answer: { description: 'The state when the indexer last said something: see heartbeat_age_seconds.', json: 'Status' },
  refusals: [],
} as const

type Deps = { readonly database: DatabaseSource; readonly api: () => ApiState; readonly nowMs: () => number }

export function statusRoute({ database, api, nowMs }: Deps): Route {
  return defineRoute(DESCRIPTION, async ({ req, res }) => {
    const { feed, status, roots } = database.open().read((queries) => ({
      feed: queries.feed(),
      status: queries.status(),
      roots: queries.watchRoots(),
    }))
    setFeedHeaders(res, feed)
    res.set('Cache-Control', 'no-store')
    if (status === undefined) return sendProblem(res, { status: 503, detail: 'The indexer has not started yet.' })
    await sendJson(req, res, statusJson({ feed, status, roots, api: api(), nowMs: nowMs() }))
  })
}
