/** Errors on the wire: RFC 9457, Problem Details for HTTP APIs. */
import { STATUS_CODES } from 'node:http'
import type { Response } from 'express'
import type { Answer } from '../wire/answers.ts'
import { isForEvents, sendEndedStream } from './event-stream.ts'

/**
 * What a route answers instead of what was asked for. `detail` is a sentence for the person who writes the client;
 * `members` are further keys of the problem.
 */
export type Refusal = {
  readonly status: number
  readonly detail: string
  readonly members?: Readonly<Record<string, unknown>>
}

const RETRY_AFTER_SECONDS = 2

/** Answers with `application/problem+json`; where events are asked for and only the moment is wrong, with no event. */
export function sendProblem(res: Response, refusal: Refusal): void {
  // An error is about this moment: nothing of it is kept, and no tag compares it with anything.
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
  // "about:blank": the status says it all, and the title is its phrase (RFC 9457, 4.2.1).
  return { type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, detail, ...members }
}
