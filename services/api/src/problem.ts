/** Errors on the wire: RFC 9457, Problem Details for HTTP APIs. */
import { STATUS_CODES } from 'node:http'
import type { Response } from 'express'

/** Answers with `application/problem+json`. `detail` is a sentence for the person who writes the client. */
export function sendProblem(res: Response, status: number, detail: string): void {
  // "about:blank": the status says it all, and the title is its phrase (RFC 9457, 4.2.1).
  res.status(status).type('application/problem+json')
  res.json({ type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, detail })
}
