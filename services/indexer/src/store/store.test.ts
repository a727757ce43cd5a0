/**
 * Shows what each operation writes, and in which order clients receive it (I3 to I5). The real store on a database in a
 * temporary folder.
 */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { plainNodeId } from '@drive-feed/shared/node-id.ts'
import { type FeedDatabase, openReader } from '@drive-feed/shared/open-database.ts'
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'
import { checkFile } from '../../../../test/support/check-file.ts'
import { changesSince, createLogClient, liveNodes } from '../../../../test/support/log-client.ts'
import { openStore } from '../../../../test/support/open-store.ts'
import { factsOf } from '../../../../test/support/rows.ts'
import type { Decision, Facts, MetadataDue } from '../model/decision.ts'
import { createStore, type Store } from './store.ts'

const READY: MetadataDue = { state: 'ready', dueMs: 0 }
const FRESH: MetadataDue = { state: 'fresh', dueMs: 5 }

/** The id of a node is its first name. */
function folder(name: string, parentId = SUPER_ROOT_ID): Decision {
  return { kind: 'create', nodeId: name, parentId, name, isDirectory: true, ...about(name, READY) }
}

function file(name: string, parentId = SUPER_ROOT_ID, awaiting = FRESH, copyOf: string | null = null): Decision {
  return { kind: 'create', nodeId: name, parentId, name, isDirectory: false, ...about(name, awaiting), copyOf }
}

function about(name: string, awaiting: MetadataDue) {
  return { facts: factsOf(`of ${name}`), awaiting, copyOf: null }
}

function move(nodeId: string, parentId: string, name = nodeId, isDirectory = false): Decision {
  return { kind: 'move', nodeId, parentId, name, isDirectory, ctime: 2_000 }
}

function remove(nodeId: string): Decision {
  return { kind: 'remove', nodeId }
}

function rewrite(nodeId: string, other: Partial<Facts> = { size: 11, mtime: 3_000 }): Decision {
  return { kind: 'rewrite', nodeId, facts: factsOf(`of ${nodeId}`, other), awaiting: FRESH }
}

/** a/{b/{c/{deep}, beside}, top}, z */
const TREE = [
  folder('a'),
  folder('z'),
  file('top', 'a'),
  folder('b', 'a'),
  file('beside', 'b'),
  folder('c', 'b'),
].concat(file('deep', 'c'))

function opened(t: TestContext, decisions: readonly Decision[] = TREE): { db: FeedDatabase; store: Store } {
  const made = openStore(t)
  made.store.apply(decisions)
  return made
}

function told(db: FeedDatabase, cursor: number): string[] {
  return changesSince(db, cursor).map(({ nodeId, isRemoved }) => (isRemoved ? `-${nodeId}` : nodeId))
}

/** How many rows the work writes. */
function rowsWritten({ sqlite }: FeedDatabase, work: () => void): number {
  const count = sqlite.prepare('SELECT total_changes()').pluck()
  const before = count.get() as number
  work()
  return (count.get() as number) - before
}

test('a created node is found at its place, by its inode and by its id', (t) => {
  const { store } = opened(t)
  const { known } = store
  const row = known.childAt('b', 'beside')
  assert.equal(row?.nodeId, 'beside')
  assert.deepEqual(known.byId('beside'), row)
  assert.deepEqual(known.byInode('2049', 'of beside'), [row])
  assert.deepEqual(
    known.children('b').map(({ name }) => name),
    ['beside', 'c'],
  )
  assert.equal(known.childAt('b', 'top'), undefined)
  assert.equal(known.childAt('b', 'c')?.isDirectory, true)
})

test('names that differ only in bytes that are no UTF-8 are different places, and look different', (t) => {
  const { db, store } = opened(t, [])
  const names = ['x\udcff', 'x\udcfe', 'x\ufffd', 'x\ufffdFF']
  store.apply(names.map((name, at) => ({ ...file(name), nodeId: `id ${at}` })))
  for (const name of names) assert.equal(store.known.childAt(SUPER_ROOT_ID, name)?.name, name)
  const shown = db.sqlite.prepare('SELECT name FROM nodes WHERE node_id <> ? ORDER BY rowid').pluck().all(SUPER_ROOT_ID)
  assert.deepEqual(shown, ['x\ufffdFF', 'x\ufffdFE', 'x\ufffd', 'x\ufffdEF\ufffdBF\ufffdBDFF'])
  store.apply([move('id 0', SUPER_ROOT_ID, 'plain')])
  assert.equal(store.known.childAt(SUPER_ROOT_ID, 'plain')?.name, 'plain')
  checkFile(db)
})

