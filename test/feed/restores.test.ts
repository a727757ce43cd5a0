/**
 * Copies of the database, taken at any moment and put back at any other, in the same file or in its place, while an api has
 * it open: a client that names its epoch ends with what the feed has, or is told that its cursor means nothing any more.
 * The api is a process of its own: within one, SQLite has all connections to a file share what it knows of it.
 */
import assert from 'node:assert/strict'
import { copyFileSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type FeedDatabase, openWriter } from '@drive-feed/shared/open-database.ts'
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'
import fc from 'fast-check'
import { startApi } from '../../services/api/src/test-support/start-api.ts'
import { createStore, type Store } from '../../services/indexer/src/store/store.ts'
import { type Choice, ModelTree, someChoices } from '../../services/indexer/test-support/model-tree.ts'
import { temporaryFolder } from '../../shared/test-support/temporary-folder.ts'
import type { Page } from './strict-client.ts'

const choices = someChoices(4)
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('write' as const), choices }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('copy' as const), withWal: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('restore' as const),
      which: fc.nat(),
      way: fc.constantFrom('in place' as const, 'by rename' as const),
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('read' as const), client: fc.nat(9), max: fc.nat(4) }) },
)

type Copy = { readonly model: ModelTree; readonly main: Buffer; readonly wal: Buffer | null }

/** The indexer's part: what writes, and is started anew. */
class Feed {
  readonly path: string
  model = new ModelTree()
  #db: FeedDatabase
  #store: Store

  constructor(path: string) {
    this.path = path
    this.#db = openWriter(path)
    this.#store = createStore(this.#db, Date.now)
  }

  write(made: readonly Choice[]): void {
    this.#store.apply(made.flatMap((choice) => this.model.decide(choice)))
  }

  stop(): void {
    this.#db.sqlite.close()
  }

  start(): void {
    this.#db = openWriter(this.path)
    this.#store = createStore(this.#db, Date.now)
  }

  /** Either the file alone, with all in it, or both files as they are. */
  copy(withWal: boolean): Copy {
    if (!withWal) this.#db.sqlite.pragma('wal_checkpoint(TRUNCATE)')
    const wal = withWal && existsSync(`${this.path}-wal`) ? readFileSync(`${this.path}-wal`) : null
    return { model: this.model.copy(), main: readFileSync(this.path), wal }
  }

  restore({ model, main, wal }: Copy, way: 'in place' | 'by rename'): void {
    this.stop()
    if (way === 'in place') writeFileSync(this.path, main)
    else {
      writeFileSync(`${this.path}.new`, main)
      renameSync(`${this.path}.new`, this.path)
    }
    for (const ending of ['-wal', '-shm']) rmSync(this.path + ending, { force: true })
    if (wal !== null) writeFileSync(`${this.path}-wal`, wal)
    this.model = model.copy()
    this.start()
  }

  nodes(): Map<string, string> {
    const rows = this.#db.sqlite
      .prepare<[string], { id: string; name: string }>('SELECT node_id AS id, name FROM nodes WHERE node_id <> ?')
      .all(SUPER_ROOT_ID)
    return new Map(rows.map(({ id, name }) => [id, name]))
  }
}

class Client {
  nodes = new Map<string, string>()
  cursor = 0
  epoch: string | null = null

  /** One page; begins again where it is told to. */
  async read(url: string, maxSize: number): Promise<boolean> {
    const query = new URLSearchParams({ cursor: String(this.cursor), max_size: String(maxSize) })
    if (this.epoch !== null) query.set('epoch', this.epoch)
    const response = await fetch(`${url}/changes?${query}`)
    if (response.status === 410) {
      Object.assign(this, { nodes: new Map(), cursor: 0, epoch: null })
      return true
    }
    assert.equal(response.status, 200)
    const page = (await response.json()) as Page
    for (const change of page.changes) {
      if (change.removed) this.nodes.delete(change.node_id)
      else this.nodes.set(change.node.id, change.node.name)
    }
    this.cursor = page.cursor
    this.epoch = response.headers.get('Feed-Epoch')
    return page.has_more
  }
}

