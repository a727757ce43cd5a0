/**
 * Shows I2, I3 and I5 for answers read in pieces: random histories are written to a real database while clients read it
 * at random moments, in pages of random sizes.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'
import fc from 'fast-check'
import type { FeedWriter, LiveNode } from '../../../../test/support/feed-writer.ts'
import { inFeed } from '../../../../test/support/in-feed.ts'
import { singly } from '../../../../test/support/singly.ts'
import { beginAnswer, findExtent, readPages } from './changes-reader.ts'
import type { Reading } from './database-source.ts'

type Client = { cursor: number; readonly nodes: Map<string, LiveNode> }

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constantFrom('create', 'createFolder', 'update', 'move', 'remove', 'removeRecreate' as const),
      a: fc.nat(30),
      b: fc.nat(30),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('page' as const), a: fc.integer({ min: 1, max: 6 }), b: fc.nat(5) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('stream' as const), a: fc.nat(5), b: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('newClient' as const), a: fc.nat(1), b: fc.nat(5) }) },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

function write(feed: FeedWriter, { kind, a, b }: Step): void {
  const nodes = feed.liveNodes()
  const id = `n${a}`
  const known = nodes.find((node) => node.id === id)
  const folders = [SUPER_ROOT_ID, ...nodes.filter((node) => node.id.startsWith('d')).map((node) => node.id)]
  const parentId = folders[b % folders.length] as string
  if (kind === 'create' && known === undefined) feed.put({ id, parentId, size: b })
  if (kind === 'createFolder' && !folders.includes(`d${a}`)) feed.put({ id: `d${a}`, parentId, isDirectory: true })
  if (kind === 'update' && known !== undefined)
    feed.put({ id, parentId: known.parentId, name: known.name, size: known.size + 1 })
  const victim = nodes[a % (nodes.length || 1)]
  if (victim === undefined) return
  if (kind === 'move' && !feed.isBelow(parentId, victim.id)) feed.move(victim.id, parentId, `m${b}`)
  if (kind === 'remove' || kind === 'removeRecreate') feed.remove(victim.id)
  if (kind === 'removeRecreate') feed.put({ id: victim.id, isDirectory: victim.id.startsWith('d') })
}

function apply(client: Client, rows: ReturnType<typeof singly>): void {
  for (const row of rows) {
    if (row.isRemoved) {
      client.nodes.delete(row.nodeId)
      continue
    }
    const { id, parent_id: parentId, name, size } = JSON.parse(String(row.shown)).node
    assert.equal(id, row.nodeId)
    const isParentKnown = parentId === SUPER_ROOT_ID || client.nodes.has(parentId)
    assert.ok(isParentKnown, `I3: ${id} came before its parent ${parentId}`)
    client.nodes.set(id, { id, parentId, name, size })
  }
}

function assertOnceEach(rows: ReturnType<typeof singly>): void {
  assert.equal(new Set(rows.map((row) => row.nodeId)).size, rows.length, 'a node at most once in an answer')
}

/** One request with `max_size`, with nothing written during it. */
async function takePage(feed: FeedWriter, reading: Reading, client: Client, maxSize: number): Promise<boolean> {
  const visible = feed.countVisible(client.cursor)
  const extent = await findExtent(reading, { cursor: client.cursor, maxSize })
  const rows = singly(readPages(reading, { cursor: client.cursor, upTo: extent.cursor, pageRows: 2 }))
  assert.equal(rows.length, Math.min(maxSize, visible))
  assert.equal(extent.hasMore, visible > maxSize, 'has_more is exact')
  assert.ok(extent.cursor >= client.cursor, 'I5: cursors only grow')
  if (!extent.hasMore) assert.equal(extent.cursor, feed.head())
  assertOnceEach(rows)
  apply(client, rows)
  client.cursor = extent.cursor
  return extent.hasMore
}

/** One request for everything, with the next steps' writes between its pages. Returns how many steps that took. */
async function takeStream(feed: FeedWriter, reading: Reading, client: Client, next: readonly Step[]): Promise<number> {
  const extent = await findExtent(reading, { cursor: client.cursor, maxSize: null })
  const seen: ReturnType<typeof singly> = []
  let used = 0
  for (const page of readPages(reading, { cursor: client.cursor, upTo: extent.cursor, pageRows: 2 })) {
    const rows = singly([page])
    apply(client, rows)
    seen.push(...rows)
    const between = next[used]
    if (between !== undefined && isWrite(between)) {
      write(feed, between)
      used += 1
    }
  }
  assertOnceEach(seen)
  client.cursor = extent.cursor
  return used
}

function isWrite({ kind }: Step): boolean {
  return kind !== 'page' && kind !== 'stream' && kind !== 'newClient'
}

