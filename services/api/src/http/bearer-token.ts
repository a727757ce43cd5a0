/** The one token that clients have to send, if there is one (RFC 6750). */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { RequestHandler } from 'express'
import { isAtPath } from './at-path.ts'
import { sendProblem } from './problem.ts'

/** @param openPaths where nobody is asked for it */
export function bearerToken(token: string | null, openPaths: readonly string[]): RequestHandler {
  if (token === null) return (_req, _res, next) => next()
  const expected = digest(token)
  return (req, res, next) => {
    const [, given] = /^Bearer +(\S+) *$/i.exec(req.get('Authorization') ?? '') ?? []
    // Digests are of one length, and comparing them takes the same time wherever they differ.
    if (isAtPath(req, openPaths) || (given !== undefined && timingSafeEqual(digest(given), expected))) return next()
    res.set('WWW-Authenticate', given === undefined ? 'Bearer' : 'Bearer error="invalid_token"')
    sendProblem(res, { status: 401, detail: 'Send the api_token of the config, as in "Authorization: Bearer TOKEN".' })
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
