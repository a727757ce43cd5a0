/** `GET /api/v1/status`: how the indexer and this process are doing. */

import { readStatus, type StatusDeps } from '../feed/read-status.ts'
import { setFeedHeaders } from '../http/feed-headers.ts'
import { sendProblem } from '../http/problem.ts'
import { sendJson } from '../http/send-body.ts'
import { defineRoute, type Route } from '../route.ts'

const DESCRIPTION = {
  path: '/api/v1/status',
  operationId: 'getStatus',
  tag: 'Operation',
  summary: 'What the indexer is doing, what is not well, how each watched folder is, and what is left to do.',
  description: 'What it says of the indexer is what the indexer last wrote, at least once a minute.',
  parameters: {},
  answer: { description: 'The state when the indexer last said something: see heartbeat_age_seconds.', json: 'Status' },
  refusals: [],
} as const

export function statusRoute(deps: StatusDeps): Route {
  return defineRoute(DESCRIPTION, async ({ req, res }) => {
    const { feed, status } = readStatus(deps)
    setFeedHeaders(res, feed)
    res.set('Cache-Control', 'no-store')
    if (status === null) return sendProblem(res, { status: 503, detail: 'The indexer has not started yet.' })
    await sendJson(req, res, status)
  })
}
