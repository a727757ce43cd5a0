/**
 * Shows which results are stored (I6) and which of them clients see (I12). The real store on a database in a temporary
 * folder.
 */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'
import { checkFile } from '../../../../test/support/check-file.ts'
import { changesSince } from '../../../../test/support/log-client.ts'
import { openStore } from '../../../../test/support/open-store.ts'
import { factsOf } from '../../../../test/support/rows.ts'
import type { Decision } from '../model/decision.ts'
import type { FoundMetadata, MetadataFinding, ReadBytes } from './metadata-writer.ts'

const FOUND: FoundMetadata = {
  hash: 'md5',
  mimeType: 'image/png',
  isImage: true,
  isVideo: false,
  width: 3,
  height: 2,
  msDuration: 0,
}

const NOTHING_BUT_A_HASH: Partial<FoundMetadata> = {
  mimeType: 'application/octet-stream',
  isImage: false,
  width: 0,
  height: 0,
}

function file(nodeId: string, inode: string): Decision {
  const awaiting = { state: 'fresh', dueMs: 0 } as const
  const at = { parentId: SUPER_ROOT_ID, name: nodeId, isDirectory: false }
  return { kind: 'create', nodeId, ...at, facts: factsOf(inode), awaiting, copyOf: null }
}

function bytesOf(nodeId: string, inode: string, other: Partial<ReadBytes> = {}): ReadBytes {
  return { nodeId, inode, size: 10, mtime: 1_000, askedMs: 10_000, ...other }
}

function found(
  bytes: ReadBytes,
  metadata: Partial<FoundMetadata> = {},
  problem: string | null = null,
): MetadataFinding {
  return { kind: 'found', bytes, metadata: { ...FOUND, ...metadata }, problem }
}

/** x and its further name y, and z. */
function opened(t: TestContext) {
  const { db, store } = openStore(t)
  store.apply([file('x', '1'), file('y', '1'), file('z', '2')])
  const row = db.sqlite.prepare(
    `SELECT hash, mime_type, is_image, is_video, width, height, ms_duration, metadata_state, metadata_error
     FROM nodes WHERE node_id = ?`,
  )
  const head = store.head()
  return {
    store,
    row: (nodeId: string) => row.raw().get(nodeId),
    told: () => changesSince(db, head).map(({ nodeId }) => nodeId),
    check: () => checkFile(db),
  }
}

const UNTOUCHED = ['', '', 0, 0, 0, 0, 0, 'fresh', null]

test('a finding is stored, and clients receive it', (t) => {
  const { store, row, told, check } = opened(t)
  store.saveMetadata([found(bytesOf('z', '2'))])
  assert.deepEqual(row('z'), ['md5', 'image/png', 1, 0, 3, 2, 0, 'ready', null])
  assert.deepEqual(told(), ['z'])
  check()
})

test('hard links share what was read through one of them', (t) => {
  const { store, row, told, check } = opened(t)
  store.saveMetadata([found(bytesOf('y', '1'))])
  assert.deepEqual(row('x'), row('y'))
  assert.deepEqual(told().toSorted(), ['x', 'y'])
  assert.deepEqual(row('z'), UNTOUCHED)
  check()
})

for (const [what, other] of [
  ['size', { size: 11 }],
  ['time', { mtime: 1_001 }],
  ['inode', { inode: '9' }],
] as const) {
  test(`I6: bytes of another ${what} than the row's are left out`, (t) => {
    const { store, row, told } = opened(t)
    store.saveMetadata([found({ ...bytesOf('z', '2'), ...other })])
    store.saveMetadata([{ kind: 'failed', bytes: { ...bytesOf('z', '2'), ...other }, problem: 'p' }])
    assert.deepEqual(row('z'), UNTOUCHED)
    assert.deepEqual(told(), [])
  })
}

