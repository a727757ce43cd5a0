/**
 * Shows how a database is created, opened and refused, for writing and for reading. Real files in a temporary folder.
 */
import assert from 'node:assert/strict'
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import Database from 'better-sqlite3'
import { temporaryFolder } from '../../test/support/temporary-folder.ts'
import { SCHEMA_VERSION } from './migrations.ts'
import { DatabaseUnusableError, type FeedDatabase, openReader, openWriter } from './open-database.ts'
import { nodes, SUPER_ROOT_ID } from './schema.ts'

const ORIGINAL = new URL('../../test/data/original-1.0.1.db', import.meta.url)

test('a new file holds the super-root, cursor 0 and our version', (t) => {
  const { sqlite, orm } = opened(t, openWriter(join(temporaryFolder(t), 'feed.db')))
  assert.deepEqual(
    orm
      .select()
      .from(nodes)
      .all()
      .map(({ nodeId, parentId, name, isDirectory }) => ({ nodeId, parentId, name, isDirectory })),
    [{ nodeId: SUPER_ROOT_ID, parentId: null, name: '', isDirectory: true }],
  )
  assert.equal(sqlite.prepare('SELECT count(*) FROM changes').pluck().get(), 0)
  assert.equal(sqlite.pragma('user_version', { simple: true }), SCHEMA_VERSION)
})

test('a zero-byte file is a new one', (t) => {
  const path = join(temporaryFolder(t), 'feed.db')
  writeFileSync(path, '')
  assert.equal(
    openingMistake(() => openReader(path)),
    `database_url: ${path} is not ready yet: the indexer has to set it up first`,
  )
  const { sqlite } = opened(t, openWriter(path))
  assert.equal(sqlite.pragma('user_version', { simple: true }), SCHEMA_VERSION)
})

test('the writer has WAL and survives a power loss with what it committed', (t) => {
  const { sqlite } = opened(t, openWriter(join(temporaryFolder(t), 'feed.db')))
  assert.equal(sqlite.pragma('journal_mode', { simple: true }), 'wal')
  const FULL = 2
  assert.equal(sqlite.pragma('synchronous', { simple: true }), FULL)
})

test('opening again changes nothing', (t) => {
  const path = join(temporaryFolder(t), 'feed.db')
  openWriter(path).sqlite.close()
  const before = readFileSync(path)
  openWriter(path).sqlite.close()
  assert.ok(before.equals(readFileSync(path)))
})

test('a transaction that was cut off before the file had WAL is taken back', (t) => {
  const folder = temporaryFolder(t)
  const [path, cut] = [join(folder, 'feed.db'), join(folder, 'cut.db')]
  const { sqlite } = openWriter(path)
  sqlite.pragma('journal_mode = DELETE')
  // So that pages are written before the end.
  sqlite.pragma('cache_size = 5')
  sqlite.exec('BEGIN IMMEDIATE')
  const put = sqlite.prepare('INSERT INTO changes (node_id, first_change_id) VALUES (?, 1)')
  for (let n = 0; n < 2_000; n += 1) put.run('x'.repeat(200))
  for (const end of ['', '-journal']) copyFileSync(path + end, cut + end)
  sqlite.exec('ROLLBACK')
  sqlite.close()
  const after = opened(t, openWriter(cut)).sqlite
  assert.equal(after.prepare('SELECT count(*) FROM changes').pluck().get(), 0)
})

test('a reader sees what is committed, and its connection refuses to write', (t) => {
  const path = join(temporaryFolder(t), 'feed.db')
  const writer = opened(t, openWriter(path))
  const reader = opened(t, openReader(path))
  writer.sqlite.prepare("INSERT INTO changes (node_id, first_change_id) VALUES ('a', 1)").run()
  assert.equal(reader.sqlite.prepare('SELECT count(*) FROM changes').pluck().get(), 1)
  assert.throws(() => reader.sqlite.exec('DELETE FROM changes'), { code: 'SQLITE_READONLY' })
})

