/**
 * Shows that a restore can be killed between any two of its steps, any number of times: every reader that comes meanwhile
 * finds the old content or the new one, never a mix, and the next run ends with the new one. The readers are a process of
 * their own.
 */
import assert from 'node:assert/strict'
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { finishCopy } from '@drive-feed/shared/database-copy.ts'
import { syncFile, syncFolder } from '@drive-feed/shared/durable-files.ts'
import { SCHEMA_VERSION } from '@drive-feed/shared/migrations.ts'
import { openWriter } from '@drive-feed/shared/open-database.ts'
import Database from 'better-sqlite3'
import fc from 'fast-check'
import { type DatabaseReader, startDatabaseReader } from '../../../../test/support/database-reader.ts'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { type FileSteps, finishRestore, foldWal, isCopyWaiting, waitingCopy } from './put-in-place.ts'

const ENDINGS = ['', '-wal', '-shm', '-journal'] as const
const CONTENT = "SELECT DISTINCT hash FROM nodes WHERE hash <> ''"

type Files = Partial<Record<(typeof ENDINGS)[number], Buffer>>

/** The old database's files, as a killed indexer or an owner may leave them. */
const OLD = [
  'all in -wal',
  'half of -wal in the file already',
  'nothing in -wal',
  'damaged',
  'no database at all',
  'an empty file',
  'missing',
  'missing, with its -wal',
  "in rollback mode, with another one's -wal",
] as const
type Old = (typeof OLD)[number]

/** Files of a database whose nodes all have this hash, on enough pages for a mix to show. */
function makeFiles(t: TestContext, hash: string, rows: number) {
  const path = join(temporaryFolder(t), 'feed.db')
  const { sqlite } = openWriter(path)
  sqlite.pragma('synchronous = OFF')
  const write = (value: string) =>
    sqlite.exec(`DELETE FROM nodes; WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})
      INSERT INTO nodes (node_id, name, ctime, mtime, hash) SELECT 'node ' || i || '${value}', i, 0, 0, '${value}' FROM n`)
  const files = (): Files =>
    Object.fromEntries(
      ENDINGS.flatMap((ending) => (existsSync(path + ending) ? [[ending, readFileSync(path + ending)]] : [])),
    )
  return { path, sqlite, write, files, hash }
}

function oldFiles(t: TestContext): Readonly<Record<Old, Files>> {
  const { path, sqlite, write, files } = makeFiles(t, 'old', 300)
  write('older')
  sqlite.pragma('wal_checkpoint(TRUNCATE)')
  write('old')
  const { '': main = Buffer.alloc(0), '-wal': wal = Buffer.alloc(0) } = files()
  sqlite.pragma('wal_checkpoint(TRUNCATE)')
  const whole = readFileSync(path)
  sqlite.close()
  // As when a checkpoint is killed: every other page is new.
  const half = Buffer.from(whole)
  for (let at = 4096; at < Math.min(whole.length, main.length); at += 8192) main.copy(half, at, at, at + 4096)
  const damaged = Buffer.from(whole).fill(0xa5, 4096, 40_960)
  finishCopy(path, path)
  return {
    'all in -wal': { '': main, '-wal': wal },
    'half of -wal in the file already': { '': half, '-wal': wal },
    'nothing in -wal': { '': whole },
    damaged: { '': damaged, '-wal': wal.subarray(0, 50_000) },
    'no database at all': { '': Buffer.from('not a database, but text. '.repeat(500)), '-wal': wal },
    'an empty file': { '': Buffer.alloc(0) },
    missing: {},
    'missing, with its -wal': { '-wal': wal },
    "in rollback mode, with another one's -wal": { '': readFileSync(path), '-wal': wal },
  }
}

const STEPS_MAX = 12

class Killed extends Error {}

/** Steps of which only some are taken. */
function steps(take: number): FileSteps {
  let left = take
  const step = () => {
    if (left === 0) throw new Killed()
    left -= 1
  }
  return {
    fold: (path) => {
      step()
      return foldWal(path, 20)
    },
    sync: (path) => {
      step()
      syncFile(path)
    },
    syncFolder: (path) => {
      step()
      syncFolder(path)
    },
    rename: (from, to) => {
      step()
      renameSync(from, to)
    },
    remove: (path) => {
      step()
      rmSync(path, { force: true })
    },
  }
}

/** Who has the old database open: an idle api, a reader of its newest state, or one of a state before. */
const HELD = ['by nobody', 'idle', 'in a transaction', 'in an earlier transaction'] as const

type Case = { readonly old: Old; readonly kills: readonly number[]; readonly held: (typeof HELD)[number] }

