/**
 * Shows I2 for filtered clients of both services: random histories, written by the indexer's store with ids that are
 * reused for files and folders, read through the api page by page, with writes between the reads of an answer. Each
 * client must end with exactly what its filters let through.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FeedClient } from '../support/feed-client.ts'
import { type InterleavedFeed, openInterleavedFeed } from '../support/interleaved-feed.ts'
import { type Choice, ModelTree, someChoices } from '../support/model-tree.ts'

type Filters = { readonly under: string | null; readonly type: 'file' | 'directory' | null; readonly settled: boolean }

const filters: fc.Arbitrary<Filters> = fc.record({
  // The first ids that the model gives. Under a missing id is nothing, and under a file only itself.
  under: fc.option(fc.constantFrom('n1', 'n2', 'n3', 'n4', 'n5')),
  type: fc.option(fc.constantFrom('file' as const, 'directory' as const)),
  settled: fc.boolean(),
})
const choices = someChoices(6)
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('write' as const), choices }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('settle' as const) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('request' as const),
      client: fc.nat(),
      maxSize: fc.option(fc.integer({ min: 1, max: 6 })),
      between: fc.oneof(fc.constant([]), fc.array(choices, { minLength: 1, maxLength: 4 })),
    }),
  },
)

type Kept = { readonly name: string; readonly isDirectory: boolean }

function clientWith({ url }: InterleavedFeed, cursor: number, { under, type, settled }: Filters): FeedClient {
  const query = {
    ...(under === null ? {} : { under }),
    ...(type === null ? {} : { type }),
    ...(settled ? { settled: '1' } : {}),
  }
  return new FeedClient(url, { cursor, filters: query })
}

function keptNodes(client: FeedClient): Map<string, Kept> {
  return new Map(Array.from(client.nodes, ([id, { name, is_directory: isDirectory }]) => [id, { name, isDirectory }]))
}

/** The nodes that the filters let through, found the slow way. */
function wanted({ db }: InterleavedFeed, { under, type }: Filters): Map<string, Kept> {
  const rows = db.sqlite
    .prepare<[], { id: string; parentId: string | null; name: string; isDirectory: 0 | 1 }>(
      'SELECT node_id AS id, parent_id AS parentId, name, is_directory AS isDirectory FROM nodes WHERE change_id > 0',
    )
    .all()
  const parents = new Map(rows.map(({ id, parentId }) => [id, parentId]))
  const isUnder = (id: string) => {
    for (let at: string | null | undefined = id; at !== null && at !== undefined; at = parents.get(at)) {
      if (at === under) return true
    }
    return false
  }
  return new Map(
    rows
      .filter(({ id }) => under === null || isUnder(id))
      .filter(({ isDirectory }) => type === null || (isDirectory === 1) === (type === 'directory'))
      .map(({ id, name, isDirectory }) => [id, { name, isDirectory: isDirectory === 1 }]),
  )
}

/** Gives every waiting file its hash. */
function settle({ db, store }: InterleavedFeed): void {
  const waiting = db.sqlite
    .prepare<[], { nodeId: string; inode: string; size: number; mtime: number }>(
      "SELECT node_id AS nodeId, inode, size, mtime FROM nodes WHERE metadata_state IN ('fresh', 'backlog')",
    )
    .all()
  const metadata = { hash: 'h', mimeType: '', isImage: false, isVideo: false, width: 0, height: 0, msDuration: 0 }
  store.saveMetadata(
    waiting.map((row) => ({ kind: 'found', bytes: { ...row, askedMs: Date.now() }, metadata, problem: null })),
  )
}

test('I2: whatever is filtered, alone or together, a client ends with what its filters let through', async (t) => {
  const feed = await openInterleavedFeed(t, 3)
  const history = fc.array(step, { minLength: 5, maxLength: 40, size: 'max' })
  const property = fc.asyncProperty(
    history,
    fc.array(filters, { minLength: 1, maxLength: 6 }),
    async (steps, views) => {
      feed.clear()
      const model = new ModelTree()
      const from = feed.store.head()
      const clients = views.map((view) => clientWith(feed, from, view))
      const write = (made: readonly Choice[]) => feed.store.apply(made.flatMap((choice) => model.decide(choice)))
      for (const now of steps) {
        if (now.kind === 'write') write(now.choices)
        else if (now.kind === 'settle') settle(feed)
        else {
          let reads = 0
          feed.beforeEachRead(() => {
            write(now.between[reads] ?? [])
            reads += 1
          })
          await clients[now.client % clients.length]?.take(now.maxSize)
          feed.beforeEachRead(() => {})
        }
      }
      settle(feed)
      for (const [index, client] of clients.entries()) {
        const view = views[index] as Filters
        while ((await client.take(index % 2 === 0 ? 2 : null)).has_more) {}
        assert.deepEqual(keptNodes(client), wanted(feed, view), JSON.stringify(view))
      }
    },
  )
  await fc.assert(property, { numRuns: 60 })
})
