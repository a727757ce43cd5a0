/** Shows that rows that are kept for all clients are never older than the database, on a real one. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { drizzle } from '@drive-feed/shared/drizzle.ts'
import { openFeedWriter } from '../../../../test/support/feed-writer.ts'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { changeText } from '../wire/change-json.ts'
import type { ChangeRow } from './change-row.ts'
import { createQueries } from './queries.ts'
import { createRecentRows } from './recent-rows.ts'

function feedOf(t: TestContext) {
  const feed = openFeedWriter(join(temporaryFolder(t), 'feed.db'))
  t.after(() => feed.close())
  const queries = createQueries(drizzle(feed.sqlite))
  const read = (after = 0, mayBeKept = true) =>
    queries.visibleChanges({ after, upTo: queries.head(), cursor: after, limit: 100 }, mayBeKept).rows
  /** As one who has kept nothing reads it. */
  const readAnew = (after = 0) =>
    createQueries(drizzle(feed.sqlite)).visibleChanges({ after, upTo: queries.head(), cursor: after, limit: 100 }).rows
  return { feed, read, readAnew }
}

test('a row that did not change is the same object, and has the same text', (t) => {
  const { feed, read } = feedOf(t)
  feed.put({ id: 'a' })
  const [first] = read()
  feed.put({ id: 'b' })
  assert.equal(read()[0], read()[0])
  assert.equal(changeText(read()[0] as ChangeRow), changeText(first as ChangeRow))
})

test('only rows that are new are read, the others are kept', (t) => {
  const { feed, read } = feedOf(t)
  for (const id of ['a', 'b']) feed.put({ id })
  const before = read()
  feed.put({ id: 'c' })
  feed.remove('a')
  const after = read()
  assert.equal(after[0], before[1])
  assert.equal(read()[1], after[1])
})

test('what the indexer writes silently is seen, and what waits is read anew where that is asked', (t) => {
  const { feed, read, readAnew } = feedOf(t)
  for (const id of ['a', 'b']) feed.put({ id, hash: '' })
  read().map(changeText)
  feed.sqlite.exec("UPDATE nodes SET ctime = 5, mtime = 9000000000000000001, size = 5 WHERE node_id = 'b'")
  feed.sqlite.exec('UPDATE feed SET silent_writes = silent_writes + 1')
  assert.deepEqual(read(), readAnew())
  assert.deepEqual(read().map(changeText), readAnew().map(changeText))
  feed.sqlite.exec("UPDATE nodes SET metadata_state = 'fresh' WHERE node_id = 'b'")
  assert.deepEqual(
    read(0, false).map(({ isPending }) => isPending),
    [0, 1],
  )
})

test('a node that changes, goes, or comes again is never the one of before', (t) => {
  const { feed, read, readAnew } = feedOf(t)
  for (const id of ['a', 'b', 'c']) feed.put({ id })
  read()
  feed.put({ id: 'a', name: 'other' })
  feed.remove('b')
  assert.deepEqual(read(), readAnew())
  feed.put({ id: 'b', name: 'again' })
  assert.deepEqual(read(), readAnew())
  assert.deepEqual(read(2), readAnew(2))
})

test('the rows of another run of the feed are read anew', (t) => {
  const { feed, read, readAnew } = feedOf(t)
  feed.put({ id: 'a' })
  read()
  feed.sqlite.exec("UPDATE nodes SET name = 'of a copy' WHERE node_id = 'a'; UPDATE feed SET epoch = 'other'")
  assert.deepEqual(read(), readAnew())
})

test('a copy that is written into the file and goes on with the same numbers is read anew', (t) => {
  const { feed, read, readAnew } = feedOf(t)
  feed.put({ id: 'a' })
  feed.sqlite.exec("INSERT INTO runs (first_change_id, run_id) VALUES (2, 'one')")
  feed.put({ id: 'b' })
  read()
  feed.sqlite.exec(`DELETE FROM nodes WHERE node_id = 'b'; DELETE FROM changes WHERE node_id = 'b';
    UPDATE sqlite_sequence SET seq = 1 WHERE name = 'changes'; UPDATE runs SET run_id = 'two' WHERE first_change_id = 2`)
  feed.put({ id: 'c' })
  assert.deepEqual(read(), readAnew())
})

test('the oldest are forgotten', () => {
  const rows = createRecentRows(2)
  const row = (changeId: number) => ({ changeId, node: null }) as ChangeRow
  rows.keep([row(1), row(2), row(3)])
  assert.deepEqual(rows.find([1]), [])
  assert.equal(rows.find([3])?.length, 1)
})
