/** Counts the statements that a page of the log takes, on a real database. */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { drizzle } from '@drive-feed/shared/drizzle.ts'
import { openFeedWriter } from '../../../../test/support/feed-writer.ts'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { createQueries } from './queries.ts'

const ROWS = 1_000
/** More rows than are kept. */
const LATER = 5_000

/** A feed whose first rows are none of the newest, and the statements that were run since. */
function countedFeed(t: TestContext) {
  const feed = openFeedWriter(join(temporaryFolder(t), 'feed.db'))
  t.after(() => feed.close())
  const insert = feed.sqlite.transaction(() => {
    for (let n = 0; n < ROWS + LATER; n += 1) feed.put({ id: `n${n}` })
  })
  insert()
  const runs: string[] = []
  const prepare = feed.sqlite.prepare.bind(feed.sqlite)
  t.mock.method(feed.sqlite, 'prepare', (source: string) => {
    const statement = prepare(source)
    for (const method of ['get', 'all'] as const) {
      const run = statement[method].bind(statement)
      statement[method] = (...values: unknown[]) => {
        runs.push(source)
        return run(...values) as never
      }
    }
    return statement
  })
  const queries = createQueries(drizzle(feed.sqlite))
  const readPage = () => {
    const stretch = { after: 0, upTo: queries.head(), cursor: 0, limit: ROWS }
    runs.length = 0
    const { ids } = queries.visibleIds(stretch)
    return { ids, page: queries.plainChanges(ids, stretch) }
  }
  return { feed, runs, readPage }
}

test('a page of the log takes one statement for its numbers and three for each 256 changes', (t) => {
  const { runs, readPage } = countedFeed(t)
  const { ids, page } = readPage()
  assert.equal(ids.length, ROWS)
  assert.equal(runs.length, 1 + 3 * Math.ceil(ROWS / 256))
  assert.equal(page.length, Math.ceil(ROWS / 256), 'and no change is an object')
})

test('where nodes stand elsewhere in the file, only those are looked up', (t) => {
  const { feed, runs, readPage } = countedFeed(t)
  // A row that takes the place of another one in the log.
  feed.sqlite.exec(`
    DELETE FROM changes WHERE change_id IN (500, 5000);
    INSERT INTO changes (change_id, node_id, is_removed, first_change_id) VALUES (500, 'n4999', 0, 1);
    UPDATE nodes SET change_id = 500 WHERE node_id = 'n4999'; DELETE FROM nodes WHERE node_id = 'n499'`)
  const { page } = readPage()
  const lookedUp = runs.filter((source) => /left join "nodes"/.test(source))
  assert.equal(lookedUp.length, 1)
  const shown = page.flatMap((one) => ('json' in one ? [`[${one.json}]`] : [`[${one.shown}]`]))
  const ids = shown.flatMap((text) => (JSON.parse(text) as { node: { id: string } }[]).map(({ node }) => node.id))
  assert.deepEqual(
    ids,
    Array.from({ length: ROWS }, (_, at) => (at === 499 ? 'n4999' : `n${at}`)),
  )
})