test('the path of a node starts at its watch root', (t) => {
  const { db, store } = opened(t)
  assert.equal(store.known.pathOf('deep'), null)
  db.sqlite.exec(
    "INSERT INTO watch_roots (name, node_id, path, state, state_since_ms) VALUES ('a', 'a', '/mnt/media', 'watching', 0)",
  )
  assert.equal(store.known.pathOf('deep'), '/mnt/media/b/c/deep')
  assert.equal(store.known.pathOf('a'), '/mnt/media')
  assert.equal(store.known.pathOf('z'), null)
  assert.equal(store.known.pathOf('nobody'), null)
  db.sqlite.exec("UPDATE watch_roots SET path = '/'")
  assert.equal(store.known.pathOf('deep'), '/b/c/deep')
})

test('I3: a moved folder is re-issued, and after it, breadth first, all that is below it', (t) => {
  const { db, store } = opened(t)
  const before = store.head()
  store.apply([move('a', 'z', 'renamed', true)])
  assert.deepEqual(told(db, before), ['a', 'top', 'b', 'beside', 'c', 'deep'])
  checkFile(db)
  assert.equal(store.known.childAt('z', 'renamed')?.ctime, 2_000)
})

test('I3: what moved into a folder that itself moves comes after that folder', (t) => {
  const { db, store } = opened(t)
  store.apply([move('z', 'c', 'z', true), move('b', SUPER_ROOT_ID, 'b', true), move('a', 'z', 'a', true)])
  checkFile(db)
  const client = createLogClient(db)
  client.catchUp()
  assert.equal(client.nodes.get('a')?.parentId, 'z')
})

test('I3: a file that moves or changes is re-issued alone', (t) => {
  const { db, store } = opened(t)
  const before = store.head()
  assert.equal(
    rowsWritten(db, () => store.apply([move('deep', 'a', 'shallow')])),
    3,
    'its old row in changes goes, a new one comes, and the node is changed',
  )
  assert.deepEqual(told(db, before), ['deep'])
  store.apply([rewrite('beside')])
  assert.deepEqual(told(db, before), ['deep', 'beside'])
  checkFile(db)
})

test('a node says with which change it came to its path: not its own rewrite, but a move of a folder above it', (t) => {
  const { db, store } = opened(t)
  const movedSince = (cursor: number) =>
    db.sqlite
      .prepare('SELECT node_id FROM nodes WHERE moved_change_id > ? ORDER BY moved_change_id')
      .pluck()
      .all(cursor)
  assert.equal(movedSince(0).length, TREE.length)
  const created = store.head()
  store.apply([rewrite('deep')])
  assert.deepEqual(movedSince(created), [])
  store.apply([move('b', 'z', 'b', true), move('top', 'a', 'renamed')])
  assert.deepEqual(movedSince(created), ['b', 'beside', 'c', 'deep', 'top'])
  const moved = store.head()
  store.apply([remove('top')])
  store.apply([file('top', 'a')])
  assert.deepEqual(movedSince(moved), ['top'])
})

test('moving a folder writes three rows for each node in it, and no more', (t) => {
  const files = Array.from({ length: 500 }, (_, at) => file(`f${at}`, 'b'))
  const { db, store } = opened(t, [folder('a'), folder('b', 'a'), ...files, folder('other')])
  assert.equal(
    rowsWritten(db, () => store.apply([move('a', SUPER_ROOT_ID, 'A', true)])),
    3 * 502,
  )
  checkFile(db)
})

test('I4: removing a folder removes every node below it, children before parents', (t) => {
  const { db, store } = opened(t)
  const before = store.head()
  store.apply([remove('a')])
  const order = told(db, before)
  assert.deepEqual(order.toSorted(), ['-a', '-b', '-beside', '-c', '-deep', '-top'])
  for (const [child, parent] of ['top a', 'b a', 'beside b', 'c b', 'deep c'].map((pair) => pair.split(' '))) {
    assert.ok(order.indexOf(`-${child}`) < order.indexOf(`-${parent}`), `${child} before ${parent}`)
  }
  assert.deepEqual(
    liveNodes(db).map(({ nodeId }) => nodeId),
    ['z'],
  )
  checkFile(db)
})

test('I4: a node that was removed with its folder is not removed a second time', (t) => {
  const { db, store } = opened(t)
  const before = store.head()
  store.apply([remove('a'), remove('b'), remove('deep'), remove('never was')])
  assert.equal(told(db, before).length, 6)
  assert.equal(store.head(), before + 6)
  checkFile(db)
})

test('a removed id that lives again keeps when it was first seen, and has one row', (t) => {
  const { db, store } = opened(t, [file('x')])
  const first = store.head()
  store.apply([remove('x')])
  store.apply([file('x')])
  assert.deepEqual(changesSince(db, 0), [{ changeId: first + 2, nodeId: 'x', isRemoved: 0, firstChangeId: first }])
  store.apply([remove('x')])
  assert.deepEqual(told(db, first), ['-x'])
  assert.deepEqual(told(db, first + 2), ['-x'])
  assert.deepEqual(told(db, 0), [], 'a client that never had it receives no removal')
  checkFile(db)
})

