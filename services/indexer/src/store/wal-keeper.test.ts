/**
 * Shows when the WAL is emptied and cut, and that a reader that holds it is named. Real databases, and readers in other
 * processes.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import Database from 'better-sqlite3'
import { openStore } from '../../../../test/support/open-store.ts'
import { until } from '../../../../test/support/until.ts'
import { createWalKeeper } from './wal-keeper.ts'

const MIB = 1024 * 1024
const SQLITE_URL = import.meta.resolve('better-sqlite3')

/** A process that sits in a read transaction until it is killed. */
async function sitInTransaction(t: TestContext, path: string): Promise<ChildProcess> {
  const source = `import Database from '${SQLITE_URL}'
    const sqlite = new Database(${JSON.stringify(path)}, { readonly: true })
    sqlite.exec('BEGIN')
    sqlite.prepare('SELECT count(*) FROM nodes').get()
    process.stdout.write('sitting')
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', source], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  await once(child.stdout as NodeJS.ReadableStream, 'data')
  return child
}

function kept(t: TestContext, limitBytes: number) {
  const { db } = openStore(t)
  const { sqlite } = db
  let nowMs = 0
  const keeper = createWalKeeper(db, { nowMs: () => nowMs, wallMs: () => 1_000 + nowMs, limitBytes })
  const put = sqlite.prepare("INSERT OR REPLACE INTO problems VALUES (?, 'database', NULL, ?, '', 0)")
  return {
    sqlite,
    keeper,
    path: sqlite.name,
    wal: () => statSync(`${sqlite.name}-wal`).size,
    /** Writes so many MiB in so many rows, over and over the same rows. */
    write: (mib: number, rows = mib) => {
      for (let n = 0; n < rows; n += 1) put.run(n % 2, 'x'.repeat((mib * MIB) / rows))
    },
    /** Checks again, so many milliseconds later. */
    check: (ms = 5_000) => {
      nowMs += ms
      keeper.check()
    },
  }
}

test('a reader in another process that makes the WAL grow is reported and named, and the WAL is small again when it ends', async (t) => {
  const { sqlite, keeper, path, wal, write, check } = kept(t, 8 * MIB)
  const reader = await sitInTransaction(t, path)
  write(12)
  check()
  assert.equal(keeper.held(), null, 'not beyond twice the limit yet')
  write(12)
  check()
  const held = keeper.held()
  assert.ok(held !== null)
  assert.match(
    held.text,
    /feed\.db-wal has grown to 2[3-9] MiB, because process \d+ \(\w+\) keeps a read of the database open/,
  )
  assert.ok(held.text.includes(`process ${reader.pid} `), held.text)
  assert.match(held.fix, /^end that program/)
  check()
  assert.equal(keeper.held()?.sinceMs, held.sinceMs)
  reader.kill('SIGKILL')
  await once(reader, 'exit')
  check()
  assert.equal(keeper.held(), null)
  assert.equal(wal(), 0)
  assert.ok(existsSync(`${path}-shm`), 'a reader on a read-only mount needs both')
  const other = new Database(path, { readonly: true })
  assert.equal(other.prepare('SELECT count(*) FROM problems').pluck().get(), 2)
  other.close()
  assert.equal(sqlite.pragma('busy_timeout', { simple: true }), 5_000)
})

test('the WAL is not emptied while much is written, nor for the little of a quiet hour', (t) => {
  const { wal, write, check } = kept(t, 8 * MIB)
  write(6, 201)
  check()
  assert.ok(wal() > 6 * MIB)
  check()
  assert.equal(wal(), 0)
  write(3)
  check()
  assert.ok(wal() > 3 * MIB)
})

test('a reader that ends while much is written is no longer reported, and the WAL is begun anew', async (t) => {
  const { keeper, path, wal, write, check } = kept(t, 8 * MIB)
  const reader = await sitInTransaction(t, path)
  write(20, 300)
  check()
  assert.ok(keeper.held() !== null, 'busy or not')
  reader.kill('SIGKILL')
  await once(reader, 'exit')
  write(1, 300)
  check()
  assert.equal(keeper.held(), null)
  await until('the WAL to be empty', () => {
    check()
    return wal() === 0
  })
})

test('readers that come and go do not keep the WAL from being emptied, and emptying it waits for none', async (t) => {
  const { path, wal, write, check } = kept(t, 8 * MIB)
  write(6)
  await sitInTransaction(t, path)
  write(6)
  const startedMs = performance.now()
  check()
  assert.ok(performance.now() - startedMs < 2_500, 'the writer waits five seconds for other locks')
  assert.ok(wal() > 6 * MIB)
})

test('the WAL that SQLite begins anew is cut to its limit, though the database is never quiet', (t) => {
  const { sqlite, write, wal } = kept(t, 8 * MIB)
  assert.equal(sqlite.pragma('journal_size_limit', { simple: true }), 32_000 * 4096)
  sqlite.pragma(`journal_size_limit = ${2 * MIB}`)
  sqlite.pragma('wal_autocheckpoint = 1000')
  const put = sqlite.prepare("INSERT INTO problems VALUES (?, 'database', NULL, ?, '', 0)")
  sqlite.exec('BEGIN')
  for (let n = 10; n < 30; n += 1) put.run(n, 'x'.repeat(MIB))
  sqlite.exec('COMMIT')
  assert.ok(wal() > 20 * MIB)
  write(1)
  assert.ok(wal() <= 3 * MIB, `${wal()}`)
})

test('nothing from before gets into a file whose WAL is another one', (t) => {
  const { path, write, check } = kept(t, 8 * MIB)
  write(6)
  const before = readFileSync(path)
  rmSync(`${path}-wal`)
  writeFileSync(`${path}-wal`, Buffer.alloc(6 * MIB))
  for (let times = 0; times < 3; times += 1) check()
  assert.ok(readFileSync(path).equals(before))
})
