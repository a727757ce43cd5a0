/** Counts the answers by route and status. */
import type { RequestHandler } from 'express'

export type RequestCount = { readonly route: string; readonly status: number; count: number; seconds: number }

export type RequestCounts = { readonly handler: RequestHandler; readonly all: () => readonly RequestCount[] }

/** Bounded by the number of routes and statuses: all unknown addresses count as one route, `none`. */
export function createRequestCounts(): RequestCounts {
  const counts = new Map<string, RequestCount>()
  const add = (route: string, status: number, seconds: number) => {
    const key = `${route} ${status}`
    const count = counts.get(key) ?? { route, status, count: 0, seconds: 0 }
    count.count += 1
    count.seconds += seconds
    counts.set(key, count)
  }
  return {
    handler: (req, res, next) => {
      const startedMs = performance.now()
      res.once('close', () => {
        const route = (req.route as { path: string } | undefined)?.path ?? 'none'
        add(route, res.statusCode, (performance.now() - startedMs) / 1_000)
      })
      next()
    },
    all: () => [...counts.values()],
  }
}
