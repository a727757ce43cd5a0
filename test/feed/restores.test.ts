/**
 * Shows I13 for restored copies of the database. Copies are taken at any moment and put back at any other, into the
 * same file or in its place, while an api has it open. A client that sends its epoch ends with the feed's nodes, or
 * gets a 410. The api is a process of its own: in one process all of SQLite's connections to a file share its state.
 */
import assert from 'node:assert/strict'
import { copyFileSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type FeedDatabase, openWriter } from '@drive-feed/shared/open-database.ts'
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'
import fc from 'fast-check'
import type { ChangesPage } from '../../client/src/wire.ts'
import { createStore, type Store } from '../../services/indexer/src/store/store.ts'
import { FeedClient } from '../support/feed-client.ts'
import { type Choice, ModelTree, someChoices } from '../support/model-tree.ts'
import { factsOf } from '../support/rows.ts'
import { startApi } from '../support/start-api.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'

const choices = someChoices(4)
const way = fc.constantFrom('in place' as const, 'by rename' as const)
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('write' as const), choices }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('there and back' as const), which: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('copy' as const), withWal: fc.boolean() }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('restore' as const),
      which: fc.nat(),
      way,
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('begin' as const), client: fc.nat(9) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('read' as const), client: fc.nat(9), max: fc.nat(8) }) },
)

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** A client begins after nodes have moved on since the copy, and has some of its pages when the copy is put back. */
const caughtInPages = fc
  .record({ choices: someChoices(12), which: fc.nat(), client: fc.nat(9), max: fc.nat(2), withWal: fc.boolean(), way })
  .map(({ choices: made, which, client, max, withWal, way: how }): Step[] => [
    { kind: 'write', choices: made },
    { kind: 'copy', withWal },
    { kind: 'there and back', which },
    { kind: 'begin', client },
    { kind: 'read', client, max },
    { kind: 'restore', which: -1, way: how },
    { kind: 'there and back', which: which + 1 },
  ])
const history = fc
  .array(fc.oneof({ weight: 12, arbitrary: step.map((one) => [one]) }, { weight: 1, arbitrary: caughtInPages }), {
    minLength: 5,
    maxLength: 40,
    size: 'max',
  })
  .map((steps) => steps.flat())

type Copy = { readonly model: ModelTree; readonly main: Buffer; readonly wal: Buffer | null }

/** The indexer's part: the writer, which can be started anew. */
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

  /** Creates a file, or a folder with files. */
  create(name: string, parentId: string, files: readonly string[] | null = null): void {
    const nodes = [[name, parentId], ...(files ?? []).map((file) => [file, name])] as [string, string][]
    this.#store.apply(
      nodes.map(([nodeId, above]) => {
        const node = { parentId: above, name: nodeId, isDirectory: nodeId === name && files !== null }
        this.model.nodes.set(nodeId, node)
        const awaiting = { state: 'ready', dueMs: 0 } as const
        return { kind: 'create', nodeId, ...node, facts: factsOf(nodeId), awaiting, copyOf: null }
      }),
    )
  }

  /** Moves a folder away and back: nothing differs afterwards, but all below it is further on in the log. */
  moveThereAndBack(which: number): void {
    const ids = [...this.model.nodes.keys()]
    const nodeId = ids[which % Math.max(1, ids.length)]
    const node = nodeId === undefined ? undefined : this.model.nodes.get(nodeId)
    if (nodeId === undefined || node === undefined) return
    const move = { kind: 'move', nodeId, ...node, ctime: 1 } as const
    this.#store.apply([{ ...move, parentId: SUPER_ROOT_ID, name: 'there' }])
    this.#store.apply([move])
  }

  stop(): void {
    this.#db.sqlite.close()
  }

  start(): void {
    this.#db = openWriter(this.path)
    this.#store = createStore(this.#db, Date.now)
  }

  vacuumInto(path: string): void {
    this.#db.sqlite.exec(`VACUUM INTO '${path}'`)
  }

  /** Copies the file alone, after a checkpoint, or the file and its `-wal` as they are. */
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

/** A client that sends the epoch of its cursor, and starts over after a 410. @param url of `startApi` */
function clientOf(url: string): FeedClient {
  return new FeedClient(new URL(url).origin, { sendsEpoch: true })
}

async function readAll(client: FeedClient, maxSize: number): Promise<void> {
  while ((await client.take(maxSize)).has_more) {}
}

function namesOf(client: FeedClient): Map<string, string> {
  return new Map(Array.from(client.nodes, ([id, { name }]) => [id, name]))
}