/** Each way that the steps go. */
const WAYS: readonly Omit<Case, 'kills'>[] = [
  ...HELD.map((held) => ({ old: 'half of -wal in the file already' as const, held })),
  { old: 'no database at all', held: 'by nobody' },
  { old: 'missing, with its -wal', held: 'by nobody' },
]

const anyCase: fc.Arbitrary<Case> = fc.record({
  old: fc.constantFrom(...OLD),
  kills: fc.array(fc.nat(STEPS_MAX), { maxLength: 3 }),
  held: fc.constantFrom(...HELD),
})

/** What a reader may find of an old database: nothing counts as neither. */
function mayShow({ old, held }: Case): readonly (string | null)[] {
  if (['damaged', 'no database at all', "in rollback mode, with another one's -wal"].includes(old)) {
    return ['old', 'later', 'damaged', null]
  }
  if (old.startsWith('missing') || old === 'an empty file') return [null]
  return held === 'in an earlier transaction' ? ['later', null] : ['old', null]
}

test('killed anywhere, a restore leaves the old content or the new, and the next run finishes it', async (t) => {
  const old = oldFiles(t)
  const fresh = makeFiles(t, 'new', 700)
  fresh.write('new')
  fresh.sqlite.close()
  finishCopy(fresh.path, fresh.path)
  const copy = readFileSync(fresh.path)
  // Two, since all connections of one process to a file share its state.
  const [reader, keeper] = [startDatabaseReader(t), startDatabaseReader(t)]
  const each = WAYS.flatMap((way) => Array.from({ length: STEPS_MAX + 1 }, (_, n): Case => ({ ...way, kills: [n] })))
  for (const one of each) await assertRestores(t, one, { old, copy, reader, keeper })
  await fc.assert(
    fc.asyncProperty(anyCase, (one) => assertRestores(t, one, { old, copy, reader, keeper })),
    { numRuns: 30 },
  )
})

type Setting = {
  readonly old: Readonly<Record<Old, Files>>
  readonly copy: Buffer
  readonly reader: DatabaseReader
  readonly keeper: DatabaseReader
}

async function assertRestores(t: TestContext, one: Case, { old, copy, reader, keeper }: Setting): Promise<void> {
  const path = join(temporaryFolder(t), 'feed.db')
  for (const [ending, bytes] of Object.entries(old[one.old])) writeFileSync(path + ending, bytes)
  writeFileSync(waitingCopy(path), copy)
  // With a transaction `-wal` can't be emptied, and with any connection the files stay.
  if (one.held !== 'by nobody') {
    await keeper.keep(path, CONTENT, one.held === 'idle' ? 'idle' : 'in a transaction')
    if (one.held === 'in an earlier transaction') writeMore(path)
  }
  const say = JSON.stringify(one)
  const look = async () => {
    const found = await reader.read(path, CONTENT)
    const isPlaced = !isCopyWaiting(path)
    assert.ok((isPlaced ? ['new'] : mayShow(one)).includes(found), `${say}: a reader found ${found}, ${isPlaced}`)
  }
  for (const kill of one.kills) {
    try {
      finishRestore(path, steps(kill))
    } catch (error) {
      if (!(error instanceof Killed)) throw error
    }
    await look()
  }
  finishRestore(path, steps(Number.POSITIVE_INFINITY))
  await look()
  for (const ending of ENDINGS.slice(1)) assert.ok(!existsSync(path + ending), `${say}: ${ending}`)
  const { sqlite } = openWriter(path)
  assert.deepEqual(sqlite.prepare(CONTENT).pluck().all(), ['new'], say)
  assert.equal(sqlite.pragma('integrity_check', { simple: true }), 'ok', say)
  await look()
  sqlite.close()
  if (one.held !== 'by nobody') await keeper.letGo(CONTENT)
}

/** Goes on with an old database that can be read. */
function writeMore(path: string): void {
  if (!existsSync(path)) return
  const sqlite = new Database(path)
  try {
    sqlite.exec("UPDATE nodes SET hash = 'later' WHERE hash = 'old'")
  } catch {
    // It can't be read.
  }
  sqlite.close()
}

test('without a copy nothing is changed, but what lies beside a file in rollback mode goes', (t) => {
  const path = join(temporaryFolder(t), 'feed.db')
  const { sqlite } = openWriter(path)
  sqlite.pragma(`user_version = ${SCHEMA_VERSION}`)
  assert.equal(finishRestore(path), false)
  assert.ok(existsSync(`${path}-wal`) && existsSync(`${path}-shm`))
  sqlite.close()
  finishCopy(path, path)
  const bytes = readFileSync(path)
  writeFileSync(`${path}-wal`, 'of another one')
  assert.equal(finishRestore(path), false)
  assert.ok(!existsSync(`${path}-wal`))
  assert.ok(bytes.equals(readFileSync(path)))
})