test('a removal and a creation of the same id in one transaction are one living node', (t) => {
  const { db, store } = opened(t, [file('x'), folder('z')])
  const before = store.head()
  store.apply([remove('x'), file('x', 'z')])
  assert.deepEqual(told(db, before), ['x'])
  checkFile(db)
})

test('first_change_id survives every kind of change', (t) => {
  const { db, store } = opened(t)
  const firstOf = () => new Map(changesSince(db, 0).map(({ nodeId, firstChangeId }) => [nodeId, firstChangeId]))
  const before = firstOf()
  store.apply([rewrite('deep'), move('b', 'z', 'b', true), move('a', 'z', 'a', true), move('top', 'c')])
  assert.deepEqual(firstOf(), before)
  store.apply([remove('b')])
  const tombstones = changesSince(db, store.head() - 5)
  for (const { nodeId, firstChangeId } of tombstones) assert.equal(firstChangeId, before.get(nodeId))
})

test('I5: a cursor is never given to another change, though the newest one is gone from the log', (t) => {
  const { db, store } = opened(t, [file('x')])
  store.apply([remove('x')])
  const head = store.head()
  assert.equal(createStore(db, Date.now).head(), head)
  store.apply([file('x')])
  db.sqlite.exec('DELETE FROM changes')
  const again = createStore(db, Date.now)
  assert.equal(again.head(), head + 1)
  again.apply([file('y')])
  assert.equal(again.head(), head + 2)
})

test('I5: a transaction that fails leaves nothing, and the next one goes on from what is durable', (t) => {
  const { db, store } = opened(t, [file('x')])
  const head = store.head()
  const before = db.sqlite.prepare('SELECT * FROM changes').all()
  assert.throws(() => store.apply([file('y'), remove('x'), file('y')]), { code: /^SQLITE_CONSTRAINT/ })
  assert.equal(store.head(), head)
  assert.deepEqual(db.sqlite.prepare('SELECT * FROM changes').all(), before)
  store.apply([file('z')])
  assert.equal(store.head(), head + 1)
  checkFile(db)
})

test('I5: what is written in one transaction is written whole or not at all, and the next one goes on from what is durable', (t) => {
  const { db, store } = opened(t, [file('x')])
  const head = store.head()
  const failing = () => {
    store.apply([file('y')])
    throw new Error('a write elsewhere failed')
  }
  assert.throws(() => store.transaction(failing), /elsewhere failed/)
  assert.equal(store.head(), head)
  assert.equal(store.known.byId('y'), undefined)
  store.transaction(() => store.apply([file('z')]))
  assert.equal(store.head(), head + 1)
  checkFile(db)
})

test('I12: a recheck and an adoption are silent', (t) => {
  const { db, store } = opened(t)
  const before = store.head()
  store.apply([
    { kind: 'recheck', nodeId: 'deep', awaiting: { state: 'fresh', dueMs: 77 } },
    { kind: 'adopt', nodeId: 'beside', facts: factsOf('new inode', { device: 'new device', ctime: 9 }) },
  ])
  assert.equal(store.head(), before)
  assert.deepEqual(told(db, before), [])
  assert.equal(store.known.byInode('new device', 'new inode')[0]?.nodeId, 'beside')
  assert.equal(store.known.byId('beside')?.ctime, 9)
})

test('I12: no decision writes no row', (t) => {
  const { db, store } = opened(t)
  assert.equal(
    rowsWritten(db, () => store.apply([])),
    0,
  )
})

test('a rewrite forgets the hash and keeps type and dimensions until the new ones are known', (t) => {
  const { db, store } = opened(t)
  db.sqlite.exec(
    `UPDATE nodes SET hash = 'h', mime_type = 'image/png', is_image = 1, width = 3, metadata_state = 'failed',
     metadata_error = 'e' WHERE node_id = 'deep'`,
  )
  store.apply([rewrite('deep', { size: 99, mtime: 4_000, ctime: 4_001, birthTime: 7 })])
  assert.deepEqual(
    db.sqlite
      .prepare(
        `SELECT hash, mime_type, is_image, width, size, mtime, ctime, birth_time, metadata_state, metadata_due_ms,
         metadata_error FROM nodes WHERE node_id = 'deep'`,
      )
      .raw()
      .get(),
    ['', 'image/png', 1, 3, 99, 4_000, 4_001, 7, 'fresh', 5, null],
  )
})

