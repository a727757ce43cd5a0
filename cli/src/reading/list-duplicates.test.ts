/** Shows which files are listed as duplicates, for people and for programs. The program itself, on a database of the test. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { openFeedWriter } from '../../../test/support/feed-writer.ts'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'

const MAIN = join(import.meta.dirname, '../main.ts')
const MIB = 1024 * 1024
const [A, B, C] = ['a', 'b', 'c'].map((letter) => letter.repeat(32))

function feedOf(t: TestContext) {
  const folder = temporaryFolder(t)
  const config = join(folder, 'server.yaml')
  writeFileSync(config, 'database_url: feed.db\nwatches: {media: /mnt/media}\n')
  const feed = openFeedWriter(join(folder, 'feed.db'))
  t.after(() => feed.close())
  feed.watch('media', '/mnt/media')
  feed.put({ id: 'media', isDirectory: true })
  const setInode = feed.sqlite.prepare('UPDATE nodes SET inode = ? WHERE node_id = ?')
  const put = (id: string, parentId: string, { hash = '', size = 0, inode = id }) => {
    feed.put({ id, parentId, hash, size })
    setInode.run(inode, id)
  }
  const list = (...options: string[]) => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [MAIN, 'duplicates', `--config=${config}`, ...options],
      { encoding: 'utf8' },
    )
    assert.deepEqual([status, stderr], [0, ''])
    return stdout
  }
  return { feed, put, list }
}

test('files with equal content are listed, the most wasteful first; links, empty files and unread ones are none', (t) => {
  const { feed, put, list } = feedOf(t)
  assert.equal(list(), 'No duplicates.\n')
  feed.put({ id: 'films', parentId: 'media', isDirectory: true })
  for (const [id, parentId] of [
    ['one', 'media'],
    ['two', 'films'],
  ] as const) {
    put(id, parentId, { hash: A, size: 10 })
    put(`${id}-large`, parentId, { hash: B, size: MIB })
    put(`${id}-link`, parentId, { hash: C, size: 7, inode: 'same' })
    put(`${id}-empty`, parentId, { hash: 'd'.repeat(32) })
    put(`${id}-unread`, parentId, { size: 5 })
  }
  const expected = `1.00 MiB could be freed: 2 files of 1.00 MiB
  /mnt/media/films/two-large
  /mnt/media/one-large
10 B could be freed: 2 files of 10 B
  /mnt/media/films/two
  /mnt/media/one
1.00 MiB could be freed in all.
`
  assert.equal(list(), expected)
  const [first = ''] = list('--json').split('\n')
  assert.deepEqual(JSON.parse(first), {
    ...{ hash: B, size: MIB, wasted: MIB },
    paths: ['/mnt/media/films/two-large', '/mnt/media/one-large'],
  })
})

test('a damaged database in which folders go round in circles is listed to its end', (t) => {
  const { feed, put, list } = feedOf(t)
  feed.put({ id: 'x', parentId: 'y', isDirectory: true })
  feed.put({ id: 'y', parentId: 'x', isDirectory: true })
  put('one', 'x', { hash: A, size: 10 })
  put('two', 'media', { hash: A, size: 10 })
  assert.equal(list(), '10 B could be freed: 2 files of 10 B\n  /mnt/media/two\n  one\n10 B could be freed in all.\n')
})
