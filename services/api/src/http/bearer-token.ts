/** No authentication unless `api_token` is set; then clients have to send it as a bearer token (RFC 6750). */
import { createHash, timingSafeEqual } from 'node:crypto'
import type { RequestHandler } from 'express'
import { NO_TOKEN } from '../wire/refusals.ts'
import { isAtPath } from './at-path.ts'
import { sendProblem } from './problem.ts'

/** @param openPaths paths that need no token */
export function bearerToken(token: string | null, openPaths: readonly string[]): RequestHandler {
  if (token === null) return (_req, _res, next) => next()
  const expected = digest(token)
  return (req, res, next) => {
    const [, given] = /^Bearer +(\S+) *$/i.exec(req.get('Authorization') ?? '') ?? []
    // Digests have equal lengths, and `timingSafeEqual` takes the same time wherever they differ.
    if (isAtPath(req, openPaths) || (given !== undefined && timingSafeEqual(digest(given), expected))) return next()
    res.set('WWW-Authenticate', given === undefined ? 'Bearer' : 'Bearer error="invalid_token"')
    sendProblem(res, NO_TOKEN)
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
