/** The api's app in the process of the test, on a real socket. */
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { openReader } from '@drive-feed/shared/open-database.ts'
import pino from 'pino'
import { type AppDeps, createApp } from '../../services/api/src/app.ts'
import { createDatabaseSigns } from '../../services/api/src/feed/database-signs.ts'
import { createDatabaseSource, type DatabaseSource } from '../../services/api/src/feed/database-source.ts'
import { createConnections } from '../../services/api/src/http/connections.ts'
import { listen, stop } from '../../services/api/src/http/http-server.ts'
import { createFeedWatch, type FeedWatch } from '../../services/api/src/waiting/feed-watch.ts'

export type ServedFeed = {
  readonly watch: FeedWatch
  /** Where the routes are, as `http://127.0.0.1:8080/api/v1`. */
  readonly url: string
  /** Lines of the log. */
  readonly log: readonly { readonly level: number; readonly msg: string; readonly req?: { id: string; url: string } }[]
}

/** Limits and times that a test may make smaller, and parts that it may replace. */
export type ServeOptions = {
  readonly seats?: number
  readonly heartbeatMs?: number
  readonly slowReaderMs?: number
  readonly maxConnections?: number
  readonly nowMs?: () => number
  readonly level?: 'debug' | 'info'
  readonly access?: Partial<AppDeps['access']>
  /** Opens the database. */
  readonly openFile?: typeof openReader
  /** Stands between the app and the database. */
  readonly through?: (database: DatabaseSource) => DatabaseSource
}

/** Serves the database at the path on a free port until the test ends. */
export async function serveFeed(t: TestContext, path: string, options: ServeOptions = {}): Promise<ServedFeed> {
  const { seats = 100, heartbeatMs = 15_000, slowReaderMs = 30_000, maxConnections = 1_000 } = options
  const log: ServedFeed['log'][number][] = []
  const logger = pino({ level: options.level ?? 'info' }, { write: (line: string) => void log.push(JSON.parse(line)) })
  const { openFile = openReader, through = (source: DatabaseSource) => source } = options
  const database = through(createDatabaseSource(path, logger, { openFile }))
  const watch = createFeedWatch(path, database, seats)
  const access = { apiToken: null, allowedHosts: [], corsOrigins: [], ...options.access }
  const connections = createConnections({ maxConnections, logger })
  const app = createApp({
    database,
    signs: createDatabaseSigns(path),
    watch,
    limits: connections.limits,
    timing: { heartbeatMs, slowReaderMs },
    logger,
    nowMs: options.nowMs ?? Date.now,
    access,
  })
  const server = await listen(app, { host: '127.0.0.1', port: 0, corsOrigins: access.corsOrigins }, connections)
  t.after(async () => {
    watch.close()
    server.closeAllConnections()
    await stop(server, connections)
    database.close()
  })
  return { watch, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/v1`, log }
}
