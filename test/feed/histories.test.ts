/**
 * Shows I2 to I5 for both services: random histories, written by the indexer's store and read through the api, with
 * writes between any two reads of an answer. The order of the changes, the pages and their cursors are checked.
 */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'
import fc from 'fast-check'
import type { ChangesPage, FeedNode } from '../../client/src/wire.ts'
import { FeedClient } from '../support/feed-client.ts'
import { type InterleavedFeed, openInterleavedFeed } from '../support/interleaved-feed.ts'
import { changesSince } from '../support/log-client.ts'
import { type Choice, ModelTree, someChoices } from '../support/model-tree.ts'

/**
 * Rows a read: few enough that a short history has answers of several reads; null for the app's own, with one read an
 * answer.
 */
const PIECES = 2
const AT_ONCE = null

const choices = someChoices(5)

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('write' as const), choices }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('request' as const),
      client: fc.nat(),
      maxSize: fc.option(fc.integer({ min: 1, max: 8 })),
      /** The writes before each of the answer's reads. */
      between: fc.oneof(fc.constant([]), fc.array(choices, { minLength: 1, maxLength: 6 })),
    }),
  },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never
type Request = Extract<Step, { kind: 'request' }>

type Run = {
  readonly feed: InterleavedFeed
  readonly model: ModelTree
  readonly clients: FeedClient[]
  readonly rowsARead: number | null
}

function write({ feed, model }: Run, made: readonly Choice[]): void {
  feed.store.apply(made.flatMap((choice) => model.decide(choice)))
}

/** Makes one request of one client. A fork of it stays behind, and goes on from its cursor later. */
async function request(run: Run, { client: which, maxSize, between }: Request): Promise<void> {
  const { feed, clients } = run
  const client = clients[which % clients.length] as FeedClient
  if (!clients.some((other) => other !== client && other.cursor === client.cursor)) clients.push(client.fork())
  const toCome = changesSince(feed.db, client.cursor)
  let reads = 0
  feed.beforeEachRead(() => {
    write(run, between[reads] ?? [])
    reads += 1
  })
  const page = await client.take(maxSize)
  feed.beforeEachRead(() => {})
  const isExact = page.has_more === false && (between.length === 0 || run.rowsARead === AT_ONCE)
  if (isExact) assert.deepEqual(keptNodes(client), liveNodes(feed), 'the tree as it was when the answer was read')
  if (between.length === 0) assertExact(run, { page, toCome, maxSize })
}

/**
 * Asserts, if nothing was written in between, that the answer has exactly the outstanding changes, and its cursor
 * stands for them.
 */
function assertExact(
  { feed }: Run,
  answer: { page: ChangesPage; toCome: ReturnType<typeof changesSince>; maxSize: number | null },
): void {
  const { page, toCome, maxSize } = answer
  const expected = toCome.slice(0, maxSize ?? toCome.length)
  const told = page.changes.map((change) => (change.removed ? `-${change.node_id}` : change.node.id))
  assert.deepEqual(
    told,
    expected.map(({ nodeId, isRemoved }) => (isRemoved ? `-${nodeId}` : nodeId)),
  )
  assert.equal(page.has_more, expected.length < toCome.length, 'has_more is exact')
  assert.equal(page.cursor, page.has_more ? expected.at(-1)?.changeId : feed.store.head())
}

type Kept = Pick<FeedNode, 'id' | 'parent_id' | 'name' | 'size'>

function keptNodes(client: FeedClient): Map<string, Kept> {
  return new Map(
    Array.from(client.nodes, ([key, { id, parent_id, name, size }]) => [key, { id, parent_id, name, size }]),
  )
}

function liveNodes({ db }: InterleavedFeed): Map<string, Kept> {
  const rows = db.sqlite
    .prepare<[string], Kept>('SELECT node_id AS id, parent_id, name, size FROM nodes WHERE node_id <> ?')
    .all(SUPER_ROOT_ID)
  return new Map(rows.map((row) => [row.id, row]))
}

async function holds(t: TestContext, rowsARead: number | null): Promise<void> {
  const feed = await openInterleavedFeed(t, rowsARead)
  const history = fc.array(step, { minLength: 5, maxLength: 30, size: 'max' })
  const property = fc.asyncProperty(history, async (steps) => {
    feed.clear()
    const run: Run = { feed, model: new ModelTree(), clients: [new FeedClient(feed.url)], rowsARead }
    for (const now of steps) {
      if (now.kind === 'write') write(run, now.choices)
      else await request(run, now)
    }
    const live = liveNodes(feed)
    for (const [index, client] of run.clients.entries()) {
      const maxSize = index % 3 === 0 ? 5 : null
      while ((await client.take(maxSize)).has_more) {}
      assert.deepEqual(keptNodes(client), live, `I2: from cursor ${client.cursor}`)
    }
  })
  await fc.assert(property, { numRuns: 40 })
}

test('I2–I5: whatever is written between the reads of an answer, no parent is unknown, nothing is in a cycle, and no change is missing', (t) =>
  holds(t, PIECES))

test('I2–I5: an answer of one read leaves the client with the tree of that moment', (t) => holds(t, AT_ONCE))
