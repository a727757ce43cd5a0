/**
 * Shows that files are read again after other versions of the libraries, or of our rules, have appeared. The versions
 * in the database are changed between two runs.
 */
import assert from 'node:assert/strict'
import { copyFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import Database from 'better-sqlite3'
import { assertAllEqual } from '../support/convergence.ts'
import { headOf, statusOf } from '../support/observations.ts'
import { createPair, type Pair } from '../support/pair.ts'
import { until } from '../support/until.ts'

const FILM = join(import.meta.dirname, '../data/types/brand-hvc1.mp4')
const PICTURE = join(import.meta.dirname, '../data/corpus/i.png')

/** Sets the film's row to an older libmagic's answer, which knew no such type. */
const AS_BEFORE = `UPDATE nodes SET mime_type = 'application/octet-stream', is_video = 0, width = 0, height = 0,
  ms_duration = 0 WHERE name = 'film'`
const OLD_LIBRARY = "UPDATE readers SET libmagic = '1'"
const BACK_TO_VERSION_5 =
  'ALTER TABLE feed DROP COLUMN silent_writes; DROP INDEX nodes_again; DROP TABLE readers; PRAGMA user_version = 5;'

/** Changes the database while no indexer runs. */
function alter(pair: Pair, sql: string): void {
  const sqlite = new Database(pair.databasePath, { fileMustExist: true })
  sqlite.exec(sql)
  sqlite.close()
}

function typeOf(pair: Pair, name: string): unknown {
  return pair.read((sqlite) => sqlite.prepare('SELECT mime_type FROM nodes WHERE name = ?').pluck().get(name))
}

function countInState(pair: Pair, ...states: readonly string[]): number {
  const count = 'SELECT count(*) FROM nodes WHERE metadata_state IN (SELECT value FROM json_each(?))'
  return pair.read((sqlite) => sqlite.prepare(count).pluck().get(JSON.stringify(states))) as number
}

function readersOf(pair: Pair): unknown {
  return pair.read((sqlite) => sqlite.prepare('SELECT * FROM readers').get())
}

/** Waits until the versions are those of now, and all files are marked and read again. */
async function untilReadAgain(pair: Pair, readers: unknown): Promise<void> {
  await until('all to be read again', () => {
    try {
      assert.deepEqual(readersOf(pair), readers)
    } catch {
      return false
    }
    return countInState(pair, 'again', 'fresh', 'backlog') === 0
  })
}

/** Has the indexer read these files and stops it. Gives the versions that it noted. */
async function readOnce(pair: Pair): Promise<unknown> {
  copyFileSync(FILM, pair.path('film'))
  copyFileSync(PICTURE, pair.path('picture'))
  writeFileSync(pair.path('text.ts'), 'export const text = 1\n')
  writeFileSync(pair.path('image'), '')
  truncateSync(pair.path('image'), 2 ** 20)
  await pair.startIndexer()
  await until('all to be read', () => countInState(pair, 'fresh', 'backlog') === 0 && readersOf(pair) !== undefined)
  const readers = readersOf(pair)
  await pair.endIndexer()
  assert.equal(typeOf(pair, 'film'), 'video/mp4')
  return readers
}

test('after an upgrade of a library files that it may know better are asked for again, and clients receive only differences', async (t) => {
  const pair = await createPair(t)
  const readers = await readOnce(pair)
  assert.deepEqual(Object.values(readers as object).includes(''), false, 'all versions are known')
  alter(pair, `${OLD_LIBRARY}; ${AS_BEFORE}`)
  const head = headOf(pair)
  await Promise.all([pair.startIndexer(), pair.startApi()])
  await untilReadAgain(pair, readers)
  assert.equal(typeOf(pair, 'film'), 'video/mp4')
  assert.equal(headOf(pair), head + 1, 'the film is the only change')
  assert.equal(statusOf(pair)?.filesHashed, 0, 'no file was read whole')
  assert.match(pair.indexer().stdout(), /other versions of the libraries or rules read files now/)
  await assertAllEqual(pair)
})

test('a drawing that was taken for text, or that was packed and without a size, is asked for again', async (t) => {
  const pair = await createPair(t)
  const drawing = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"/>'
  writeFileSync(pair.path('drawing'), drawing)
  writeFileSync(pair.path('packed'), gzipSync(drawing))
  const readers = await readOnce(pair)
  alter(
    pair,
    `${OLD_LIBRARY}; UPDATE nodes SET width = 0, height = 0 WHERE name IN ('drawing', 'packed');
     UPDATE nodes SET mime_type = 'text/x-c', is_image = 0 WHERE name = 'drawing'`,
  )
  await pair.startIndexer()
  await untilReadAgain(pair, readers)
  const rows = "SELECT name, mime_type, width, height FROM nodes WHERE name IN ('drawing', 'packed') ORDER BY name"
  assert.deepEqual(
    pair.read((sqlite) => sqlite.prepare(rows).raw().all()),
    [
      ['drawing', 'image/svg+xml', 40, 30],
      ['packed', typeOf(pair, 'packed'), 40, 30],
    ],
  )
})

test('I12: if no answer differs clients receive nothing', async (t) => {
  const pair = await createPair(t)
  const readers = await readOnce(pair)
  alter(pair, "UPDATE readers SET mediainfo = '1', rules = '1'")
  const changes = () => pair.read((sqlite) => sqlite.prepare('SELECT * FROM changes').all())
  const before = changes()
  await pair.startIndexer()
  await untilReadAgain(pair, readers)
  assert.deepEqual(changes(), before)
})

test("the files of an older version's database are asked for again, the sizes of pictures too", async (t) => {
  const pair = await createPair(t)
  const readers = await readOnce(pair)
  alter(pair, `${AS_BEFORE}; UPDATE nodes SET width = 256, height = 256 WHERE name = 'picture'; ${BACK_TO_VERSION_5}`)
  await pair.startIndexer()
  await untilReadAgain(pair, readers)
  assert.equal(typeOf(pair, 'film'), 'video/mp4')
  const size = "SELECT width, height FROM nodes WHERE name = 'picture'"
  assert.deepEqual(
    pair.read((sqlite) => sqlite.prepare(size).raw().get()),
    [640, 360],
  )
})

test('an indexer that is killed in the middle goes on where it stopped', async (t) => {
  const pair = await createPair(t)
  for (let at = 0; at < 400; at += 1) writeFileSync(pair.path(`unknown ${at}`), Buffer.of(0, 1, 2, at & 255, at >> 8))
  const readers = await readOnce(pair)
  alter(pair, `${OLD_LIBRARY}; ${AS_BEFORE}`)
  const head = headOf(pair)
  await pair.startIndexer()
  const left = await until('some to be read again', () => {
    const count = countInState(pair, 'again')
    return count > 0 && count < 390 ? count : null
  })
  await pair.endIndexer('SIGKILL')
  assert.ok(countInState(pair, 'again') <= left)
  await pair.startIndexer()
  // A new file does not wait for them.
  writeFileSync(pair.path('new'), 'new')
  await until('the new file', () => typeOf(pair, 'new') === 'text/plain')
  await untilReadAgain(pair, readers)
  assert.equal(typeOf(pair, 'film'), 'video/mp4')
  const told = 'SELECT name FROM changes JOIN nodes USING (node_id) WHERE changes.change_id > ? ORDER BY name'
  const names = pair.read((sqlite) => sqlite.prepare(told).pluck().all(head))
  assert.deepEqual(
    names.filter((name) => name !== 'media'),
    ['film', 'new'],
  )
})

test('for clients a file that is asked for again does not change', async (t) => {
  const pair = await createPair(t)
  await readOnce(pair)
  await pair.startApi()
  const answers = () =>
    Promise.all(
      ['changes?cursor=0', 'changes?cursor=0&settled=1', 'status', 'nodes?max_size=100'].map(async (route) => {
        const answer = await fetch(`${pair.url}/api/v1/${route}`)
        const text = await answer.text()
        return route === 'status' ? (JSON.parse(text) as { files_waiting?: unknown }).files_waiting : text
      }),
    )
  const before = await answers()
  alter(pair, "UPDATE nodes SET metadata_state = 'again' WHERE NOT is_directory")
  assert.deepEqual(await answers(), before)
})

test('files that are away are asked for when they are back', async (t) => {
  const pair = await createPair(t, { roots: ['media', 'other'] })
  const readers = await readOnce(pair)
  alter(pair, `${OLD_LIBRARY}; ${AS_BEFORE}`)
  const head = headOf(pair)
  const elsewhere = join(pair.folder, 'elsewhere')
  renameSync(pair.path(), elsewhere)
  await pair.startIndexer(['other'])
  await until('the files to be asked for', () => {
    const dues = "SELECT min(metadata_due_ms) FROM nodes WHERE metadata_state = 'again'"
    return Number(pair.read((sqlite) => sqlite.prepare(dues).pluck().get())) > 0
  })
  assert.equal(countInState(pair, 'unreadable'), 0, 'being away is no fault of the files')
  assert.equal(headOf(pair), head)
  renameSync(elsewhere, pair.path())
  await untilReadAgain(pair, readers)
  assert.equal(typeOf(pair, 'film'), 'video/mp4')
})
