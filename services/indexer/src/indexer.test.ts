/**
 * Shows that what waits in memory is bounded, and that losses and problems are noticed. The whole indexer runs in this
 * process, whose main thread the test can block.
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { loadConfig } from '@drive-feed/shared/config/config.ts'
import pino from 'pino'
import { openStore } from '../../../test/support/open-store.ts'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { until } from '../../../test/support/until.ts'
import { createIndexer, type Indexer, type IndexerParts } from './indexer.ts'

async function startIndexer(t: TestContext, limits: IndexerParts['limits']) {
  const folder = temporaryFolder(t)
  const media = join(folder, 'media')
  mkdirSync(media)
  const configPath = join(folder, 'config.yaml')
  writeFileSync(configPath, JSON.stringify({ database_url: join(folder, 'feed.db'), watches: { media } }))
  const crashes: Error[] = []
  let indexer: Indexer | null = null
  // Must run before the database is closed.
  t.after(async () => {
    await indexer?.stop('orderly')
    assert.deepEqual(crashes, [])
  })
  const { db } = openStore(t)
  const { sqlite } = db
  const observerThread = new Worker(new URL('./observer-thread.ts', import.meta.url))
  const config = loadConfig(configPath, { checkFolders: false })
  const log: { level: number; msg: string }[] = []
  const parts = {
    config,
    db,
    log: pino({ level: 'info' }, { write: (line: string) => void log.push(JSON.parse(line)) }),
    observerThread,
    ...(limits === undefined ? {} : { limits }),
  }
  indexer = createIndexer(parts, (error) => crashes.push(error))
  void indexer.run()
  await until(
    'the first scan',
    () => sqlite.prepare("SELECT 1 FROM watch_roots WHERE state = 'watching'").get() !== undefined,
  )
  return {
    media,
    sqlite,
    log,
    count: (query: string) => sqlite.prepare<[], number>(`SELECT count(*) FROM ${query}`).pluck().get() ?? 0,
    overflows: () => sqlite.prepare<[], number>('SELECT overflows FROM status').pluck().get() ?? 0,
  }
}

const CASES = {
  'I9: events beyond what may wait are dropped, and a scan finds what they reported': { backlogBytesMax: 4096 },
  'I9: places beyond what may wait are dropped, and a scan finds them': { hintsMax: 100 },
}

for (const [what, limits] of Object.entries(CASES)) {
  test(what, async (t) => {
    const { media, count, overflows } = await startIndexer(t, limits)
    // The indexer takes nothing in while this loop runs.
    for (let n = 0; n < 1_000; n += 1) {
      mkdirSync(join(media, `folder-${n}`))
      writeFileSync(join(media, `folder-${n}`, 'file'), `${n}`)
    }
    for (let n = 0; n < 1_000; n += 2) renameSync(join(media, `folder-${n}`), join(media, `renamed-${n}`))
    await until('all files', () => count("nodes WHERE name = 'file'") === 1_000)
    await until('all new names', () => count("nodes WHERE name LIKE 'renamed-%'") === 500)
    await until('no old name', () => count("nodes WHERE name LIKE 'folder-%'") === 500)
    await until('the loss to be counted', () => overflows() > 0)
    for (let n = 0; n < 1_000; n += 2) rmSync(join(media, `renamed-${n}`), { recursive: true })
    await until('half of the files', () => count("nodes WHERE name = 'file'") === 500)
  })
}

test('I15: a reader that keeps the WAL beyond twice its limit is a problem as long, and is logged once; then the file is small again', async (t) => {
  const limit = 4 * 1024 * 1024
  const { sqlite, log } = await startIndexer(t, { walBytesMax: limit })
  const problems = () => sqlite.prepare<[], [string, string]>('SELECT code, text FROM problems').raw().all()
  const source = `import Database from '${import.meta.resolve('better-sqlite3')}'
    const sqlite = new Database(${JSON.stringify(sqlite.name)}, { readonly: true })
    sqlite.exec('BEGIN')
    sqlite.prepare('SELECT count(*) FROM nodes').get()
    process.stdout.write('sitting')
    setInterval(() => {}, 1000)`
  const reader = spawn(process.execPath, ['--input-type=module', '--eval', source])
  t.after(() => reader.kill('SIGKILL'))
  await once(reader.stdout, 'data')
  const put = sqlite.prepare("INSERT OR REPLACE INTO devices VALUES ('x', '1', '', '', ?, '', 1, '')")
  const grow = () => {
    for (let n = 0; n < 12; n += 1) put.run('x'.repeat(1024 * 1024))
  }
  grow()
  await until('the problem', () => problems().length > 0)
  const [[code, text] = []] = problems()
  assert.equal(code, 'wal_held')
  assert.ok(text?.includes(`process ${reader.pid} `), text)
  grow()
  await until('another look at the WAL', () => problems()[0]?.[1] !== text)
  const told = log.filter(({ msg }) => msg.includes('feed.db-wal'))
  assert.equal(told.length, 1)
  const [{ level, msg } = { level: 0, msg: '' }] = told
  assert.equal(level, 40, 'a warning')
  assert.match(
    msg,
    /has grown to \d+ MiB, because .*process \d+ .*end that program, perhaps a sqlite3 left in a transaction/,
  )
  reader.kill('SIGKILL')
  await until('the problem to be over', () => problems().length === 0)
  assert.ok(statSync(`${sqlite.name}-wal`).size < limit)
  assert.equal(log.filter(({ msg: line }) => /nobody holds the write-ahead log/.test(line)).length, 1)
})
