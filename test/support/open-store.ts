/** A store on a database file of its own, for one test. */
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type FeedDatabase, openWriter } from '@drive-feed/shared/open-database.ts'
import { createStore, type Store } from '../../services/indexer/src/store/store.ts'
import { temporaryFolder } from './temporary-folder.ts'

export function openStore(t: TestContext): { db: FeedDatabase; store: Store } {
  const db = openWriter(join(temporaryFolder(t), 'feed.db'))
  // Tests need no protection against power loss, and the disk is shared with other tests.
  db.sqlite.pragma('synchronous = OFF')
  t.after(() => db.sqlite.close())
  return { db, store: createStore(db, Date.now) }
}
