/** The api as an Express app. It knows nothing of the process around it. */
import { VERSION } from '@drive-feed/shared/version.ts'
import express, { type Express, type RequestHandler } from 'express'
import type { Logger } from 'pino'
import type { DatabaseSigns } from './feed/database-signs.ts'
import type { DatabaseSource } from './feed/database-source.ts'
import { allowedHosts } from './http/allowed-hosts.ts'
import { bearerToken } from './http/bearer-token.ts'
import type { ConnectionLimits } from './http/connection-limits.ts'
import { crossOrigin, preflight } from './http/cross-origin.ts'
import { failure } from './http/failure.ts'
import { onlyHealth } from './http/only-health.ts'
import { sendProblem } from './http/problem.ts'
import { createRequestCounts } from './http/request-counts.ts'
import { oneHost, parseQuery, requestLimits } from './http/request-limits.ts'
import { requestLog } from './http/request-log.ts'
import { changesRoute } from './routes/changes.ts'
import { cursorRoute } from './routes/cursor.ts'
import { eventsRoute } from './routes/events.ts'
import type { EventTiming } from './routes/follow-events.ts'
import { healthRoute } from './routes/health.ts'
import { metricsRoute } from './routes/metrics.ts'
import { nodeRoute } from './routes/node.ts'
import { nodeChildrenRoute } from './routes/node-children.ts'
import { nodePathRoute } from './routes/node-path.ts'
import { nodesRoute } from './routes/nodes.ts'
import { openApiRoute } from './routes/openapi.ts'
import { pathsRoute } from './routes/paths.ts'
import { readinessRoute } from './routes/readiness.ts'
import { rootRoute } from './routes/root.ts'
import type { Route } from './routes/route.ts'
import { statusRoute } from './routes/status.ts'
import type { FeedWatch } from './waiting/feed-watch.ts'

export type AppDeps = {
  readonly database: DatabaseSource
  readonly signs: DatabaseSigns
  readonly watch: FeedWatch
  readonly limits: ConnectionLimits
  readonly timing: EventTiming
  readonly logger: Logger
  /** Milliseconds since 1970. */
  readonly nowMs: () => number
  readonly access: {
    readonly apiToken: string | null
    readonly allowedHosts: readonly string[]
    readonly corsOrigins: readonly string[]
  }
}

export function createApp(deps: AppDeps): Express {
  const { database, signs, watch, limits, nowMs, access } = deps
  const requests = createRequestCounts()
  const api = () => ({
    version: VERSION,
    uptimeSeconds: Math.round(process.uptime()),
    clientsWaiting: watch.seatsTaken(),
  })
  const routes: readonly Route[] = [
    cursorRoute(database),
    changesRoute(deps),
    eventsRoute(deps),
    rootRoute(database),
    nodesRoute(database),
    nodeRoute(database),
    nodePathRoute(database),
    nodeChildrenRoute(database),
    pathsRoute(database),
    statusRoute({ database, signs, api, nowMs }),
    healthRoute(),
    readinessRoute(deps),
    metricsRoute({ database, signs, api, requests, limits, nowMs }),
  ]
  const openPaths = routes.filter((route) => route.isAboutProcess).map((route) => route.path)

  const app = express()
  app.disable('x-powered-by')
  // `feed-headers.ts` derives the tag from the head of the log; Express would hash the whole answer.
  app.disable('etag')
  app.enable('case sensitive routing')
  app.set('query parser', parseQuery)
  app.use(requestLog(deps.logger), requests.handler, revalidated)
  // Before anything that refuses, so that a page of another origin can read what was wrong.
  app.use(crossOrigin(access.corsOrigins), oneHost, preflight, onlyHealth(limits, openPaths))
  app.use(allowedHosts(access.allowedHosts), requestLimits, bearerToken(access.apiToken, openPaths))
  for (const { path, handler } of [...routes, openApiRoute(routes, { needsToken: access.apiToken !== null })]) {
    app.route(expressPath(path)).get(handler).all(wrongMethod)
  }
  app.use(noSuchRoute)
  app.use(failure)
  return app
}

function expressPath(path: string): '/:id' {
  return path.replace('{id}', ':id') as '/:id'
}

/** Caches must revalidate before reuse. */
const revalidated: RequestHandler = (_req, res, next) => {
  res.set('Cache-Control', 'no-cache')
  next()
}

/** HEAD is allowed: Express answers it with the GET handler. */
const wrongMethod: RequestHandler = (req, res) => {
  res.set('Allow', 'GET, HEAD')
  sendProblem(res, { status: 405, detail: `${req.method} is not possible here; this api only reads.` })
}

const noSuchRoute: RequestHandler = (_req, res) => {
  sendProblem(res, { status: 404, detail: 'There is nothing at this address.' })
}