test('I6: bytes of a node that is gone, or of another device, are left out', (t) => {
  const { store, told } = opened(t)
  store.apply([{ kind: 'remove', nodeId: 'z' }])
  const before = told()
  store.saveMetadata([found(bytesOf('z', '2')), found(bytesOf('never was', '1'))])
  assert.deepEqual(told(), before)
  store.apply([{ kind: 'adopt', nodeId: 'y', facts: factsOf('1', { device: 'another' }) }])
  store.saveMetadata([found(bytesOf('y', '1'))])
  assert.deepEqual(told(), [...before, 'y'], 'x has the same inode number on another device')
})

test('I6: a finding is left out if its row was rewritten in between, and stored if it was rechecked', (t) => {
  const { store, row } = opened(t)
  const awaiting = { state: 'fresh', dueMs: 0 } as const
  store.apply([{ kind: 'rewrite', nodeId: 'z', facts: factsOf('2', { mtime: 2_000 }), awaiting }])
  store.saveMetadata([found(bytesOf('z', '2'))])
  assert.deepEqual(row('z'), UNTOUCHED)
  store.apply([{ kind: 'recheck', nodeId: 'z', awaiting }])
  store.saveMetadata([found(bytesOf('z', '2', { mtime: 2_000 }))])
  assert.equal((row('z') as unknown[])[0], 'md5')
})

test('I12: a file that is read again and is the same is silent', (t) => {
  const { store, row, told } = opened(t)
  store.saveMetadata([found(bytesOf('z', '2'))])
  const before = told()
  store.apply([{ kind: 'recheck', nodeId: 'z', awaiting: { state: 'fresh', dueMs: 0 } }])
  store.saveMetadata([found(bytesOf('z', '2'))])
  assert.deepEqual(told(), before)
  assert.equal((row('z') as unknown[])[7], 'ready')
})

test('I12: what was known of the same bytes stays if a library fails on them now', (t) => {
  const { store, row, told } = opened(t)
  store.saveMetadata([found(bytesOf('z', '2'))])
  const before = told()
  store.apply([{ kind: 'recheck', nodeId: 'z', awaiting: { state: 'fresh', dueMs: 0 } }])
  store.saveMetadata([found(bytesOf('z', '2'), NOTHING_BUT_A_HASH, 'killed by SIGSEGV')])
  assert.deepEqual(row('z'), ['md5', 'image/png', 1, 0, 3, 2, 0, 'failed', 'killed by SIGSEGV'])
  assert.deepEqual(told(), before)
  store.apply([{ kind: 'recheck', nodeId: 'z', awaiting: { state: 'fresh', dueMs: 0 } }])
  store.saveMetadata([found(bytesOf('z', '2'), { ...NOTHING_BUT_A_HASH, hash: 'other' }, 'killed by SIGSEGV')])
  assert.deepEqual(row('z'), ['other', 'application/octet-stream', 0, 0, 0, 0, 0, 'failed', 'killed by SIGSEGV'])
})

for (const [what, other] of [
  ['hash', { hash: 'other' }],
  ['MIME type', { mimeType: 'image/gif' }],
  ['width', { width: 4 }],
  ['height', { height: 4 }],
  ['duration', { msDuration: 4 }],
  ['being an image', { isImage: false }],
  ['being a video', { isVideo: true }],
] as const) {
  test(`clients receive another ${what} alone`, (t) => {
    const { store, told } = opened(t)
    store.saveMetadata([found(bytesOf('z', '2'))])
    const before = store.head()
    store.apply([{ kind: 'recheck', nodeId: 'z', awaiting: { state: 'fresh', dueMs: 0 } }])
    store.saveMetadata([found(bytesOf('z', '2'), other)])
    assert.equal(store.head(), before + 1)
    assert.deepEqual(told(), ['z'])
  })
}

test('a file on which a library failed shows what is known, with the reason beside it', (t) => {
  const { store, row, told } = opened(t)
  store.saveMetadata([found(bytesOf('z', '2'), {}, 'MediaInfo crashed')])
  assert.deepEqual(row('z'), ['md5', 'image/png', 1, 0, 3, 2, 0, 'failed', 'MediaInfo crashed'])
  assert.deepEqual(told(), ['z'])
})

