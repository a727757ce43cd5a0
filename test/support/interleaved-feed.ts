/** The indexer's store and the api's app on one database, with writes between any two reads of the app. */
import type { TestContext } from 'node:test'
import type { FeedDatabase } from '@drive-feed/shared/open-database.ts'
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'
import type { DatabaseSource } from '../../services/api/src/feed/database-source.ts'
import type { Queries } from '../../services/api/src/feed/queries.ts'
import type { Store } from '../../services/indexer/src/store/store.ts'
import { openStore } from './open-store.ts'
import { serveFeed } from './serve-feed.ts'
import { wrappedReadings } from './wrapped-readings.ts'

export type InterleavedFeed = {
  readonly db: FeedDatabase
  readonly store: Store
  /** Where the app answers, as `http://127.0.0.1:8080`. */
  readonly url: string
  /** Calls this before each read of the app, until the next call. */
  readonly beforeEachRead: (work: () => void) => void
  /** Removes all nodes and all changes. Cursors go on growing. */
  readonly clear: () => void
}

/** @param rowsARead how many rows one read of the app gets at most; null leaves that to the app */
export async function openInterleavedFeed(t: TestContext, rowsARead: number | null): Promise<InterleavedFeed> {
  const { db, store } = openStore(t)
  let work = () => {}
  const through = (source: DatabaseSource) => interrupted(source, rowsARead, () => work())
  const { url } = await serveFeed(t, db.sqlite.name, { through })
  const clearNodes = db.sqlite.prepare('DELETE FROM nodes WHERE node_id <> ?')
  return {
    db,
    store,
    url: new URL(url).origin,
    beforeEachRead: (next) => {
      work = next
    },
    clear: () => {
      clearNodes.run(SUPER_ROOT_ID)
      db.sqlite.exec('DELETE FROM changes')
    },
  }
}

/** Writes between reads, since each read sees one state of the database. */
function interrupted(source: DatabaseSource, rowsARead: number | null, work: () => void): DatabaseSource {
  const small = (queries: Queries): Queries => ({
    ...queries,
    visibleIds: (stretch) =>
      queries.visibleIds({ ...stretch, limit: Math.min(stretch.limit, rowsARead ?? stretch.limit) }),
    visibleChanges: (stretch) =>
      queries.visibleChanges({ ...stretch, limit: Math.min(stretch.limit, rowsARead ?? stretch.limit) }),
  })
  return wrappedReadings(source, (reading) => ({
    ...reading,
    read: (query) => {
      work()
      return reading.read((queries) => query(small(queries)))
    },
  }))
}
