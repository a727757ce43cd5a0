/**
 * Shows I2 for filtered clients: random histories on a real database, read by clients that each see a part of the
 * nodes, must leave each with exactly that part.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'
import fc from 'fast-check'
import type { FeedWriter } from '../../../../test/support/feed-writer.ts'
import { inFeed } from '../../../../test/support/in-feed.ts'
import { singly } from '../../../../test/support/singly.ts'
import { findExtent, findFirst, readPages } from './changes-reader.ts'
import type { Reading } from './database-source.ts'
import type { View } from './view.ts'

type Row = { id: string; parentId: string; name: string; isDirectory: number; isPending: number }
type Client = { readonly view: View; cursor: number; readonly seen: Map<string, string> }

const VIEWS: readonly View[] = [
  { under: 'd0', type: null, isSettled: false, hasPaths: true },
  { under: 'd1', type: 'file', isSettled: true, hasPaths: true },
  { under: null, type: 'directory', isSettled: false, hasPaths: true },
  { under: null, type: null, isSettled: true, hasPaths: true },
]

const step = fc.record({
  kind: fc.constantFrom(
    'create',
    'create',
    'createFolder',
    'update',
    'settle',
    'move',
    'move',
    'remove',
    'page',
    'page',
  ),
  a: fc.nat(12),
  b: fc.nat(5),
})
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** With a watched folder. */
function inMedia(run: (feed: FeedWriter, reading: Reading) => Promise<void>): Promise<void> {
  return inFeed((feed, reading) => {
    feed.watch('media', '/mnt')
    feed.put({ id: 'media', isDirectory: true })
    return run(feed, reading)
  })
}

function rowsOf(feed: FeedWriter): Map<string, Row> {
  const rows = feed.sqlite
    .prepare(
      `SELECT node_id AS id, parent_id AS parentId, name, is_directory AS isDirectory,
         metadata_state = 'fresh' AS isPending
       FROM nodes WHERE node_id <> ?`,
    )
    .all(SUPER_ROOT_ID) as Row[]
  return new Map(rows.map((row) => [row.id, row]))
}

function write(feed: FeedWriter, { kind, a, b }: Step): void {
  const rows = rowsOf(feed)
  const folders = [...rows.values()].filter((row) => row.isDirectory).map((row) => row.id)
  const parentId = folders[b % folders.length] as string
  const id = `n${a}`
  const known = rows.get(id)
  if (kind === 'create' && known === undefined) feed.put({ id, parentId, isPending: true })
  if (kind === 'createFolder' && !rows.has(`d${b}`)) feed.put({ id: `d${b}`, parentId, isDirectory: true })
  if (kind === 'update' && known !== undefined) feed.put({ ...known, isDirectory: false, isPending: true })
  if (kind === 'settle' && known?.isPending === 1)
    feed.put({ ...known, isDirectory: false, isPending: false, hash: 'h' })
  const victim = [...rows.keys()].filter((one) => one !== 'media')[a % Math.max(rows.size - 1, 1)]
  if (victim === undefined) return
  if (kind === 'move' && !feed.isBelow(parentId, victim)) feed.move(victim, parentId, `m${b}`)
  if (kind === 'remove') feed.remove(victim)
}

/** The path of each node that belongs in the view, as the tables say, told without the code under test. */
function expected(feed: FeedWriter, view: View): Map<string, string> {
  const rows = rowsOf(feed)
  const shown = new Map<string, string>()
  for (const row of rows.values()) {
    const chain = [row]
    for (let above = rows.get(row.parentId); above !== undefined; above = rows.get(above.parentId)) chain.unshift(above)
    if (view.under !== null && !chain.some(({ id }) => id === view.under)) continue
    if (view.type !== null && (row.isDirectory === 1) !== (view.type === 'directory')) continue
    shown.set(row.id, ['/mnt', ...chain.slice(1).map(({ name }) => name)].join('/'))
  }
  return shown
}

/** One answer, written by hand as a client of the wire would apply it. */
async function takePage(feed: FeedWriter, reading: Reading, client: Client, maxSize: number | null): Promise<boolean> {
  const { view, cursor, seen } = client
  const head = feed.head()
  const extent = await findExtent(reading, { cursor, maxSize, view, head })
  const pages = readPages(reading, { cursor, upTo: extent.cursor, view, pageRows: 2 })
  const changes = singly(pages)
  assert.ok(maxSize === null || changes.length <= maxSize)
  assert.ok(extent.cursor >= cursor, 'I5: cursors only grow')
  if (maxSize !== null) {
    assert.equal(extent.hasMore, (await findFirst(reading, { ...extent, after: extent.cursor, head, view })).isFound)
    assert.ok(extent.hasMore ? changes.length === maxSize : extent.cursor === head, 'a page is full, or the last one')
  }
  for (const { nodeId, isRemoved, path } of changes) {
    if (isRemoved) seen.delete(nodeId)
    else seen.set(nodeId, String(path))
  }
  client.cursor = extent.cursor
  return extent.hasMore
}

