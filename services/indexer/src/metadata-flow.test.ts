/**
 * Shows how waiting rows get their metadata. The real store, tree and pauses; the test gives the workers' answers and
 * moves the clock.
 */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { plainNodeId } from '@drive-feed/shared/node-id.ts'
import { type RootState, SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'
import { changesSince } from '../../../test/support/log-client.ts'
import { openStore } from '../../../test/support/open-store.ts'
import { rootFolder } from '../../../test/support/root-folder.ts'
import { DEVICE, factsOf } from '../../../test/support/rows.ts'
import { createFailureLog } from './metadata/failure-log.ts'
import type { Metadata, MetadataJob, MetadataResult } from './metadata/metadata-job.ts'
import { createReadingRetries } from './metadata/reading-retries.ts'
import { UNKNOWN_TYPE, UNSURE_TYPES } from './metadata/unsure-types.ts'
import { createMetadataFlow, createVersions } from './metadata-flow.ts'
import type { Facts } from './model/decision.ts'
import { createTree } from './model/folder-tree.ts'
import type { KnownNode } from './model/known-node.ts'
import { createReadAgain } from './store/read-again.ts'

const PICTURE: Metadata = {
  hash: 'md5',
  mimeType: 'image/png',
  isImage: true,
  isVideo: false,
  width: 3,
  height: 2,
  msDuration: 0,
}
const TOP_ID = 'top'
const START_MS = 1_000_000

function createBench(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout', 'setImmediate'] })
  const { db, store } = openStore(t)
  const { known } = store
  const bench = { nowMs: START_MS, rootState: 'watching' as RootState, isOtherName: true }
  const nowMs = () => bench.nowMs
  const tree = createTree()
  tree.addRoot(rootFolder('media'), { nodeId: TOP_ID, device: DEVICE, inode: '1' })
  const retries = createReadingRetries({ arrivalOf: known.arrivalOf, nowMs })
  const inPool: MetadataJob[] = []
  const lookedAt: KnownNode[] = []
  const lines: object[] = []
  const failures = createFailureLog({ log: { warn: (fields) => lines.push(fields) }, nowMs })
  const flow = createMetadataFlow({
    pool: { room: 64, bigRoom: 1, hugeRoom: 1, submit: (jobs) => inPool.push(...jobs) },
    ...{ store, tree, retries, failures, nowMs },
    rootAt: (path) => (path.startsWith('/media/') ? { path: '/media', state: { kind: bench.rootState } } : undefined),
    deviceNumberOf: (device) => (device === DEVICE ? '66' : 'not met'),
    carriesHash: () => bench.isOtherName,
    lookAt: (row) => lookedAt.push(row),
  })
  t.after(() => {
    flow.stop('abandon')
    failures.stop()
  })
  const pass = (ms: number) => {
    bench.nowMs += ms
    t.mock.timers.tick(ms)
  }
  const row = (name: string) => {
    const { nodeId } = known.childAt(TOP_ID, name) ?? { nodeId: '' }
    return db.sqlite
      .prepare<[string], { state: string; hash: string; type: string; dueMs: number; error: string | null }>(
        `SELECT metadata_state AS state, hash, mime_type AS type, metadata_due_ms AS dueMs, metadata_error AS error
         FROM nodes WHERE node_id = ?`,
      )
      .get(nodeId)
  }
  return {
    ...{ bench, db, store, retries, inPool, lookedAt, lines, pass, row },
    /** How long until the file is due, ms. */
    pauseOf: (name: string) => (row(name)?.dueMs ?? 0) - bench.nowMs,
    make: (name: string, inode: number, parentId = TOP_ID) => {
      const nodeId = plainNodeId(DEVICE, `${inode}`)
      const awaiting = { state: 'fresh', dueMs: 0 } as const
      const at = { parentId, name, isDirectory: false }
      store.apply([{ kind: 'create', nodeId, ...at, facts: factsOf(inode), awaiting, copyOf: null }])
      return nodeId
    },
    rewrite: (nodeId: string, facts: Facts) => {
      store.apply([{ kind: 'rewrite', nodeId, facts, awaiting: { state: 'fresh', dueMs: bench.nowMs } }])
    },
    /** Gives the workers what is due. */
    give: () => {
      flow.wake()
      t.mock.timers.tick(1)
    },
    /** Answers all that the workers have. */
    answer: (result: (job: MetadataJob) => MetadataResult) => {
      flow.takeResults(inPool.splice(0).map(result))
      // The feeder stores results a moment later.
      t.mock.timers.tick(25)
    },
  }
}

const done =
  (metadata: Partial<Metadata> = {}, problem: string | null = null) =>
  (job: MetadataJob): MetadataResult => ({ kind: 'done', job, metadata: { ...PICTURE, ...metadata }, problem })
const said =
  (kind: 'changed' | 'gone') =>
  (job: MetadataJob): MetadataResult => ({ kind, job })
const refused =
  (kind: 'busy' | 'unreadable' | 'failed', problem = 'why') =>
  (job: MetadataJob): MetadataResult => ({ kind, job, problem })

test('a file is given to the workers with its place, and gets what they find', (t) => {
  const { db, store, make, give, inPool, answer, row, lookedAt, lines } = createBench(t)
  const nodeId = make('a', 5)
  const head = store.head()
  give()
  const [{ path, root, deviceNumber, inode, size, mtime } = assert.fail()] = inPool
  assert.deepEqual([path, root, deviceNumber, inode, size, mtime], ['/media/a', '/media', '66', '5', 10, 1_000])
  answer(done())
  assert.deepEqual(row('a'), { state: 'ready', hash: 'md5', type: 'image/png', dueMs: 0, error: null })
  assert.deepEqual(
    changesSince(db, head).map((change) => change.nodeId),
    [nodeId],
  )
  assert.deepEqual([lookedAt, lines], [[], []])
})

test('a file for which no worker had time waits as a row, and is given again when it is due', (t) => {
  const { make, give, inPool, answer, row, pauseOf, pass, retries } = createBench(t)
  make('a', 5)
  give()
  answer((job) => ({ kind: 'later', job, afterMs: 60_000 }))
  assert.deepEqual([row('a')?.state, pauseOf('a')], ['fresh', 60_000])
  give()
  assert.deepEqual(inPool, [])
  pass(60_000)
  give()
  assert.equal(inPool.length, 1)
  assert.deepEqual(retries.tried(Number.MAX_VALUE), [], 'this was no try')
})

test('a file below no known folder goes on waiting', (t) => {
  const { make, give, inPool } = createBench(t)
  make('a', 5, 'a folder of no root')
  give()
  assert.deepEqual(inPool, [])
})

test('a row with the inode number of a file that was read gets its hash only if it is another name of that file', (t) => {
  const { bench, store, make, give, answer, row } = createBench(t)
  make('a', 5)
  const at = { parentId: TOP_ID, name: 'b', isDirectory: false }
  const awaiting = { state: 'fresh', dueMs: 0 } as const
  store.apply([{ kind: 'create', nodeId: 'other', ...at, facts: factsOf(5), awaiting, copyOf: null }])
  bench.isOtherName = false
  give()
  answer(done())
  assert.deepEqual([row('a')?.hash, row('b')?.hash], ['md5', ''])
  bench.isOtherName = true
  store.apply([{ kind: 'recheck', nodeId: plainNodeId(DEVICE, '5'), awaiting }])
  give()
  answer(done())
  assert.deepEqual([row('a')?.hash, row('b')?.hash], ['md5', 'md5'])
})

for (const kind of ['changed', 'gone'] as const) {
  test(`a file that was ${kind} when it was read is looked at, and read again after growing pauses`, (t) => {
    const { make, give, inPool, answer, pass, pauseOf, row, lookedAt, lines } = createBench(t)
    make('a', 5)
    const pauses: number[] = []
    for (let tries = 0; tries < 4; tries += 1) {
      give()
      assert.equal(inPool.length, 1)
      answer(said(kind))
      pauses.push(pauseOf('a'))
      give()
      assert.deepEqual(inPool, [], 'not before it is due')
      pass(pauseOf('a'))
    }
    assert.deepEqual(pauses, [1_000, 2_000, 4_000, 8_000])
    assert.deepEqual(
      lookedAt.map(({ name }) => name),
      ['a', 'a', 'a', 'a'],
    )
    assert.deepEqual([row('a')?.state, lines], ['fresh', []])
  })
}

test('a file that is refused for now is read again sooner, and not looked at', (t) => {
  const { make, give, answer, pass, pauseOf, lookedAt, lines } = createBench(t)
  make('a', 5)
  const pauses = [1, 2, 3].map(() => {
    give()
    answer(refused('busy'))
    const pauseMs = pauseOf('a')
    pass(pauseMs)
    return pauseMs
  })
  assert.deepEqual(pauses, [250, 500, 1_000])
  assert.deepEqual([lookedAt, lines], [[], []])
})

test('a file that grows while it is read has growing pauses, and none once it was read', (t) => {
  const { bench, retries, make, rewrite, give, inPool, answer, pass, pauseOf } = createBench(t)
  const nodeId = make('a', 5)
  const pauses: number[] = []
  for (let size = 11; size < 15; size += 1) {
    give()
    // Sometimes the growth is seen before the worker's answer comes, sometimes not.
    if (size % 2 === 0) rewrite(nodeId, factsOf(5, { size }))
    answer(said('changed'))
    pauses.push(pauseOf('a'))
    assert.equal(retries.notBeforeMs(nodeId), bench.nowMs + pauseOf('a'))
    pass(pauseOf('a'))
  }
  assert.deepEqual(pauses, [1_000, 2_000, 4_000, 8_000])
  give()
  assert.equal(inPool.length, 1)
  answer(done())
  rewrite(nodeId, factsOf(5, { size: 99 }))
  assert.equal(retries.notBeforeMs(nodeId), 0)
})

test('a file that is moved again and again while it is read does not count as tried in vain', (t) => {
  const { store, make, give, answer, pass, pauseOf } = createBench(t)
  const nodeId = make('0', 5)
  for (let at = 1; at < 6; at += 1) {
    give()
    answer(said('gone'))
    const move = { nodeId, parentId: TOP_ID, name: `${at}`, isDirectory: false, ctime: 1_000 }
    store.apply([{ kind: 'move', ...move }])
    assert.equal(pauseOf(`${at}`), 1_000)
    pass(1_000)
  }
})

test('a file in a folder that moves does not count as tried in vain', (t) => {
  const { store, make, give, answer, pass, pauseOf } = createBench(t)
  make('a', 5)
  const awaiting = { state: 'ready', dueMs: 0 } as const
  const top = { nodeId: TOP_ID, parentId: SUPER_ROOT_ID, isDirectory: true, ctime: 1_000 }
  store.apply([{ kind: 'create', ...top, name: 'top', facts: factsOf(1), awaiting, copyOf: null }])
  for (let at = 1; at < 6; at += 1) {
    give()
    answer(said('gone'))
    store.apply([{ kind: 'move', ...top, name: `${at}` }])
    assert.equal(pauseOf('a'), 1_000)
    pass(1_000)
  }
})

test('a new file does not wait for one that had its inode number', (t) => {
  const { store, retries, make, give, answer, pass, pauseOf, row } = createBench(t)
  const nodeId = make('a', 5)
  for (let tries = 0; tries < 5; tries += 1) {
    give()
    answer(said('changed'))
    pass(pauseOf('a'))
  }
  store.apply([{ kind: 'remove', nodeId }])
  assert.equal(make('b', 5), nodeId)
  assert.equal(retries.notBeforeMs(nodeId), 0)
  give()
  answer(said('changed'))
  assert.equal(pauseOf('b'), 1_000)
  pass(1_000)
  give()
  answer(done())
  assert.equal(row('b')?.state, 'ready')
})

test('a file that is read again and again without being stored is read after growing pauses too', (t) => {
  const { make, rewrite, give, answer, pass, pauseOf, row } = createBench(t)
  const nodeId = make('a', 5)
  const pauses: number[] = []
  for (let size = 11; size < 15; size += 1) {
    give()
    // The bytes that were read are no longer the row's.
    rewrite(nodeId, factsOf(5, { size }))
    answer(done())
    assert.equal(row('a')?.hash, '')
    pauses.push(pauseOf('a'))
    pass(pauseOf('a'))
  }
  assert.deepEqual(pauses, [250, 500, 1_000, 2_000])
})

test('the answer about a file that was removed changes nothing', (t) => {
  const { store, make, give, answer, lookedAt, row, retries } = createBench(t)
  const nodeId = make('a', 5)
  give()
  store.apply([{ kind: 'remove', nodeId }])
  answer(said('gone'))
  assert.deepEqual([row('a'), lookedAt, retries.tried(Number.MAX_VALUE)], [undefined, [], []])
})

test('a file that is missing because its root is away waits for the scan', (t) => {
  const { bench, make, give, answer, row, lookedAt, lines, retries } = createBench(t)
  make('a', 5)
  give()
  bench.rootState = 'offline'
  answer(said('gone'))
  const { state, error } = row('a') ?? {}
  assert.deepEqual([state, error], ['unreadable', 'its watched folder is offline'])
  assert.deepEqual([lookedAt, lines, retries.tried(Number.MAX_VALUE)], [[], [], []])
})

for (const kind of ['unreadable', 'failed'] as const) {
  test(`a file that is ${kind} has that in its row and in the log`, (t) => {
    const { make, give, answer, row, lines, lookedAt } = createBench(t)
    make('a', 5)
    give()
    answer(refused(kind))
    const { state, error } = row('a') ?? {}
    assert.deepEqual([state, error], [kind, 'why'])
    assert.deepEqual([lines, lookedAt], [[{ path: '/media/a', problem: 'why' }], []])
  })
}

/** A bench with a picture that was read and is to be asked for again. */
function createAgain(t: TestContext) {
  const all = createBench(t)
  const nodeId = all.make('a', 5)
  all.give()
  all.answer(done())
  const ask = () => {
    all.store.apply([{ kind: 'recheck', nodeId, awaiting: { state: 'again', dueMs: 0 } }])
    all.give()
    assert.equal(all.inPool[0]?.knownHash, 'md5')
  }
  ask()
  return { ...all, ask }
}

const HOUR_MS = 3_600_000

test('clients receive a file that was asked for again only if the answer differs', (t) => {
  const { store, ask, answer, row, lines, lookedAt } = createAgain(t)
  const head = store.head()
  answer(done())
  assert.deepEqual([row('a')?.state, store.head()], ['ready', head])
  ask()
  answer(done({ mimeType: 'image/apng' }))
  assert.deepEqual([row('a')?.type, store.head()], ['image/apng', head + 1])
  assert.deepEqual([lines, lookedAt], [[], []])
})

test('if a library fails on a file that is asked for again, the owner sees it and clients keep what was right', (t) => {
  const { store, answer, row, lines } = createAgain(t)
  const head = store.head()
  answer(done({ mimeType: UNKNOWN_TYPE, isImage: false, width: 0, height: 0 }, 'killed by SIGSEGV'))
  assert.deepEqual(row('a'), { state: 'failed', hash: 'md5', type: 'image/png', dueMs: 0, error: 'killed by SIGSEGV' })
  assert.equal(store.head(), head)
  assert.deepEqual(lines, [{ path: '/media/a', problem: 'killed by SIGSEGV' }])
})

for (const kind of ['changed', 'gone'] as const) {
  test(`a file that is ${kind} when it is asked for again is looked at, and asked for in an hour`, (t) => {
    const { answer, row, pauseOf, lookedAt, lines, retries } = createAgain(t)
    answer(said(kind))
    assert.deepEqual([row('a')?.state, pauseOf('a')], ['again', HOUR_MS])
    assert.deepEqual(
      lookedAt.map(({ name }) => name),
      ['a'],
    )
    assert.deepEqual([lines, retries.tried(Number.MAX_VALUE)], [[], []])
  })
}

test('a file that is asked for again while its root is away stays as it is, and is not looked at', (t) => {
  const { bench, answer, row, pauseOf, lookedAt } = createAgain(t)
  bench.rootState = 'offline'
  answer(said('gone'))
  assert.deepEqual([row('a')?.state, row('a')?.error, pauseOf('a')], ['again', null, HOUR_MS])
  assert.deepEqual(lookedAt, [])
})

test('another version of a library is logged once, and has files asked for again that it may know better', (t) => {
  const { db, make, give, answer, row, pass } = createBench(t)
  make('a', 5)
  give()
  answer(done({ mimeType: UNKNOWN_TYPE, isImage: false, width: 0, height: 0 }))
  const notices: object[] = []
  let marked = 0
  const versions = createVersions({
    readAgain: createReadAgain(db, UNSURE_TYPES),
    log: { info: (fields: object) => notices.push(fields) },
    onMarked: () => {
      marked += 1
    },
  })
  t.after(versions.stop)
  const before = { libmagic: '545', magicDatabase: '1@1', mediaInfo: 'v25', rules: '1' }
  versions.tell(before)
  pass(1_000)
  assert.deepEqual([notices, marked, row('a')?.state], [[], 0, 'ready'], 'nothing was read with other versions')
  const now = { ...before, libmagic: '546' }
  versions.tell(now)
  versions.tell(now)
  pass(1_000)
  assert.deepEqual([notices, marked, row('a')?.state], [[{ before, now }], 1, 'again'])
})
