import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { openFeedWriter } from './feed-writer.ts'
import { type ServeOptions, serveFeed } from './serve-feed.ts'
import { temporaryFolder } from './temporary-folder.ts'

/** Serves /mnt/media with photos/, photos/a.jpg and b.txt. c.txt was removed. The head is 6. */
export async function smallFeed(t: TestContext, options: ServeOptions = {}) {
  const path = join(temporaryFolder(t), 'feed.db')
  const feed = openFeedWriter(path)
  t.after(() => feed.close())
  feed.watch('media', '/mnt/media')
  feed.put({ id: 'media', isDirectory: true })
  feed.put({ id: 'photos', parentId: 'media', isDirectory: true })
  feed.put({ id: 'a', parentId: 'photos', name: 'ä "1".jpg', size: 5, mtime: 1_772_625_600_099_452 })
  feed.put({ id: 'c', parentId: 'media', name: 'c.txt' })
  feed.put({ id: 'b', parentId: 'media', name: 'b.txt' })
  feed.remove('c')
  const epoch = feed.sqlite.prepare('SELECT epoch FROM feed').pluck().get() as string
  return { path, feed, epoch, ...(await serveFeed(t, path, options)) }
}