test('I2: a client of a subtree, a type or of settled files ends with those that live, whenever it asks', async () => {
  const history = fc.array(step, { minLength: 10, maxLength: 90, size: 'max' })
  const property = fc.asyncProperty(history, fc.integer({ min: 1, max: 4 }), (steps, maxSize) =>
    inMedia(async (feed, reading) => {
      const clients = VIEWS.flatMap((view) => [1, 2].map((): Client => ({ view, cursor: 0, seen: new Map() })))
      for (const now of steps) {
        if (now.kind !== 'page') write(feed, now)
        else await takePage(feed, reading, clients[now.a % clients.length] as Client, now.b === 0 ? null : now.b)
      }
      // Those who leave out what is pending see it when it is settled.
      for (const { id, ...row } of rowsOf(feed).values()) {
        if (row.isPending) feed.put({ ...row, id, isDirectory: false, isPending: false, hash: 'h' })
      }
      for (const client of clients) {
        while (await takePage(feed, reading, client, maxSize)) {}
        const ends = [...client.seen].toSorted()
        assert.deepEqual(ends, [...expected(feed, client.view)].toSorted(), JSON.stringify(client.view))
      }
    }),
  )
  await fc.assert(property, { numRuns: 150 })
})

test('what left a subtree is removed, even if another change has hidden the move from the page between', async () => {
  await inMedia(async (feed, reading) => {
    const view = VIEWS[0] as View
    feed.put({ id: 'd0', parentId: 'media', isDirectory: true })
    feed.put({ id: 'a', parentId: 'd0' })
    const client: Client = { view, cursor: 0, seen: new Map() }
    await takePage(feed, reading, client, null)
    feed.move('a', 'media', 'a')
    feed.put({ id: 'b', parentId: 'd0' })
    feed.put({ id: 'c', parentId: 'd0' })
    feed.put({ id: 'a', parentId: 'media', size: 1 })
    // This page ends beyond the move, whose row is by now that of the change after it.
    assert.equal(await takePage(feed, reading, client, 1), true)
    assert.deepEqual([...client.seen.keys()], ['d0', 'a', 'b'])
    await takePage(feed, reading, client, null)
    assert.deepEqual([...client.seen.keys()], ['d0', 'b', 'c'])
  })
})

test('what was never inside is not told, and neither is what came and left before the client', async () => {
  await inMedia(async (feed, reading) => {
    feed.put({ id: 'd0', parentId: 'media', isDirectory: true })
    feed.put({ id: 'out', parentId: 'media' })
    feed.put({ id: 'was in', parentId: 'd0' })
    feed.move('was in', 'media', 'out now')
    const wanted = { cursor: 0, upTo: feed.head(), view: VIEWS[0] as View }
    assert.deepEqual(
      singly(readPages(reading, wanted)).map(({ nodeId }) => nodeId),
      ['d0'],
    )
    const cursor = feed.head()
    feed.put({ id: 'out', parentId: 'media', size: 1 })
    assert.deepEqual([...readPages(reading, { ...wanted, cursor, upTo: feed.head() })].flat(), [])
    const extent = await findExtent(reading, { cursor, maxSize: 5, view: wanted.view })
    assert.deepEqual(extent, { cursor: feed.head(), hasMore: false }, 'the cursor goes past what is left out')
  })
})

test('nobody is looked for once the client has gone', async () => {
  await inMedia(async (feed, reading) => {
    feed.sqlite.exec(`
      WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 5000)
      INSERT INTO changes (node_id, is_removed, first_change_id) SELECT 'gone' || n, 1, 1000000 FROM numbers`)
    const wanted = { cursor: 1, after: 1, head: feed.head(), view: VIEWS[0] as View }
    assert.deepEqual(await findFirst(reading, wanted), { isFound: false, noneUpTo: feed.head() })
    let reads = 0
    const gone = new AbortController()
    const counting: Reading = {
      ...reading,
      read: (query) => {
        reads += 1
        gone.abort()
        return reading.read(query)
      },
    }
    await findFirst(counting, { ...wanted, signal: gone.signal })
    assert.equal(reads, 1)
    await findExtent(counting, { ...wanted, maxSize: 5, signal: gone.signal })
    assert.equal(reads, 1)
  })
})