async function play(feed: FeedWriter, reading: Reading, history: readonly Step[]): Promise<Client[]> {
  const clients: Client[] = [{ cursor: 0, nodes: new Map() }]
  for (let at = 0; at < history.length; at += 1) {
    const now = history[at] as Step
    const client = clients[now.b % clients.length] as Client
    if (now.kind === 'page') await takePage(feed, reading, client, now.a)
    else if (now.kind === 'stream') at += await takeStream(feed, reading, client, history.slice(at + 1))
    // One that goes on from a cursor that another one was given, however long ago that will have been.
    else if (now.kind === 'newClient') clients.push({ cursor: client.cursor, nodes: new Map(client.nodes) })
    else write(feed, now)
  }
  return clients
}

test('I2, I3: whatever is written between its pages, a client ends with the live nodes, parents first', async () => {
  const history = fc.array(step, { minLength: 5, maxLength: 80, size: 'max' })
  const property = fc.asyncProperty(history, fc.integer({ min: 1, max: 5 }), (steps, maxSize) =>
    inFeed(async (feed, reading) => {
      const clients = await play(feed, reading, steps)
      for (const client of [...clients, { cursor: 0, nodes: new Map<string, LiveNode>() }]) {
        while (await takePage(feed, reading, client, maxSize)) {}
        const ended = [...client.nodes.values()].sort((one, other) => (one.id < other.id ? -1 : 1))
        assert.deepEqual(ended, feed.liveNodes())
      }
    }),
  )
  await fc.assert(property, { numRuns: 150 })
})

test('a run of skipped tombstones longer than one read ends with the head, and has_more knows what is behind it', async () => {
  await inFeed(async (feed, reading) => {
    feed.sqlite.exec(`
      WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 30000)
      INSERT INTO changes (node_id, is_removed, first_change_id) SELECT 'gone' || n, 1, 1 FROM numbers`)
    assert.deepEqual(await findExtent(reading, { cursor: 0, maxSize: 1 }), { cursor: 30_000, hasMore: false })
    assert.deepEqual([...readPages(reading, { cursor: 0, upTo: 30_000 })].flat(), [])
    feed.put({ id: 'a' })
    assert.deepEqual(await findExtent(reading, { cursor: 0, maxSize: 1 }), { cursor: 30_001, hasMore: false })
    feed.put({ id: 'b' })
    assert.deepEqual(await findExtent(reading, { cursor: 0, maxSize: 1 }), { cursor: 30_001, hasMore: true })
    // To a client that has heard of them they are removals as any others.
    assert.deepEqual(await findExtent(reading, { cursor: 1, maxSize: 10_000 }), { cursor: 10_001, hasMore: true })
  })
})

test('a page that is full before a run of skipped tombstones ends where it is full', async () => {
  await inFeed(async (feed, reading) => {
    for (const id of ['a', 'b', 'c']) feed.put({ id })
    feed.sqlite.exec(`
      WITH RECURSIVE numbers (n) AS (SELECT 4 UNION ALL SELECT n + 1 FROM numbers WHERE n < 10000)
      INSERT INTO changes (node_id, is_removed, first_change_id) SELECT 'gone' || n, 1, n FROM numbers`)
    assert.deepEqual(await findExtent(reading, { cursor: 0, maxSize: 3 }), { cursor: 10_000, hasMore: false })
    feed.put({ id: 'd' })
    assert.deepEqual(await findExtent(reading, { cursor: 0, maxSize: 3 }), { cursor: 3, hasMore: true })
  })
})

test('a cursor beyond the head, from a database that was lost, comes back as the head', async () => {
  await inFeed(async (feed, reading) => {
    feed.put({ id: 'a' })
    for (const maxSize of [null, 5]) {
      assert.deepEqual(await findExtent(reading, { cursor: 999, maxSize }), { cursor: 1, hasMore: false })
    }
    assert.deepEqual([...readPages(reading, { cursor: 999, upTo: 1 })], [])
  })
})

test('I13: the token of a page that took several reads says what the last of them found', async () => {
  await inFeed(async (feed, reading) => {
    const run = '1'.repeat(16)
    feed.sqlite.prepare('INSERT INTO runs VALUES (1, ?)').run(run)
    feed.sqlite.exec(`
      WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 5000)
      INSERT INTO changes (node_id, is_removed, first_change_id) SELECT 'gone' || n, 1, n FROM numbers`)
    for (const id of ['a', 'b', 'c']) feed.put({ id })
    const writing: Reading = {
      ...reading,
      read: (query) => {
        const result = reading.read(query)
        feed.put({ id: 'b' })
        return result
      },
    }
    const { cursor, epoch, pages } = await beginAnswer(writing, { cursor: 0, maxSize: 1 })
    const ids = singly(pages).map(({ nodeId }) => nodeId)
    assert.deepEqual([cursor, ids], [5_001, ['a']])
    const [, named, head = ''] = epoch.split('.')
    // The last read was followed by one more change.
    assert.deepEqual([named, Number.parseInt(head, 36)], [run, feed.head() - 1])
  })
})
