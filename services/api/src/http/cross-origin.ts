/** Lets pages of other origins ask the api in a browser (CORS, WHATWG Fetch 3.2). */
import type { RequestHandler } from 'express'

const PREFLIGHT_SECONDS = 600
const ALLOW = 'Access-Control-Allow-Origin'

/**
 * What every answer to this origin carries, be it a refusal: without it a page is not even told the status.
 *
 * @param origins none leaves everything to browsers, which then keep other origins out; `*` is all
 * @param origin undefined where the request names none, or came to nothing before it could be read
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

/** Answers what a browser asks before it sends a request with headers of its own: that carries no token. */
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
