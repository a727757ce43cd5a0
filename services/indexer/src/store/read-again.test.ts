/**
 * Shows how files are marked to be read again after an upgrade, slice by slice, and what becomes of the results. The
 * real store on a database in a temporary folder.
 */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type MetadataState, SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'
import { openStore } from '../../../../test/support/open-store.ts'
import { isOneOf, UNSURE_TYPES } from '../metadata/unsure-types.ts'
import type { FoundMetadata, MetadataFinding } from './metadata-writer.ts'
import { createReadAgain, type Readers, SLICE_ROWS } from './read-again.ts'

const READERS: Readers = {
  libmagic: '546',
  magicDatabase: '1@1',
  mediaInfo: 'v25',
  rules: '1',
  markedTo: 0,
  marksAllMedia: false,
}

/** Name to: MIME type, state, hash, width, height. */
type Rows = Readonly<Record<string, readonly [string, MetadataState, string, number, number]>>

function openWith(t: TestContext, rows: Rows) {
  const { db, store } = openStore(t)
  const { sqlite } = db
  const insert = sqlite.prepare(
    `INSERT INTO nodes (node_id, parent_id, name, is_directory, ctime, mtime, size, mime_type, metadata_state, hash, width,
                        height, is_image, is_video, device, inode, change_id)
     VALUES (:name, '${SUPER_ROOT_ID}', :name, 0, 0, 5, 1, :type, :state, :hash, :width, :height, :isImage, :isVideo, '1',
             :name, :changeId)`,
  )
  const tell = sqlite.prepare('INSERT INTO changes (node_id, first_change_id) VALUES (?, 1)')
  for (const [name, [type, state, hash, width, height]] of Object.entries(rows)) {
    const changeId = tell.run(name).lastInsertRowid
    const [isImage, isVideo] = [Number(type.startsWith('image/')), Number(type.startsWith('video/'))]
    insert.run({ name, type, state, hash, width, height, isImage, isVideo, changeId })
  }
  const again = createReadAgain(db, UNSURE_TYPES)
  const inState = (state: MetadataState) =>
    sqlite
      .prepare('SELECT name FROM nodes WHERE metadata_state = ? AND NOT is_directory ORDER BY rowid')
      .pluck()
      .all(state)
  const log = () => sqlite.prepare('SELECT * FROM changes ORDER BY change_id').all()
  return { db, store, again, inState, log }
}

const SOME: Rows = {
  unknown: ['application/octet-stream', 'ready', 'h', 0, 0],
  text: ['text/plain', 'ready', 'h', 0, 0],
  html: ['text/html', 'ready', 'h', 0, 0],
  sound: ['audio/mp4', 'ready', 'h', 0, 0],
  archive: ['application/zip', 'ready', 'h', 0, 0],
  sized: ['image/jpeg', 'ready', 'h', 2, 3],
  sizeless: ['image/jpeg', 'ready', 'h', 0, 0],
  flat: ['video/mp4', 'ready', 'h', 2, 0],
  failed: ['application/zip', 'failed', 'h', 0, 0],
  unhashed: ['', 'failed', '', 0, 0],
  new: ['', 'fresh', '', 0, 0],
  changed: ['application/octet-stream', 'backlog', 'h', 0, 0],
  refused: ['application/octet-stream', 'unreadable', 'h', 0, 0],
  skipped: ['', 'skipped', '', 0, 0],
}

test('I12: files that may get another answer are marked, and clients receive nothing', (t) => {
  const { again, inState, log } = openWith(t, SOME)
  const before = log()
  again.saveReaders(READERS)
  assert.equal(again.markSome(), false)
  assert.deepEqual(inState('again'), ['unknown', 'text', 'html', 'sound', 'sizeless', 'flat', 'failed'])
  assert.deepEqual(inState('backlog'), ['unhashed', 'changed'])
  assert.deepEqual(inState('ready'), ['archive', 'sized'])
  assert.deepEqual([inState('fresh'), inState('unreadable'), inState('skipped')], [['new'], ['refused'], ['skipped']])
  assert.deepEqual(log(), before)
  assert.deepEqual(again.readers(), { ...READERS, markedTo: null })
})

test('if sizes may be wrong all media are marked', (t) => {
  const { again, inState } = openWith(t, SOME)
  again.saveReaders({ ...READERS, marksAllMedia: true })
  again.markSome()
  assert.deepEqual(inState('ready'), ['archive'])
  assert.equal(again.readers()?.marksAllMedia, false, 'it was about this marking only')
})