test('a failed and an unreadable file are sent once, to clients that wait for the hash, and not tried in a loop', (t) => {
  const { store, row, told, check } = opened(t)
  store.saveMetadata([{ kind: 'failed', bytes: bytesOf('z', '2'), problem: 'timed out' }])
  store.saveMetadata([{ kind: 'unreadable', bytes: bytesOf('x', '1'), problem: 'EACCES' }])
  assert.deepEqual(row('z'), ['', '', 0, 0, 0, 0, 0, 'failed', 'timed out'])
  assert.deepEqual(row('y'), ['', '', 0, 0, 0, 0, 0, 'unreadable', 'EACCES'])
  assert.deepEqual(told().toSorted(), ['x', 'y', 'z'])
  assert.deepEqual(store.known.waiting(1_000_000, 10, Number.MAX_SAFE_INTEGER), [])
  assert.deepEqual(store.known.counts(), { waiting: 0, failed: 3 })
  check()
})

for (const kind of ['failed', 'unreadable'] as const) {
  test(`I12: a file that is ${kind} again, or was hashed before, is silent`, (t) => {
    const { store, row } = opened(t)
    const awaiting = { state: 'fresh', dueMs: 0 } as const
    store.saveMetadata([{ kind, bytes: bytesOf('z', '2'), problem: 'once' }, found(bytesOf('x', '1'))])
    const before = store.head()
    store.apply([
      { kind: 'recheck', nodeId: 'z', awaiting },
      { kind: 'recheck', nodeId: 'x', awaiting },
    ])
    assert.equal((row('z') as unknown[])[8], 'once', 'while it waits it is not pending: a row need not come')
    store.saveMetadata([
      { kind, bytes: bytesOf('z', '2'), problem: 'again' },
      { kind, bytes: bytesOf('x', '1'), problem: 'now' },
    ])
    assert.equal(store.head(), before)
    assert.deepEqual([(row('z') as unknown[])[8], (row('x') as unknown[])[8]], ['again', 'now'])
  })
}

test('a rewrite makes a file that failed pending again', (t) => {
  const { store, row, told } = opened(t)
  store.saveMetadata([{ kind: 'failed', bytes: bytesOf('z', '2'), problem: 'p' }])
  const awaiting = { state: 'fresh', dueMs: 0 } as const
  store.apply([{ kind: 'rewrite', nodeId: 'z', facts: factsOf('2', { mtime: 2_000 }), awaiting }])
  assert.deepEqual(row('z'), UNTOUCHED)
  const before = store.head()
  store.saveMetadata([{ kind: 'failed', bytes: bytesOf('z', '2', { mtime: 2_000 }), problem: 'p' }])
  assert.equal(store.head(), before + 1)
  assert.deepEqual(told(), ['z'])
})

test('a file that changed while it was read is asked for again later', (t) => {
  const { store, told } = opened(t)
  store.saveMetadata([{ kind: 'later', bytes: bytesOf('z', '2'), dueMs: 5_000 }])
  const waiting = (nowMs: number) => store.known.waiting(nowMs, 10, Number.MAX_SAFE_INTEGER).map(({ nodeId }) => nodeId)
  assert.deepEqual(waiting(4_999), ['x', 'y'])
  assert.deepEqual(waiting(5_000), ['x', 'y', 'z'])
  assert.deepEqual(told(), [])
})

test('I6: what was read before the row became due again is left out', (t) => {
  const { store, told } = opened(t)
  store.apply([{ kind: 'recheck', nodeId: 'z', awaiting: { state: 'fresh', dueMs: 700 } }])
  store.saveMetadata([found(bytesOf('z', '2', { askedMs: 699 }))])
  assert.deepEqual(told(), [])
  store.saveMetadata([found(bytesOf('z', '2', { askedMs: 700 }))])
  assert.deepEqual(told(), ['z'])
})
