import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import { openReader } from '@drive-feed/shared/open-database.ts'
import pino from 'pino'
import { type AppDeps, createApp } from '../app.ts'
import { createDatabaseSigns } from '../feed/database-signs.ts'
import { createDatabaseSource, type DatabaseSource } from '../feed/database-source.ts'
import { createConnections } from '../http/connections.ts'
import { listen, stop } from '../http/http-server.ts'
import { createFeedWatch, type FeedWatch } from '../waiting/feed-watch.ts'

export type ServedFeed = {
  readonly watch: FeedWatch
  readonly url: string
  /** Lines of the log. */
  readonly log: readonly { readonly level: number; readonly msg: string; readonly req?: { id: string; url: string } }[]
}

/** What a test may want smaller than it is. */
export type ServeOptions = {
  readonly seats?: number
  readonly heartbeatMs?: number
  readonly slowReaderMs?: number
  readonly maxConnections?: number
  readonly nowMs?: () => number
  readonly level?: 'debug' | 'info'
  readonly access?: Partial<AppDeps['access']>
  /** Instead of what opens the database. */
  readonly openFile?: typeof openReader
  /** What lies between the app and the database. */
  readonly through?: (database: DatabaseSource) => DatabaseSource
}

/** The app on a free port, until the test is over. */
export async function serveFeed(t: TestContext, path: string, options: ServeOptions = {}): Promise<ServedFeed> {
  const { seats = 100, heartbeatMs = 15_000, slowReaderMs = 30_000, maxConnections = 1_000 } = options
  const log: ServedFeed['log'][number][] = []
  const logger = pino({ level: options.level ?? 'info' }, { write: (line: string) => void log.push(JSON.parse(line)) })
  const { openFile = openReader, through = (source: DatabaseSource) => source } = options
  const database = through(createDatabaseSource(path, logger, { openFile }))
  const watch = createFeedWatch(path, database, seats)
  const access = { apiToken: null, allowedHosts: [], corsOrigins: [], ...options.access }
  const nowMs = options.nowMs ?? Date.now
  const connections = createConnections({ maxConnections, logger })
  const { limits } = connections
  const app = createApp({
    database,
    signs: createDatabaseSigns(path),
    watch,
    limits,
    timing: { heartbeatMs, slowReaderMs },
    logger,
    nowMs,
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
