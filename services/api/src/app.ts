/** The api as an Express app. It knows nothing of the process around it. */
import express, { type Express, type RequestHandler } from 'express'
import type { Logger } from 'pino'
import type { DatabaseSource } from './database-source.ts'
import { failure } from './failure.ts'
import { sendProblem } from './problem.ts'
import { requestLog } from './request-log.ts'
import { changesRoute } from './routes/changes.ts'
import { cursorRoute } from './routes/cursor.ts'
import { nodePathRoute } from './routes/node-path.ts'
import { rootRoute } from './routes/root.ts'

export function createApp({ database, logger }: { database: DatabaseSource; logger: Logger }): Express {
  const app = express()
  app.disable('x-powered-by')
  // An ETag needs the whole answer in memory, and no two answers of a feed are worth comparing.
  app.disable('etag')
  app.enable('case sensitive routing')
  app.use(requestLog(logger), neverCached)

  app.route('/api/v1/cursor').get(cursorRoute(database)).all(wrongMethod)
  app.route('/api/v1/changes').get(changesRoute(database)).all(wrongMethod)
  app.route('/api/v1/root').get(rootRoute(database)).all(wrongMethod)
  app.route('/api/v1/nodes/:id/path').get(nodePathRoute(database)).all(wrongMethod)

  app.use(noSuchRoute)
  app.use(failure)
  return app
}

const neverCached: RequestHandler = (_req, res, next) => {
  res.set('Cache-Control', 'no-store')
  next()
}

/** Express answers HEAD with the GET handlers. */
const wrongMethod: RequestHandler = (req, res) => {
  res.set('Allow', 'GET, HEAD')
  sendProblem(res, 405, `${req.method} is not possible here; this api only reads.`)
}

const noSuchRoute: RequestHandler = (_req, res) => sendProblem(res, 404, 'There is nothing at this address.')