test('a reader does not open a file that is not there, and does not make it', (t) => {
  const path = join(temporaryFolder(t), 'feed.db')
  assert.equal(
    openingMistake(() => openReader(path)),
    `database_url: ${path} can't be opened: unable to open database file`,
  )
  assert.ok(!existsSync(path))
})

test("a reader does not open the original program's file until it is upgraded", (t) => {
  const path = join(temporaryFolder(t), 'feed.db')
  copyFileSync(ORIGINAL, path)
  const before = readFileSync(path)
  assert.equal(
    openingMistake(() => openReader(path)),
    `database_url: ${path} is not ready yet: the indexer has to set it up first`,
  )
  assert.ok(before.equals(readFileSync(path)))
  openWriter(path).sqlite.close()
  openReader(path).sqlite.close()
})

test('a missing folder and a folder as the file are mistakes that say what to do', (t) => {
  const folder = temporaryFolder(t)
  assert.equal(
    openingMistake(() => openWriter(join(folder, 'db/feed.db'))),
    `database_url: the folder ${folder}/db does not exist; make it, or change the path`,
  )
  mkdirSync(join(folder, 'db'))
  assert.equal(
    openingMistake(() => openWriter(join(folder, 'db'))),
    `database_url: ${folder}/db is a folder; name a file, such as ${folder}/db/feed.db`,
  )
})

/** Files that are not ours, with the message behind the path. */
const FOREIGN: readonly (readonly [title: string, make: (path: string) => void, message: string])[] = [
  [
    'a text file',
    (path) => writeFileSync(path, 'not a database, but long enough\n'.repeat(100)),
    " can't be opened: file is not a database",
  ],
  [
    'a database cut short',
    (path) => writeFileSync(path, readFileSync(ORIGINAL).subarray(0, 50)),
    " can't be opened: database disk image is malformed",
  ],
  [
    "another program's database",
    (path) => makeDatabase(path, 'CREATE TABLE songs (id INTEGER)'),
    ' is the database of another program',
  ],
  [
    "another program's database that counts its own versions",
    (path) => makeDatabase(path, 'CREATE TABLE songs (id INTEGER); PRAGMA user_version = 1'),
    ' is the database of another program',
  ],
  [
    "another program's database with tables of our names",
    (path) => makeDatabase(path, 'CREATE TABLE nodes (id); CREATE TABLE changes (id); PRAGMA user_version = 3'),
    ' is the database of another program',
  ],
  [
    'a later version',
    (path) => makeDatabase(path, 'CREATE TABLE nodes (id); PRAGMA user_version = 8'),
    ' has schema version 8',
  ],
  [
    'a file that holds nothing but a version',
    (path) => makeDatabase(path, 'PRAGMA user_version = -1'),
    ' has schema version -1',
  ],
]

for (const [title, make, message] of FOREIGN) {
  test(`${title} is refused and left as it was`, (t) => {
    const path = join(temporaryFolder(t), 'feed.db')
    make(path)
    const before = readFileSync(path)
    for (const open of [openWriter, openReader]) {
      const mistake = openingMistake(() => open(path))
      assert.ok(mistake.startsWith(`database_url: ${path}${message}`), mistake)
      assert.ok(!mistake.includes('\n'), 'one line')
    }
    assert.ok(before.equals(readFileSync(path)))
  })
}

test('an upgrade that fails leaves the file as it was', (t) => {
  const path = join(temporaryFolder(t), 'feed.db')
  copyFileSync(ORIGINAL, path)
  makeDatabase(path, 'CREATE TABLE devices (something)')
  const before = readFileSync(path)
  assert.equal(
    openingMistake(() => openWriter(path)),
    `database_url: ${path} can't be opened: table devices already exists`,
  )
  assert.ok(before.equals(readFileSync(path)))
})

function makeDatabase(path: string, sql: string): void {
  const db = new Database(path)
  db.exec(sql)
  db.close()
}

function opened(t: TestContext, database: FeedDatabase): FeedDatabase {
  t.after(() => database.sqlite.close())
  return database
}

function openingMistake(open: () => unknown): string {
  try {
    open()
  } catch (error) {
    assert.ok(error instanceof DatabaseUnusableError, String(error))
    return error.message
  }
  assert.fail('it was opened')
}