test('I13: whatever copy is put in whose place, a client ends with what is there or is told to begin again', async (t) => {
  const folder = temporaryFolder(t)
  const path = join(folder, 'feed.db')
  new Feed(path).stop()
  const { url } = await startApi(t, folder)
  const clients = Array.from({ length: 4 }, () => new Client())
  const property = fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40, size: 'max' }), async (steps) => {
    // Another database; the clients go on with what they have of the one before.
    for (const ending of ['', '-wal', '-shm']) rmSync(path + ending, { force: true })
    const feed = new Feed(path)
    try {
      const copies: Copy[] = []
      for (const now of steps) {
        if (now.kind === 'write') feed.write(now.choices)
        else if (now.kind === 'copy') copies.push(feed.copy(now.withWal))
        else if (now.kind === 'restart') {
          feed.stop()
          feed.start()
        } else if (now.kind === 'restore') {
          const copy = copies[now.which % Math.max(1, copies.length)]
          if (copy !== undefined) feed.restore(copy, now.way)
        } else await clients[now.client % clients.length]?.read(url, now.max + 1)
      }
      for (const client of clients) {
        while (await client.read(url, 100)) {}
        assert.deepEqual(client.nodes, feed.nodes())
      }
    } finally {
      feed.stop()
    }
  })
  await fc.assert(property, { numRuns: 40 })
})

test('I13: ordinary starts leave cursors good, and those that change nothing leave no run', async (t) => {
  const folder = temporaryFolder(t)
  const feed = new Feed(join(folder, 'feed.db'))
  t.after(() => feed.stop())
  const { url } = await startApi(t, folder)
  const runs = () => openRuns(feed.path)
  const client = new Client()
  feed.write([[40, 0, 0]])
  while (await client.read(url, 1)) {}
  const token = { cursor: client.cursor, epoch: client.epoch }
  for (let starts = 0; starts < 3; starts += 1) {
    feed.stop()
    feed.start()
  }
  assert.equal(runs(), 1)
  feed.write([[20, 0, 0]])
  assert.equal(runs(), 2)
  feed.write([[20, 0, 0]])
  assert.equal(runs(), 2, 'one of a start')
  const response = await fetch(`${url}/changes?cursor=${token.cursor}&epoch=${token.epoch}`)
  assert.equal(response.status, 200)
  assert.equal(((await response.json()) as Page).changes.length, 2)
  assert.notEqual(response.headers.get('Feed-Epoch'), token.epoch)
  // A client from before there were runs keeps what it was given then.
  const database = token.epoch?.split('.')[0]
  assert.equal((await fetch(`${url}/changes?cursor=${token.cursor + 2}&epoch=${database}`)).status, 200)
})

test('I13: a copy that has passed the cursor is noticed, and its tags are its own', async (t) => {
  const folder = temporaryFolder(t)
  const feed = new Feed(join(folder, 'feed.db'))
  t.after(() => feed.stop())
  const { url } = await startApi(t, folder)
  feed.write([[40, 0, 0]])
  feed.stop()
  copyFileSync(feed.path, `${feed.path}.copy`)
  feed.start()
  feed.write([[20, 0, 0]])
  const [client, original] = [new Client(), await fetch(`${url}/cursor`)]
  while (await client.read(url, 10)) {}
  feed.stop()
  // As README has it.
  copyFileSync(`${feed.path}.copy`, feed.path)
  for (const ending of ['-wal', '-shm']) rmSync(feed.path + ending, { force: true })
  feed.start()
  feed.write([[22, 0, 0]])
  const restored = await fetch(`${url}/cursor`)
  assert.equal(await restored.text(), await original.text(), 'the head is at the same number')
  assert.notEqual(restored.headers.get('ETag'), original.headers.get('ETag'))
  const response = await fetch(`${url}/changes?cursor=${client.cursor}&epoch=${client.epoch}`)
  assert.equal(response.status, 410)
})

function openRuns(path: string): number {
  const db = openWriter(path)
  try {
    return db.sqlite.prepare('SELECT count(*) FROM runs').pluck().get() as number
  } finally {
    db.sqlite.close()
  }
}
