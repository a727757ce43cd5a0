/** Lets pages of other origins ask the api in a browser (CORS, WHATWG Fetch 3.2). */
import type { RequestHandler } from 'express'

const PREFLIGHT_SECONDS = 600

/** @param origins none leaves everything to browsers, which then keep other origins out; `*` is all */
export function crossOrigin(origins: readonly string[]): RequestHandler {
  if (origins.length === 0) return (_req, _res, next) => next()
  const isOpen = origins.includes('*')
  return (req, res, next) => {
    const origin = req.get('Origin')
    if (!isOpen) res.vary('Origin')
    if (origin === undefined || !(isOpen || origins.includes(origin))) return next()
    res.set('Access-Control-Allow-Origin', isOpen ? '*' : origin)
    res.set('Access-Control-Expose-Headers', 'ETag, Feed-Epoch, Feed-Head, Retry-After, X-Request-Id')
    if (req.method !== 'OPTIONS' || req.get('Access-Control-Request-Method') === undefined) return next()
    res.set({
      'Access-Control-Allow-Methods': 'GET, HEAD',
      'Access-Control-Allow-Headers': 'Authorization, If-None-Match, Last-Event-ID, X-Request-Id',
      'Access-Control-Max-Age': String(PREFLIGHT_SECONDS),
    })
    res.status(204).end()
  }
}