test('a marking goes slice by slice, and on from where it was', (t) => {
  const { db, again, inState } = openWith(t, {})
  db.sqlite.exec(`
    WITH RECURSIVE numbers (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM numbers WHERE n < ${2 * SLICE_ROWS + 10})
    INSERT INTO nodes (node_id, parent_id, name, is_directory, ctime, mtime, mime_type, hash)
      SELECT 'n' || n, '${SUPER_ROOT_ID}', n, 0, 0, 0, 'application/octet-stream', 'h' FROM numbers`)
  again.saveReaders(READERS)
  assert.equal(again.markSome(), true)
  const first = inState('again').length
  assert.ok(first > 0 && first <= SLICE_ROWS)
  // The next process, after this one was killed.
  const other = createReadAgain(db, UNSURE_TYPES)
  assert.equal(other.readers()?.markedTo, SLICE_ROWS)
  db.sqlite.exec("UPDATE nodes SET metadata_state = 'ready' WHERE metadata_state = 'again'")
  assert.equal(other.markSome(), true)
  assert.equal(other.markSome(), false)
  assert.equal(inState('again').length, 2 * SLICE_ROWS + 10 - first, 'none twice')
})

test('without a row nothing is marked', (t) => {
  const { again, inState } = openWith(t, SOME)
  assert.equal(again.readers(), null)
  assert.equal(again.markSome(), false)
  assert.deepEqual(inState('again'), [])
})

/** Types of each kind of rule, and some that look alike. */
const TYPES = [
  ...['application/octet-stream', 'application/javascript', 'audio/mp4', 'application/gzip', 'application/x-gzip'],
  ...['text/plain', 'text/html', 'text/xml', 'text/x-c', 'text/x-script.python', 'text/vnd.graphviz'],
  ...[
    'application/zip',
    'application/gzip2',
    'application/json',
    'audio/mpeg',
    'audio/mp4a',
    'context/plain',
    'Text/plain',
  ],
]

test('types that the rules may answer otherwise are marked, and no others', (t) => {
  const { again, inState } = openWith(t, Object.fromEntries(TYPES.map((type) => [type, [type, 'ready', 'h', 0, 0]])))
  again.saveReaders(READERS)
  again.markSome()
  const unsure = TYPES.filter((type) => isOneOf(type, UNSURE_TYPES))
  assert.equal(unsure.length, 11)
  assert.deepEqual(inState('again'), unsure)
})

const FOUND: FoundMetadata = {
  hash: 'h',
  mimeType: 'application/octet-stream',
  isImage: false,
  isVideo: false,
  width: 0,
  height: 0,
  msDuration: 0,
}
const BYTES = { nodeId: 'unknown', inode: 'unknown', size: 1, mtime: 5, askedMs: 100 }
const LATER_MS = 7_000

function askedAgain(t: TestContext) {
  const opened = openWith(t, { unknown: ['application/octet-stream', 'again', 'h', 0, 0] })
  const { db, store } = opened
  const save = (finding: MetadataFinding) => store.saveAgain([finding], LATER_MS)
  const row = () =>
    db.sqlite
      .prepare('SELECT mime_type, hash, metadata_state, metadata_due_ms FROM nodes WHERE node_id = ?')
      .raw()
      .get('unknown')
  return { ...opened, save, row }
}

test('I12: an answer that is the same as before is silent', (t) => {
  const { save, row, log, store } = askedAgain(t)
  const before = log()
  save({ kind: 'found', bytes: BYTES, metadata: FOUND, problem: null })
  assert.deepEqual(row(), ['application/octet-stream', 'h', 'ready', 0])
  assert.deepEqual(log(), before)
  assert.deepEqual(store.known.toAskAgain(100, 10), [])
})

test('clients receive an answer that differs', (t) => {
  const { save, row, store } = askedAgain(t)
  const head = store.head()
  save({
    kind: 'found',
    bytes: BYTES,
    metadata: { ...FOUND, mimeType: 'video/mp4', isVideo: true, width: 2 },
    problem: null,
  })
  assert.deepEqual(row(), ['video/mp4', 'h', 'ready', 0])
  assert.equal(store.head(), head + 1)
})

