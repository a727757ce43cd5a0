import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { createDatabaseSource, type Reading } from '../feed/database-source.ts'
import { type FeedWriter, openFeedWriter } from './feed-writer.ts'

/** Runs something, such as a random history, on a new database of its own. */
export async function inFeed(run: (feed: FeedWriter, reading: Reading) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'drive-feed-api-'))
  const path = join(folder, 'feed.db')
  const feed = openFeedWriter(path)
  const source = createDatabaseSource(path, pino({ level: 'silent' }))
  try {
    await run(feed, source.open())
  } finally {
    source.close()
    feed.close()
    rmSync(folder, { recursive: true })
  }
}