test('I13: whatever copy is put in the place of what, a client ends with the nodes that are there or has to begin again', async (t) => {
  const folder = temporaryFolder(t)
  const path = join(folder, 'feed.db')
  new Feed(path).stop()
  const { url } = await startApi(t, folder)
  const clients = Array.from({ length: 4 }, () => clientOf(url))
  const property = fc.asyncProperty(history, async (steps) => {
    // Another database. The clients go on with what they have from the one before.
    for (const ending of ['', '-wal', '-shm']) rmSync(path + ending, { force: true })
    const feed = new Feed(path)
    try {
      const copies: Copy[] = []
      for (const now of steps) {
        if (now.kind === 'write') feed.write(now.choices)
        else if (now.kind === 'there and back') feed.moveThereAndBack(now.which)
        else if (now.kind === 'copy') copies.push(feed.copy(now.withWal))
        else if (now.kind === 'restart') {
          feed.stop()
          feed.start()
        } else if (now.kind === 'restore') {
          const copy = copies.at(now.which < 0 ? now.which : now.which % Math.max(1, copies.length))
          if (copy !== undefined) feed.restore(copy, now.way)
        } else if (now.kind === 'begin') clients[now.client % clients.length]?.startOver()
        else await clients[now.client % clients.length]?.take(now.max === 8 ? null : now.max + 1)
      }
      for (const client of clients) {
        await readAll(client, 100)
        assert.deepEqual(namesOf(client), feed.nodes())
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
  const client = clientOf(url)
  feed.write([[40, 0, 0]])
  await readAll(client, 1)
  const token = { cursor: client.cursor, epoch: client.epoch }
  for (let starts = 0; starts < 3; starts += 1) {
    feed.stop()
    feed.start()
  }
  assert.equal(runs(), 1)
  feed.write([[20, 0, 0]])
  assert.equal(runs(), 2)
  feed.write([[20, 0, 0]])
  assert.equal(runs(), 2, 'one a start')
  const response = await fetch(`${url}/changes?cursor=${token.cursor}&epoch=${token.epoch}`)
  assert.equal(response.status, 200)
  assert.equal(((await response.json()) as ChangesPage).changes.length, 2)
  assert.notEqual(response.headers.get('Feed-Epoch'), token.epoch)
  // A client from before there were runs keeps its token.
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
  const [client, original] = [clientOf(url), await fetch(`${url}/cursor`)]
  await readAll(client, 10)
  // As docs/upgrading.md says, with a request after each step.
  const ask = async () => assert.equal((await fetch(`${url}/cursor`)).status, 200)
  copyFileSync(`${feed.path}.copy`, `${feed.path}.new`)
  feed.stop()
  await ask()
  for (const ending of ['-wal', '-shm']) rmSync(feed.path + ending, { force: true })
  await ask()
  renameSync(`${feed.path}.new`, feed.path)
  await ask()
  feed.start()
  feed.write([[22, 0, 0]])
  const restored = await fetch(`${url}/cursor`)
  assert.equal(await restored.text(), await original.text(), 'the head has the same number')
  assert.notEqual(restored.headers.get('ETag'), original.headers.get('ETag'))
  const response = await fetch(`${url}/changes?cursor=${client.cursor}&epoch=${client.epoch}`)
  assert.equal(response.status, 410)
})

/**
 * Makes d with 1 and 2, e with 3 and 4, and more files. Copies that, and then moves d away and back, so that all in it
 * is beyond the copy's head.
 */
async function copiedAndMoved(t: TestContext, { more = 0 } = {}) {
  const folder = temporaryFolder(t)
  const feed = new Feed(join(folder, 'feed.db'))
  t.after(() => feed.stop())
  feed.create('d', SUPER_ROOT_ID, ['1', '2'])
  feed.create('e', SUPER_ROOT_ID, ['3', '4', ...Array.from({ length: more }, (_, n) => `f${n}`)])
  const copy = feed.copy(false)
  const { url } = await startApi(t, folder)
  feed.moveThereAndBack(0)
  /** Puts the copy back and goes on with other changes. */
  const restore = () => {
    feed.restore(copy, 'in place')
    feed.create('new', SUPER_ROOT_ID)
  }
  return { feed, url, restore }
}

test('I13: a client in the middle of its pages gets a 410, though the copy has its cursor', async (t) => {
  const { feed, url, restore } = await copiedAndMoved(t)
  const [client, before] = [clientOf(url), clientOf(url)]
  await client.take(2)
  assert.deepEqual([[...client.nodes.keys()], client.cursor], [['e', '3'], 5])
  const token = { cursor: client.cursor, epoch: client.epoch }
  restore()
  assert.equal((await fetch(`${url}/changes?cursor=5&epoch=${token.epoch}`)).status, 410)
  await readAll(client, 2)
  assert.deepEqual(namesOf(client), feed.nodes())
  // A page that is read from the copy belongs to the copy.
  await before.take(2)
  const { cursor, epoch } = before
  feed.moveThereAndBack(0)
  assert.equal((await fetch(`${url}/changes?cursor=${cursor}&epoch=${epoch}`)).status, 200)
})

test('I13: a stream that is resumed in the middle of its pages is refused too, whatever the client keeps of it', async (t) => {
  // More changes than one event holds.
  const { url, restore } = await copiedAndMoved(t, { more: 150 })
  const epoch = (await fetch(`${url}/cursor`)).headers.get('Feed-Epoch')
  const first = await firstEvent(`${url}/events?cursor=4&epoch=${epoch}`)
  assert.deepEqual([first.data.has_more, first.data.cursor < 156], [true, true], 'the copy has the cursor')
  restore()
  const [byId, byEvent, byHeader] = [
    { address: `cursor=4&epoch=${epoch}`, id: first.id },
    { address: `cursor=${first.data.cursor}&epoch=${first.data.epoch}`, id: '' },
    { address: `cursor=${first.data.cursor}&epoch=${first.epoch}`, id: String(first.data.cursor) },
  ]
  for (const { address, id } of [byId, byEvent, byHeader]) {
    assert.equal((await firstEvent(`${url}/events?${address}`, id)).event, 'gone', address)
  }
})

test('I13: a long answer belongs to the files that it was read from', async (t) => {
  const folder = temporaryFolder(t)
  const feed = new Feed(join(folder, 'feed.db'))
  t.after(() => feed.stop())
  const { url } = await startApi(t, folder)
  // More than one read takes: what moves while the rest is read would come with the next answer.
  feed.create(
    'd',
    SUPER_ROOT_ID,
    Array.from({ length: 1_500 }, (_, n) => `f${n}`),
  )
  const copy = feed.copy(false)
  const client = clientOf(url)
  await client.take(null)
  const position = `cursor=${client.cursor}&epoch=${client.epoch}`
  assert.deepEqual([client.cursor, client.nodes.size], [1_501, 1_501])
  feed.stop()
  feed.start()
  feed.create('later', 'd')
  assert.equal((await fetch(`${url}/changes?${position}`)).status, 200)
  feed.restore(copy, 'in place')
  feed.create('new', 'd')
  assert.equal((await fetch(`${url}/changes?${position}`)).status, 410)
})

test('I13: a running api sees a copy in the very file even if it opened the one before without a -wal', async (t) => {
  const folder = temporaryFolder(t)
  const feed = new Feed(join(folder, 'feed.db'))
  t.after(() => feed.stop())
  feed.create('a', SUPER_ROOT_ID)
  const backup = feed.copy(false)
  // VACUUM INTO makes a file that is not in WAL mode.
  feed.vacuumInto(`${feed.path}.copy`)
  feed.stop()
  renameSync(`${feed.path}.copy`, feed.path)
  for (const ending of ['-wal', '-shm']) rmSync(feed.path + ending, { force: true })
  const { url } = await startApi(t, folder)
  const ids = async () => {
    const page = (await (await fetch(`${url}/changes`)).json()) as ChangesPage
    return page.changes.map((one) => (one.removed ? '' : one.node.id)).join()
  }
  assert.equal(await ids(), 'a')
  assert.deepEqual(
    ['-wal', '-shm'].map((ending) => existsSync(feed.path + ending)),
    [false, false],
  )
  feed.start()
  feed.create('b', SUPER_ROOT_ID)
  assert.equal(await ids(), 'a,b')
  feed.restore(backup, 'in place')
  feed.create('c', SUPER_ROOT_ID)
  assert.equal(await ids(), 'a,c')
})

type FirstEvent = {
  readonly event: string
  readonly id: string
  readonly data: { readonly cursor: number; readonly has_more: boolean; readonly epoch: string }
  /** The epoch in the headers. */
  readonly epoch: string | null
}

async function firstEvent(address: string, lastEventId = ''): Promise<FirstEvent> {
  const ending = new AbortController()
  const headers = { Accept: 'text/event-stream', 'Last-Event-ID': lastEventId }
  const response = await fetch(address, { headers, signal: ending.signal })
  let text = ''
  for await (const chunk of response.body ?? []) {
    text += Buffer.from(chunk).toString()
    if (/^data: .*\n\n/m.test(text)) break
  }
  ending.abort()
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(text)?.[1] ?? ''
  const data = JSON.parse(field('data'))
  return { event: field('event'), id: field('id'), data, epoch: response.headers.get('Feed-Epoch') }
}

function openRuns(path: string): number {
  const db = openWriter(path)
  try {
    return db.sqlite.prepare('SELECT count(*) FROM runs').pluck().get() as number
  } finally {
    db.sqlite.close()
  }
}
