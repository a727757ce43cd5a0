/**
 * Shows what a restore refuses, in one line and with nothing changed, and what it makes of copies that other programs
 * made. `test/system/restore.test.ts` shows it beside the services.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { finishCopy } from '@drive-feed/shared/database-copy.ts'
import { SCHEMA_VERSION } from '@drive-feed/shared/migrations.ts'
import { openWriter } from '@drive-feed/shared/open-database.ts'
import Database from 'better-sqlite3'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { COMMANDS } from '../commands.ts'
import { runProgram } from '../program.ts'

const MAIN = join(import.meta.dirname, '../main.ts')
const ORIGINAL = join(import.meta.dirname, '../../../test/data/original-1.0.1.db')

/** A database whose head is 1, with its config and a folder for copies. */
function createHome(t: TestContext) {
  const folder = temporaryFolder(t)
  for (const name of ['db', 'media', 'copies']) mkdirSync(join(folder, name))
  const databasePath = join(folder, 'db', 'feed.db')
  const config = join(folder, 'server.yaml')
  writeFileSync(config, JSON.stringify({ database_url: databasePath, watches: { media: join(folder, 'media') } }))
  makeDatabase(databasePath, 1)
  const args = (file: string) => ['restore', file, `--config=${config}`]
  return {
    databasePath,
    copy: (name: string) => join(folder, 'copies', name),
    names: () => readdirSync(join(folder, 'db')).sort(),
    head: () => headOf(databasePath),
    restore: (file: string) => spawnSync(process.execPath, [MAIN, ...args(file)], { encoding: 'utf8' }),
    /** In this process, for what prints nothing but a mistake. */
    refused: async (file: string) => {
      let stderr = ''
      const output = {
        out: assert.fail,
        error: (text: string) => {
          stderr += text
        },
      }
      const status = await runProgram(COMMANDS, args(file), output)
      assert.equal(stderr.split('\n').length, 2, stderr)
      return { status, stderr }
    },
  }
}

function makeDatabase(path: string, head: number, more = ''): void {
  const { sqlite } = openWriter(path)
  for (let n = 0; n < head; n += 1) sqlite.exec("INSERT INTO changes (node_id, first_change_id) VALUES ('x', 1)")
  if (more !== '') sqlite.exec(more)
  sqlite.close()
}

function headOf(path: string): unknown {
  const sqlite = new Database(path, { readonly: true })
  const head = sqlite.prepare('SELECT max(change_id) FROM changes').pluck().get()
  sqlite.close()
  return head
}

