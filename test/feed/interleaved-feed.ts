/** The real store of the indexer and the real app of the api on one file, with writes between any two reads of the api. */
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import type { FeedDatabase } from '@drive-feed/shared/open-database.ts'
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'
import pino from 'pino'
import { createApp } from '../../services/api/src/app.ts'
import { createDatabaseSource, type DatabaseSource, type Reading } from '../../services/api/src/feed/database-source.ts'
import type { Queries } from '../../services/api/src/feed/queries.ts'
import { createConnections } from '../../services/api/src/http/connections.ts'
import { listen, stop } from '../../services/api/src/http/http-server.ts'
import { createFeedWatch } from '../../services/api/src/waiting/feed-watch.ts'
import type { Store } from '../../services/indexer/src/store/store.ts'
import { openStore } from '../support/open-store.ts'

export type InterleavedFeed = {
  readonly db: FeedDatabase
  readonly store: Store
  /** Where the app answers. */
  readonly url: string
  /** Called before each read of the app, until the next call. */
  readonly beforeEachRead: (work: () => void) => void
  /** Removes all nodes and all changes; cursors go on from where they are. */
  readonly clear: () => void
}

/** @param rowsARead what the app gets from one read at most; null leaves that to the app */
export async function openInterleavedFeed(t: TestContext, rowsARead: number | null): Promise<InterleavedFeed> {
  const { db, store } = openStore(t)
  const logger = pino({ level: 'silent' })
  const source = createDatabaseSource(db.sqlite.name, logger)
  let work = () => {}
  const database = interrupted(source, rowsARead, () => work())
  const watch = createFeedWatch(db.sqlite.name, database, 100)
  const timing = { heartbeatMs: 15_000, slowReaderMs: 30_000 }
  const access = { apiToken: null, allowedHosts: [], corsOrigins: [] }
  const connections = createConnections({ maxConnections: 1_000, logger })
  const app = createApp({
    database,
    signs: { walBytes: () => 0, note: () => null },
    watch,
    limits: connections.limits,
    timing,
    logger,
    nowMs: Date.now,
    access,
  })
  const server = await listen(app, { host: '127.0.0.1', port: 0, corsOrigins: [] }, connections)
  t.after(async () => {
    watch.close()
    server.closeAllConnections()
    await stop(server, connections)
    source.close()
  })
  const clearNodes = db.sqlite.prepare('DELETE FROM nodes WHERE node_id <> ?')
  return {
    db,
    store,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    beforeEachRead: (next) => {
      work = next
    },
    clear: () => {
      clearNodes.run(SUPER_ROOT_ID)
      db.sqlite.exec('DELETE FROM changes')
    },
  }
}

/** A read sees one state of the file, so what happens between reads is all that can happen to an answer. */
function interrupted(source: DatabaseSource, rowsARead: number | null, work: () => void): DatabaseSource {
  const small = (queries: Queries): Queries => ({
    ...queries,
    visibleChanges: (stretch) =>
      queries.visibleChanges({ ...stretch, limit: Math.min(stretch.limit, rowsARead ?? stretch.limit) }),
  })
  const interruptedOf = (reading: Reading): Reading => ({
    ...reading,
    read: (query) => {
      work()
      return reading.read((queries) => query(small(queries)))
    },
  })
  // One for each, because it also tells one database from another.
  const known = new WeakMap<Reading, Reading>()
  return {
    ...source,
    open: () => {
      const reading = source.open()
      const wrapped = known.get(reading) ?? interruptedOf(reading)
      known.set(reading, wrapped)
      return wrapped
    },
  }
}