test('I12: what is known of a file stays if a library fails on it now, and only the owner sees the failure', (t) => {
  const { db, store, log } = openWith(t, {
    drawing: ['image/svg+xml', 'again', 'h', 40, 30],
    film: ['video/mp4', 'again', 'h', 0, 0],
  })
  const rows = () =>
    db.sqlite
      .prepare(
        `SELECT name, mime_type, is_image, width, height, metadata_state, metadata_error FROM nodes
         WHERE NOT is_directory ORDER BY name`,
      )
      .raw()
      .all()
  const before = log()
  const save = (name: string, metadata: Partial<FoundMetadata>, problem: string) =>
    store.saveAgain(
      [
        {
          kind: 'found',
          bytes: { ...BYTES, nodeId: name, inode: name },
          metadata: { ...FOUND, ...metadata },
          problem,
        },
      ],
      LATER_MS,
    )
  save('drawing', {}, 'read without libmagic and MediaInfo')
  save('film', { mimeType: 'video/quicktime', isVideo: true }, 'read without MediaInfo')
  assert.deepEqual(rows(), [
    ['drawing', 'image/svg+xml', 1, 40, 30, 'failed', 'read without libmagic and MediaInfo'],
    ['film', 'video/mp4', 0, 0, 0, 'failed', 'read without MediaInfo'],
  ])
  assert.deepEqual(log(), before)
  assert.equal(store.known.counts().failed, 2, 'the owner sees both')
})

test('a file of which nothing was known gets what some of the libraries say', (t) => {
  const { save, row, store } = askedAgain(t)
  const head = store.head()
  save({ kind: 'found', bytes: BYTES, metadata: FOUND, problem: 'killed by SIGSEGV' })
  assert.deepEqual(row(), ['application/octet-stream', 'h', 'failed', 0])
  assert.equal(store.head(), head)
  store.apply([{ kind: 'recheck', nodeId: 'unknown', awaiting: { state: 'again', dueMs: 0 } }])
  const film = { ...FOUND, mimeType: 'video/mp4', isVideo: true }
  save({ kind: 'found', bytes: BYTES, metadata: film, problem: 'read without MediaInfo' })
  assert.deepEqual(row(), ['video/mp4', 'h', 'failed', 0])
  assert.equal(store.head(), head + 1)
})

test('I6: a finding about other bytes is not stored, and the file is asked for later', (t) => {
  const { save, row, store } = askedAgain(t)
  const others = [
    { ...BYTES, size: 2 },
    { ...BYTES, mtime: 6 },
    { ...BYTES, inode: 'other' },
  ]
  for (const bytes of others) {
    save({ kind: 'found', bytes, metadata: { ...FOUND, mimeType: 'video/mp4' }, problem: null })
    assert.deepEqual(row(), ['application/octet-stream', 'h', 'again', LATER_MS])
  }
  save({ kind: 'found', bytes: { ...BYTES, askedMs: LATER_MS }, metadata: { ...FOUND, hash: 'i' }, problem: null })
  assert.deepEqual(row(), ['application/octet-stream', 'h', 'again', LATER_MS])
  assert.equal(store.known.nextDueMs(100), LATER_MS)
  assert.equal(store.known.toAskAgain(LATER_MS, 10).length, 1)
})

test('a file that can not be read now is asked for later', (t) => {
  const { save, row } = askedAgain(t)
  save({ kind: 'later', bytes: BYTES, dueMs: LATER_MS })
  assert.deepEqual(row(), ['application/octet-stream', 'h', 'again', LATER_MS])
})

test('a file that was written in between is read anew, and the answer about its former bytes is left out', (t) => {
  const { save, row, store, db } = askedAgain(t)
  store.apply([{ kind: 'recheck', nodeId: 'unknown', awaiting: { state: 'fresh', dueMs: 50 } }])
  save({ kind: 'found', bytes: BYTES, metadata: { ...FOUND, mimeType: 'video/mp4' }, problem: null })
  assert.deepEqual(row(), ['application/octet-stream', 'h', 'fresh', 50])
  assert.equal(store.known.counts().waiting, 1)
  db.sqlite.exec("UPDATE nodes SET metadata_state = 'again'")
  assert.equal(store.known.counts().waiting, 0, 'what is asked for again does not count as waiting')
})

test('a clock that was ahead delays no file that is to be asked for again', (t) => {
  const { save, store } = askedAgain(t)
  save({ kind: 'later', bytes: BYTES, dueMs: LATER_MS })
  store.capDue(500)
  assert.equal(store.known.toAskAgain(500, 10).length, 1)
})
