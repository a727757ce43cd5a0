/** The audit as the program that owners run, on disks and databases that differ on purpose. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import Database from 'better-sqlite3'
import { untilConverged } from './convergence.ts'
import { createPair, type Pair } from './harness.ts'

const AUDIT = join(import.meta.dirname, '../../src/audit.ts')

async function audit(pair: Pair, ...options: string[]) {
  const child = spawn(process.execPath, [AUDIT, `--config=${pair.configPath}`, ...options])
  const [lines, summary] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
  return { code: child.exitCode, lines: lines.split('\n').filter(Boolean), summary: summary.trim() }
}

/** A folder with two files, and one more. */
function fill(pair: Pair): void {
  mkdirSync(pair.path('photos'))
  writeFileSync(pair.path('photos', 'beach.jpg'), 'beach')
  writeFileSync(pair.path('photos', 'hill.jpg'), 'hill')
  writeFileSync(pair.path('notes.txt'), 'notes')
  symlinkSync('notes.txt', pair.path('link'))
}

test('I1: an audit beside a running indexer finds no difference and exits with 0', async (t) => {
  const pair = await createPair(t)
  fill(pair)
  await pair.startIndexer()
  await untilConverged(pair)
  assert.deepEqual(await audit(pair, '--hashes'), {
    code: 0,
    lines: [],
    summary: 'no difference; 3 files and 2 folders are equal',
  })
})

test('I1: what changes while it looks is looked at again, and is no difference', async (t) => {
  const pair = await createPair(t)
  fill(pair)
  await pair.startIndexer()
  await untilConverged(pair)
  pair.indexer().signal('SIGSTOP')
  mkdirSync(pair.path('new', 'deep'), { recursive: true })
  writeFileSync(pair.path('new', 'deep', 'file'), 'new')
  renameSync(pair.path('photos'), pair.path('pictures'))
  appendFileSync(pair.path('notes.txt'), 'more')
  const running = audit(pair)
  // Whether it sees the differences or comes too late: it must not tell of them.
  setTimeout(() => pair.indexer().signal('SIGCONT'), 1_500)
  const { code, lines } = await running
  assert.deepEqual({ code, lines }, { code: 0, lines: [] })
})

test('every kind of difference is one line, and the exit code 1', async (t) => {
  const pair = await createPair(t, { roots: ['media', 'other'] })
  fill(pair)
  await pair.startIndexer()
  await untilConverged(pair)
  await pair.endIndexer()
  writeFileSync(pair.path('photos', 'added.jpg'), 'added')
  mkdirSync(pair.path('added folder'))
  writeFileSync(pair.path('added folder', 'below'), 'not told of on its own')
  rmSync(pair.path('photos', 'hill.jpg'))
  appendFileSync(pair.path('photos', 'beach.jpg'), '!')
  utimesSync(pair.path('photos', 'beach.jpg'), 1, 1)
  rmSync(pair.path('notes.txt'))
  mkdirSync(pair.path('notes.txt'))
  writeFileSync(Buffer.from(`${pair.path('odd')}\n\xff`, 'latin1'), 'odd')
  const { code, lines } = await audit(pair)
  assert.equal(code, 1)
  const inode = /; inode \d+ on the disk, \d+ in the database/
  assert.deepEqual(lines.map((line) => line.replace(inode, '')).sort(), [
    `"${pair.path('odd')}\\n\\udcff": a file on the disk, not in the database`,
    `${pair.path('added folder')}: a folder on the disk, not in the database`,
    `${pair.path('notes.txt')}: a folder on the disk, a file in the database`,
    `${pair.path('photos', 'added.jpg')}: a file on the disk, not in the database`,
    `${pair.path('photos', 'beach.jpg')}: size 6 on the disk, 5 in the database; mtime in µs 1000000 on the disk, ${mtimeOf(pair, 'beach.jpg')} in the database`,
    `${pair.path('photos', 'hill.jpg')}: a file in the database, not on the disk`,
  ])
})

test('a wrong hash is found when files are read, and tables that do not hold together always', async (t) => {
  const pair = await createPair(t)
  fill(pair)
  await pair.startIndexer()
  await untilConverged(pair)
  await pair.endIndexer()
  const sqlite = new Database(pair.databasePath)
  sqlite.exec(
    "UPDATE nodes SET hash = 'wrong' WHERE name = 'beach.jpg'; UPDATE nodes SET inode = '1' WHERE name = 'photos'",
  )
  sqlite.exec(
    "UPDATE changes SET node_id = 'nobody' WHERE change_id = (SELECT change_id FROM nodes WHERE name = 'notes.txt')",
  )
  const notes = sqlite.prepare("SELECT node_id FROM nodes WHERE name = 'notes.txt'").pluck().get()
  sqlite.close()
  const tables = [`${notes}: a node without its row in the log`, 'nobody: a row in the log without its node']
  const quick = await audit(pair)
  assert.match(quick.lines[0] ?? '', /photos: inode \d+ on the disk, 1 in the database; its id .* is not made of/)
  assert.deepEqual(quick.lines.slice(1), tables)
  const thorough = await audit(pair, '--hashes')
  assert.ok(thorough.lines.some((line) => /beach\.jpg: MD5 [0-9a-f]{32} on the disk, wrong in/.test(line)))
  assert.equal(thorough.code, 1)
})

test('a root that is away or not configured is said, and not compared', async (t) => {
  const pair = await createPair(t, { roots: ['media', 'other'] })
  fill(pair)
  await pair.startIndexer()
  await untilConverged(pair)
  await pair.endIndexer()
  new Database(pair.databasePath)
    .exec("UPDATE watch_roots SET state = 'offline', message = 'away' WHERE name = 'media'")
    .close()
  const { media = '' } = pair.configuration().roots
  pair.configure({ roots: { media, added: `${pair.folder}/added` } })
  const { code, lines } = await audit(pair)
  assert.equal(code, 1)
  assert.deepEqual(
    lines.map((line) => line.replace(/since \S+:/, 'since then:')),
    [
      'added: configured, not in the database',
      'media: not compared, offline since then: away',
      'other: in the database, not configured',
    ],
  )
})

test('without a database or a config it says so and exits with 2', async (t) => {
  const pair = await createPair(t)
  const { code, summary } = await audit(pair)
  assert.equal(code, 2)
  assert.match(summary, /^drive-feed audit: database_url: .*feed\.db can't be opened/)
})

function mtimeOf(pair: Pair, name: string): number {
  return pair.read(
    (sqlite) => sqlite.prepare<[string], number>('SELECT mtime FROM nodes WHERE name = ?').pluck().get(name) ?? 0,
  )
}