test('a further name copies what is known of the first, and is read itself if the first is gone', (t) => {
  const { db, store } = opened(t, [file('x')])
  db.sqlite.exec("UPDATE nodes SET hash = 'h', mime_type = 'text/plain', metadata_state = 'ready' WHERE node_id = 'x'")
  store.apply([file('y', SUPER_ROOT_ID, FRESH, 'x'), remove('x'), file('z', SUPER_ROOT_ID, FRESH, 'x')])
  const metadata = db.sqlite.prepare('SELECT hash, mime_type, metadata_state FROM nodes WHERE node_id = ?').raw()
  assert.deepEqual(metadata.get('y'), ['h', 'text/plain', 'ready'])
  assert.deepEqual(metadata.get('z'), ['', '', 'fresh'])
})

test('I11: two names are swapped in one transaction', (t) => {
  const { db, store } = opened(t, [file('x'), file('y')])
  store.apply([move('x', SUPER_ROOT_ID, 'y'), move('y', SUPER_ROOT_ID, 'x')])
  assert.equal(store.known.childAt(SUPER_ROOT_ID, 'x')?.nodeId, 'y')
  checkFile(db)
})

test('fresh files are read before the backlog, each in the order in which they are due', (t) => {
  const at = (name: string, state: MetadataDue['state'], dueMs: number) => file(name, SUPER_ROOT_ID, { state, dueMs })
  const { store } = opened(t, [
    at('old', 'backlog', 1),
    at('later', 'fresh', 900),
    at('second', 'fresh', 20),
    at('first', 'fresh', 10),
    at('older', 'backlog', 0),
    at('done', 'ready', 0),
    at('broken', 'failed', 0),
    at('secret', 'unreadable', 0),
    at('much later', 'backlog', 1_000),
  ])
  const { known } = store
  const waiting = (nowMs: number, limit: number) =>
    known.waiting(nowMs, limit, Number.MAX_SAFE_INTEGER).map(({ nodeId }) => nodeId)
  assert.deepEqual(waiting(100, 10), ['first', 'second', 'older', 'old'])
  assert.deepEqual(waiting(100, 2), ['first', 'second'])
  assert.deepEqual(waiting(100, 3), ['first', 'second', 'older'])
  assert.equal(known.nextDueMs(100), 900)
  assert.equal(known.nextDueMs(900), 1_000)
  assert.equal(known.nextDueMs(1_000), null)
  assert.deepEqual(known.counts(), { waiting: 6, failed: 2 })
})

test('a row of the original program is found by its inode, which is not in the row yet', (t) => {
  const { db } = opened(t, [file('x')])
  db.sqlite
    .prepare("UPDATE nodes SET device = '', inode = '', node_id = ? WHERE node_id = 'x'")
    .run(plainNodeId('2049', '5'))
  const { known } = createStore(db, Date.now)
  assert.deepEqual(
    known.byInode('2049', '5').map(({ name, device }) => [name, device]),
    [['x', '']],
  )
  assert.deepEqual(known.byInode('2049', '6'), [])
  assert.deepEqual(known.byInode('2050', '5'), [])
})

test('a commit that only gives rows other numbers leaves the head where readers look for it', (t) => {
  const { db, store } = openStore(t)
  store.apply([folder('a'), file('b', 'a')])
  const found = {
    hash: 'md5',
    mimeType: 'text/plain',
    isImage: false,
    isVideo: false,
    width: 0,
    height: 0,
    msDuration: 0,
  }
  const { inode, size, mtime } = factsOf('of b')
  const bytes = { nodeId: 'b', inode, size, mtime, askedMs: 10 }
  const first = db.sqlite.prepare("SELECT first_change_id FROM changes WHERE node_id = 'b'").pluck()
  assert.deepEqual(store.saveMetadata([{ kind: 'found', bytes, metadata: found, problem: null }]), [true])
  assert.equal(store.head(), 3)
  assert.equal(createStore(db, Date.now).head(), 3)
  assert.equal(first.get(), 2)
  checkFile(db)
})

test('readers are told once of each commit that moved the head, when they can read it', (t) => {
  const { db } = openStore(t)
  const reader = openReader(db.sqlite.name)
  t.after(() => reader.sqlite.close())
  const sequence = reader.sqlite.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'changes'").pluck()
  const read: unknown[] = []
  const store = createStore(db, Date.now, () => read.push(sequence.get()))
  store.apply([folder('a'), file('b', 'a')])
  store.transaction(() => {
    store.apply([file('c', 'a')])
    store.apply([file('d', 'a')])
  })
  store.apply([])
  store.capDue(0)
  store.postpone('b', 5)
  assert.deepEqual(read, [2, 4])
  assert.throws(() => store.apply([file('e'), file('e')]))
  assert.deepEqual(read, [2, 4])
})
