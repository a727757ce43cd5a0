/**
 * Shows that every statement follows an index, by SQLite's own query plan, and that numbers beyond a double survive. On
 * a real database.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { drizzle } from 'drizzle-orm/better-sqlite3'
import { openFeedWriter } from '../../../../test/support/feed-writer.ts'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { createQueries } from './queries.ts'
import type { WireRow } from './wire-row.ts'

function emptyFeed(t: TestContext) {
  const feed = openFeedWriter(join(temporaryFolder(t), 'feed.db'))
  t.after(() => feed.close())
  return feed
}

test('every statement follows an index, so that its cost is that of its page', (t) => {
  const feed = emptyFeed(t)
  const statements: string[] = []
  const prepare = feed.sqlite.prepare.bind(feed.sqlite)
  t.mock.method(feed.sqlite, 'prepare', (source: string) => {
    statements.push(source)
    return prepare(source)
  })
  createQueries(drizzle(feed.sqlite))

  assert.equal(statements.length, 23)
  for (const source of statements) {
    const parameters = Array.from(source.matchAll(/\?/g), () => 1)
    const plan = prepare(`EXPLAIN QUERY PLAN ${source}`).all(...parameters) as { detail: string }[]
    const details = plan.map((step) => step.detail).join('\n')
    // A handful of watched folders, what is not well and tables of one row need no index.
    assert.doesNotMatch(details, /SCAN (changes|nodes)/, `${source}\n${details}`)
    const isRange = /rowid BETWEEN/.test(source)
    // Of a range, which is short, the rows are sorted.
    if (isRange) assert.match(details, /SEARCH nodes USING INTEGER PRIMARY KEY \(rowid>\? AND rowid<\?\)/)
    else if (/from "(changes|nodes)"/.test(source)) assert.doesNotMatch(details, /TEMP B-TREE/, source)
    if (/from "changes" .*"change_id" >/.test(source)) {
      assert.match(details, /SEARCH changes USING INTEGER PRIMARY KEY \(rowid>\? AND rowid<\?\)/)
    }
    if (isRange || /"changes"."change_id" = \?/.test(source)) {
      assert.match(details, /SEARCH changes USING INTEGER PRIMARY KEY \(rowid=\?\)/)
    }
    if (/left join "nodes"/.test(source)) assert.match(details, /SEARCH nodes USING INDEX \S+ \(node_id=\?\)/)
    if (/order by "nodes"."name"/.test(source)) {
      // Where the page before ended is where the next one starts: nothing before it is read.
      assert.match(details, /SEARCH nodes USING INDEX nodes_by_place \(parent_id=\? AND name>\?\)/)
    }
    if (/order by nodes.rowid/.test(source)) {
      assert.match(details, /SEARCH nodes USING INDEX nodes_by_hash \(hash=\? AND rowid>\?\)/)
    }
  }
})

test('the head does not go back when the last changes are gone from the log (I5)', (t) => {
  const feed = emptyFeed(t)
  const queries = createQueries(drizzle(feed.sqlite))
  assert.equal(queries.head(), 0)
  feed.put({ id: 'a' })
  feed.put({ id: 'b' })
  feed.sqlite.exec('DELETE FROM changes')
  assert.equal(queries.head(), 2)
})

test('a time that a double does not hold comes whole, a size is rounded, and neither is refused', (t) => {
  const feed = emptyFeed(t)
  feed.put({ id: 'a' })
  feed.sqlite.exec("UPDATE nodes SET mtime = 9000000000000000001, size = 9223372036854775807 WHERE node_id = 'a'")
  const queries = createQueries(drizzle(feed.sqlite))
  const { rows } = queries.visibleChanges({ after: 0, upTo: 1, cursor: 0, limit: 10 })
  const [row] = rows
  assert.ok(row !== undefined)
  const { mtime, size } = row.shown as WireRow
  assert.equal(mtime, '9000000000000000001')
  assert.equal(size, 2 ** 63)
})

test('each field of a row of the log is that of its column', (t) => {
  const feed = emptyFeed(t)
  feed.put({ id: 'top', isDirectory: true })
  feed.sqlite.exec(`
    INSERT INTO changes (change_id, node_id, is_removed, first_change_id) VALUES (7, 'gone', 1, 1), (8, 'a', 0, 2);
    INSERT INTO nodes (node_id, parent_id, name, is_directory, ctime, mtime, mime_type, hash, size, is_image, is_video, width,
      height, ms_duration, change_id, moved_change_id, former_kinds, device, inode, birth_time, metadata_state, metadata_due_ms)
    VALUES ('a', 'top', 'a.jpg', 0, 11, 12, 'image/jpeg', '', 13, 1, 0, 14, 15, 16, 8, 6, 2, '', '', 0, 'fresh', 0)`)
  const { rows } = createQueries(drizzle(feed.sqlite)).visibleChanges({ after: 6, upTo: 9, cursor: 9, limit: 9 })
  const none = { shown: null, node: null, movedChangeId: null, formerKinds: null, isPending: null }
  const shown =
    '{"removed":false,"node":{"id":"a","parent_id":"top","name":"a.jpg","is_directory":false,' +
    '"ctime":"1970-01-01T00:00:00.000011+00:00","mtime":"1970-01-01T00:00:00.000012+00:00","mime_type":"image/jpeg",' +
    '"hash":"","size":13,"is_image":true,"is_video":false,"width":14,"height":15,"ms_duration":16}}'
  assert.deepEqual(rows, [
    { changeId: 7, nodeId: 'gone', isRemoved: true, firstChangeId: 1, ...none },
    {
      changeId: 8,
      nodeId: 'a',
      isRemoved: false,
      firstChangeId: 2,
      shown,
      node: { parentId: 'top', name: 'a.jpg', isDirectory: false },
      movedChangeId: 6,
      formerKinds: 2,
      isPending: 1,
    },
  ])
})
