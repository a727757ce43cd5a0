/**
 * Shows what the audit prints and its exit codes, as the program that owners run, on disks and databases that were made
 * to differ.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { appendFileSync, mkdirSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import Database from 'better-sqlite3'
import { untilConverged } from '../support/convergence.ts'
import { makeDeepFolder } from '../support/deep-folder.ts'
import { createPair, type Pair } from '../support/pair.ts'
import { audit, PROGRAM_MAIN } from '../support/program.ts'
import { until } from '../support/until.ts'

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

test('I1: what changes during an audit is looked at again, and is no difference', async (t) => {
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
  // The audit may see the differences or come too late: it must not report them.
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
  writeFileSync(pair.path('added folder', 'below'), 'not reported by itself')
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

test('a wrong hash is found when files are read, and inconsistent tables always', async (t) => {
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

test('a root that is away or not configured is reported, and not compared', async (t) => {
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

test('I7: a root that is away is no difference: its nodes are kept on purpose', async (t) => {
  const pair = await createPair(t, { roots: ['media', 'other'] })
  fill(pair)
  await pair.startIndexer()
  await untilConverged(pair)
  renameSync(pair.path(), `${pair.path()} away`)
  await until('media to be offline', () =>
    pair.read((sqlite) => sqlite.prepare("SELECT 1 FROM watch_roots WHERE state = 'offline'").get()),
  )
  const { code, lines, summary } = await audit(pair)
  assert.equal(code, 0)
  assert.match(lines.join('\n'), /^media: not compared, offline since \S+: \/.*\/media is not there as a folder; .*$/)
  assert.equal(summary, 'no difference; 0 files and 1 folders are equal; 5 nodes are away and not compared')
})

test('if inode numbers do not last, another number is no difference by itself', async (t) => {
  const pair = await createPair(t)
  fill(pair)
  await pair.startIndexer()
  await untilConverged(pair)
  await pair.endIndexer()
  const change = (sql: string) => new Database(pair.databasePath).exec(sql).close()
  change("UPDATE nodes SET inode = '7' || inode WHERE name IN ('photos', 'beach.jpg')")
  assert.equal((await audit(pair)).lines.length, 2)
  change('UPDATE devices SET numbers_last = 0')
  assert.deepEqual(await audit(pair, '--hashes'), {
    code: 0,
    lines: [],
    summary: 'no difference; 3 files and 2 folders are equal',
  })
  appendFileSync(pair.path('photos', 'beach.jpg'), '!')
  assert.match((await audit(pair)).lines.join('\n'), /^\S+beach\.jpg: size 6 on the disk, 5 in the database; mtime .*$/)
})

test('a file that is not to be read has no hash, and that is no difference', async (t) => {
  const pair = await createPair(t)
  fill(pair)
  await pair.startIndexer()
  await untilConverged(pair)
  await pair.endIndexer()
  new Database(pair.databasePath)
    .exec("UPDATE nodes SET hash = '', metadata_state = 'skipped' WHERE name = 'beach.jpg'")
    .exec("UPDATE nodes SET hash = '', metadata_state = 'failed', metadata_error = char(27) WHERE name = 'hill.jpg'")
    .close()
  const { lines } = await audit(pair, '--hashes')
  assert.deepEqual(lines, [`${pair.path('photos', 'hill.jpg')}: it has no hash: \\u001b`])
})

test('a path of 6,000 bytes is compared, with what is in it', async (t) => {
  const pair = await createPair(t)
  const name = 'x'.repeat(255)
  const path = makeDeepFolder(pair.path(), name, 23)
  await pair.startIndexer()
  const waiting = "SELECT count(*) FROM nodes WHERE metadata_state IN ('fresh', 'backlog')"
  await until('the file to be read', () => pair.read((sqlite) => sqlite.prepare(waiting).pluck().get() === 0))
  await pair.endIndexer()
  const summary = 'no difference; 1 files and 24 folders are equal'
  assert.deepEqual(await audit(pair, '--hashes'), { code: 0, lines: [], summary })
  new Database(pair.databasePath).exec("UPDATE nodes SET hash = 'wrong' WHERE name = 'file'").close()
  const { lines } = await audit(pair, '--hashes')
  assert.deepEqual(lines, [`${path}/file: MD5 ${MD5_OF_FOUND} on the disk, wrong in the database`])
})

const MD5_OF_FOUND = createHash('md5').update('found').digest('hex')

test('a slow reader of a pipe gets every line', async (t) => {
  const pair = await createPair(t)
  fill(pair)
  await pair.startIndexer()
  await pair.endIndexer()
  const count = 5_000
  for (let n = 0; n < count; n += 1) writeFileSync(pair.path(`${n} ${'x'.repeat(200)}`), '')
  const command = `"$0" "${PROGRAM_MAIN}" audit "--config=${pair.configPath}" 2>&1 | (sleep 7; wc -l)`
  const lines = execFileSync('sh', ['-c', command, process.execPath], { encoding: 'utf8' })
  assert.equal(Number(lines), count + 1)
})

test('without a database or a config the audit says so and exits with 2', async (t) => {
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
