/** Shows what following a database tells: of changes, of its absence, and of another one in its place. */
import assert from 'node:assert/strict'
import { renameSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { feedFolder } from '../../../test/support/feed-folder.ts'
import { openFeedWriter } from '../../../test/support/feed-writer.ts'
import { followFeed } from './followed-feed.ts'

test('each change is told by its kind and path', async (t) => {
  const { databasePath, feed } = await feedFolder(t)
  feed.put({ id: 'old', parentId: 'media' })
  feed.put({ id: 'folder', parentId: 'media', isDirectory: true })
  const followed = followFeed(databasePath, assert.fail)
  t.after(() => followed.close())
  const told = () => followed.next().map(({ change, path }) => `${change} ${path}`)
  assert.deepEqual(told(), [])
  feed.put({ id: 'new', parentId: 'folder' })
  assert.deepEqual(told(), ['created /mnt/media/folder/new'])
  feed.put({ id: 'old', parentId: 'media', size: 5 })
  assert.deepEqual(told(), ['changed /mnt/media/old'])
  feed.move('folder', 'media', 'renamed')
  assert.deepEqual(told(), ['moved /mnt/media/renamed', 'moved /mnt/media/renamed/new'])
  feed.remove('old')
  feed.put({ id: 'short', parentId: 'media' })
  feed.remove('short')
  assert.equal(told().length, 1, 'what came and went since is nothing')
  feed.put({ id: 'old', parentId: 'media', name: 'with the same id' })
  feed.sqlite.exec("UPDATE nodes SET moved_change_id = change_id WHERE node_id = 'old'")
  assert.deepEqual(told(), ['created /mnt/media/with the same id'])
})

test('a database that is away, and another one in its place, are told once', async (t) => {
  const { databasePath, feed, folder } = await feedFolder(t)
  const said: string[] = []
  const followed = followFeed(databasePath, (line) => said.push(line))
  t.after(() => followed.close())
  const aside = join(folder, 'aside.db')
  for (const ending of ['', '-wal', '-shm']) renameSync(databasePath + ending, aside + ending)
  assert.deepEqual([followed.next(), followed.next(), said.length], [[], [], 1])
  assert.match(said[0] ?? '', /^waiting: database_url: .* can't be opened/)

  for (const ending of ['', '-wal', '-shm']) renameSync(aside + ending, databasePath + ending)
  feed.put({ id: 'meanwhile', parentId: 'media' })
  assert.deepEqual(
    followed.next().map(({ path }) => path),
    ['/mnt/media/meanwhile'],
  )
  assert.deepEqual(said.slice(1), ['the database can be read again'])

  for (const ending of ['', '-wal', '-shm']) renameSync(databasePath + ending, aside + ending)
  const other = openFeedWriter(databasePath)
  t.after(() => other.close())
  other.watch('media', '/mnt/other')
  other.put({ id: 'media', isDirectory: true })
  assert.deepEqual(followed.next(), [])
  assert.deepEqual(said.slice(2), ['another database is there now: its changes follow'])
  other.put({ id: 'its', parentId: 'media' })
  assert.deepEqual(
    followed.next().map(({ path }) => path),
    ['/mnt/other/its'],
  )
})
