/** Provides a feed for each of many random histories. */
import { join } from 'node:path'
import pino from 'pino'
import { createDatabaseSource, type Reading } from '../../services/api/src/feed/database-source.ts'
import { type FeedWriter, openFeedWriter } from './feed-writer.ts'
import { inTemporaryFolder } from './temporary-folder.ts'

/** Runs the history on a new database of its own. */
export function inFeed(run: (feed: FeedWriter, reading: Reading) => Promise<void>): Promise<void> {
  return inTemporaryFolder(async (folder) => {
    const path = join(folder, 'feed.db')
    const feed = openFeedWriter(path)
    const source = createDatabaseSource(path, pino({ level: 'silent' }))
    try {
      await run(feed, source.open())
    } finally {
      source.close()
      feed.close()
    }
  })
}
