/** `GET /api/v1/status`: the status of the indexer and of this process. */

import { setFeedHeaders } from '../http/feed-headers.ts'
import { sendProblem } from '../http/problem.ts'
import { sendJson } from '../http/send-body.ts'
import { readStatus, type StatusDeps } from './read-status.ts'
import { defineRoute, type Route } from './route.ts'

const DESCRIPTION = {
  path: '/api/v1/status',
  operationId: 'getStatus',
  tag: 'Operation',
  summary: 'What the indexer does, its problems, the state of each watched folder, and the work that is left.',
  description: 'The indexer writes its status at least once a minute; this is the last one that it wrote.',
  parameters: {},
  answer: {
    description: 'The last status of the indexer, heartbeat_age_seconds old, and that of this process.',
    json: 'Status',
  },
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
