/** Lets pages of other origins use the api from a browser (CORS, WHATWG Fetch 3.2). */
import type { RequestHandler } from 'express'

const PREFLIGHT_SECONDS = 600
const ALLOW = 'Access-Control-Allow-Origin'

/**
 * The headers that every answer to this origin needs, refusals too: without them a page can't even read the status.
 *
 * @param origins an empty list allows no other origin; `*` allows all
 * @param origin undefined if the request names none, or failed before its headers were read
 */
export function crossOriginHeaders(origins: readonly string[], origin: string | undefined): Record<string, string> {
  if (origins.length === 0) return {}
  const allowed = origins.includes('*') ? '*' : origins.find((one) => one === origin)
  return {
    Vary: 'Origin',
    ...(allowed === undefined
      ? {}
      : {
          [ALLOW]: allowed,
          'Access-Control-Expose-Headers': 'ETag, Feed-Epoch, Feed-Head, Feed-Ignored, Retry-After, X-Request-Id',
        }),
  }
}

export function crossOrigin(origins: readonly string[]): RequestHandler {
  return (req, res, next) => {
    const { Vary, ...headers } = crossOriginHeaders(origins, req.get('Origin'))
    if (Vary !== undefined) res.vary(Vary)
    res.set(headers)
    next()
  }
}

/** Answers the preflight that a browser sends before a request with further headers. A preflight carries no token. */
export const preflight: RequestHandler = (req, res, next) => {
  const isPreflight = req.method === 'OPTIONS' && req.get('Origin') !== undefined
  if (!isPreflight || req.get('Access-Control-Request-Method') === undefined || !res.hasHeader(ALLOW)) return next()
  res.set({
    'Access-Control-Allow-Methods': 'GET, HEAD',
    'Access-Control-Allow-Headers': 'Authorization, If-None-Match, Last-Event-ID, X-Request-Id',
    'Access-Control-Max-Age': String(PREFLIGHT_SECONDS),
  })
  res.status(204).end()
}