test('what is no copy that can be used is refused, and nothing is changed', async (t) => {
  const home = createHome(t)
  const before = readFileSync(home.databasePath)
  const names = home.names()
  const make = (name: string, made: (path: string) => void) => {
    made(home.copy(name))
    return home.copy(name)
  }
  const sql = (text: string) => (path: string) => void new Database(path).exec(text).close()
  const refusals: readonly (readonly [path: string, status: number, says: RegExp])[] = [
    [
      make('newer', (path) => makeDatabase(path, 1, `PRAGMA user_version = ${SCHEMA_VERSION + 1}`)),
      1,
      new RegExp(
        `newer has schema version ${SCHEMA_VERSION + 1}, and this drive-feed knows versions 1 to ${SCHEMA_VERSION}; use a newer one; nothing`,
      ),
    ],
    [make('songs', sql('CREATE TABLE songs (id); PRAGMA user_version = 7')), 1, /songs is no database of drive-feed; /],
    [make('empty', (path) => writeFileSync(path, '')), 1, /empty is no database of drive-feed; /],
    [make('text', (path) => writeFileSync(path, 'a'.repeat(9_000))), 1, /text is no database of drive-feed; /],
    [make('damaged', damage), 1, /damaged is damaged: [^\n]+; nothing was changed\n/],
    [make('cut', cut), 1, /cut is damaged: [^\n]+; nothing was changed\n/],
    [make('link', (path) => linkSync(home.databasePath, path)), 1, /link is the database itself; /],
    [make('folder', mkdirSync), 2, /folder can't be read: it is not a file\n/],
    [make('pipe', (path) => void spawnSync('mkfifo', [path])), 2, /pipe can't be read: it is not a file\n/],
    [home.copy('none'), 2, /none can't be read: ENOENT/],
  ]
  for (const [path, status, says] of refusals) {
    const refused = await home.refused(path)
    assert.equal(refused.status, status, refused.stderr)
    assert.match(refused.stderr, says)
  }
  assert.deepEqual(home.names(), names)
  assert.ok(before.equals(readFileSync(home.databasePath)))
})

function damage(path: string): void {
  makeDatabase(path, 300)
  writeFileSync(path, readFileSync(path).fill(0xa5, 8_192, 120_000))
}

function cut(path: string): void {
  makeDatabase(path, 300)
  writeFileSync(path, readFileSync(path).subarray(0, 40_960))
}

test('a copy of any kind is put in place as it is, and stays: with its -wal, in WAL mode, of the original', (t) => {
  const home = createHome(t)
  const live = home.copy('live.db')
  const { sqlite } = openWriter(live)
  t.after(() => sqlite.close())
  for (let n = 0; n < 5; n += 1) sqlite.exec("INSERT INTO changes (node_id, first_change_id) VALUES ('x', 1)")
  const withWal = home.copy('with wal.db')
  for (const ending of ['', '-wal']) copyFileSync(live + ending, withWal + ending)
  const whole = home.copy('whole.db')
  makeDatabase(whole, 3)
  for (const [file, head] of [
    [withWal, 5],
    [whole, 3],
    [ORIGINAL, 21],
  ] as const) {
    const before = readFileSync(file)
    const { status, stdout, stderr } = home.restore(file)
    assert.deepEqual([status, stderr], [0, ''])
    assert.match(stdout, /: [\d.]+ KiB, head \d+, schema version \d; checked, and it is whole\nIt is in the place of /)
    assert.deepEqual(home.names(), ['feed.db', 'feed.db.lock'])
    assert.ok(before.equals(readFileSync(file)))
    assert.equal(home.head(), head)
  }
  assert.ok(!existsSync(`${whole}-shm`) && !existsSync(`${withWal}-shm`))
  openWriter(home.databasePath).sqlite.close()
})

test('what the former command left when it was killed is removed', (t) => {
  const home = createHome(t)
  const copy = home.copy('a.db')
  makeDatabase(copy, 2)
  // A number that no process has.
  for (const ending of ['', '-wal']) writeFileSync(`${home.databasePath}.restore.partial-4194305${ending}`, 'part')
  assert.equal(home.restore(copy).status, 0)
  assert.deepEqual(home.names(), ['feed.db', 'feed.db.lock'])
})

test('the owner and the mode of the database stay, though root restores it', {
  skip: process.getuid?.() !== 0 && 'needs root, to change owners',
}, (t) => {
  const home = createHome(t)
  const copy = home.copy('a.db')
  makeDatabase(copy, 2)
  chownSync(home.databasePath, 1000, 1001)
  chmodSync(home.databasePath, 0o640)
  assert.equal(home.restore(copy).status, 0)
  for (const path of [home.databasePath, `${home.databasePath}.lock`]) {
    const { uid, gid } = statSync(path)
    assert.deepEqual([uid, gid], [1000, 1001], path)
  }
  assert.equal(statSync(home.databasePath).mode & 0o777, 0o640)
})

test('a copy is restored where there is no database any more', (t) => {
  const home = createHome(t)
  const copy = home.copy('a.db')
  makeDatabase(copy, 2)
  finishCopy(copy, copy)
  for (const ending of ['', '-wal', '-shm']) spawnSync('rm', ['-f', home.databasePath + ending])
  assert.equal(home.restore(copy).status, 0)
  assert.equal(home.head(), 2)
})
