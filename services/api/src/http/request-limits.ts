/** Refuses requests that no client of this api has a reason to send. */
import type { RequestHandler } from 'express'
import { sendProblem } from './problem.ts'

/** A hundred ids of /paths are half of it. */
const URL_CHARACTERS_MAX = 8_192

export const requestLimits: RequestHandler = (req, res, next) => {
  if (req.url.length > URL_CHARACTERS_MAX) {
    return sendProblem(res, { status: 414, detail: `An address may have ${URL_CHARACTERS_MAX} characters.` })
  }
  // RFC 9112, 3.2. Node would refuse it too, but without a word.
  if (req.httpVersion === '1.1' && req.headers.host === undefined) {
    return sendProblem(res, { status: 400, detail: 'A request needs a Host.' })
  }
  next()
}
