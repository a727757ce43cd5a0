import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { drizzle } from 'drizzle-orm/better-sqlite3'
import { createQueries } from './queries.ts'
import { openFeedWriter } from './test-support/feed-writer.ts'
import { tempFolder } from './test-support/temp-folder.ts'

function emptyFeed(t: TestContext) {
  const feed = openFeedWriter(join(tempFolder(t), 'feed.db'))
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

  assert.equal(statements.length, 6)
  for (const source of statements) {
    const parameters = Array.from(source.matchAll(/\?/g), () => 1)
    const plan = prepare(`EXPLAIN QUERY PLAN ${source}`).all(...parameters) as { detail: string }[]
    const details = plan.map((step) => step.detail).join('\n')
    // A handful of watched folders and the one row of sqlite_sequence need no index, nor does the climbed chain.
    assert.doesNotMatch(details, /SCAN (changes|nodes)/, `${source}\n${details}`)
    if (/from "changes"/.test(source)) {
      assert.match(details, /SEARCH changes USING INTEGER PRIMARY KEY \(rowid>\? AND rowid<\?\)/)
      assert.doesNotMatch(details, /TEMP B-TREE/)
    }
    if (/left join "nodes"/.test(source)) assert.match(details, /SEARCH nodes USING INDEX \S+ \(node_id=\?\)/)
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

test('climbing ends in a tree that is a circle', (t) => {
  const feed = emptyFeed(t)
  feed.put({ id: 'a', parentId: 'b', isDirectory: true })
  feed.put({ id: 'b', parentId: 'a', isDirectory: true })
  const queries = createQueries(drizzle(feed.sqlite))
  assert.equal(queries.ancestors('a').at(-1)?.rootPath, null)
})

test('a number above 2^53 in a row is rounded, not refused', (t) => {
  const feed = emptyFeed(t)
  feed.put({ id: 'a' })
  feed.sqlite.exec("UPDATE nodes SET mtime = 9000000000000000001, size = 9223372036854775807 WHERE node_id = 'a'")
  const queries = createQueries(drizzle(feed.sqlite))
  const { rows } = queries.visibleChanges({ after: 0, upTo: 1, cursor: 0, limit: 10 })
  assert.equal(rows[0]?.node?.mtime, 9_000_000_000_000_000_000)
  assert.equal(rows[0]?.node?.size, 2 ** 63)
})
