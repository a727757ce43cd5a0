/** Sends refusals as Problem Details for HTTP APIs (RFC 9457). */
import { STATUS_CODES } from 'node:http'
import type { Response } from 'express'
import type { Answer } from '../wire/answers.ts'
import type { Refusal } from '../wire/refusal.ts'
import { isForEvents, sendEndedStream } from './event-stream.ts'

const RETRY_AFTER_SECONDS = 2

/** Answers with `application/problem+json`. A 5xx to a request for events is a stream without events, see `sendEndedStream`. */
export function sendProblem(res: Response, refusal: Refusal): void {
  // A refusal is about this moment: no cache may keep it, and it has no tag.
  res.removeHeader('ETag')
  res.set('Cache-Control', 'no-store')
  if (refusal.status === 503) res.set('Retry-After', String(RETRY_AFTER_SECONDS))
  if (refusal.status >= 500 && isForEvents(res.req)) {
    sendEndedStream(res, refusal.detail)
  } else {
    res.status(refusal.status).type('application/problem+json')
    res.send(JSON.stringify(problemOf(refusal)))
  }
}

export function problemOf({ status, detail, members }: Refusal): Answer<'Problem'> {
  // "about:blank" means that the problem is no more than its status, and the title is the status phrase (RFC 9457, 4.2.1).
  return { type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, detail, ...members }
}
