/**
 * Shows what happens while the database is missing, replaced, damaged or left behind by a killed writer: the app
 * answers 503 and recovers. Real files in a temporary folder.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { SCHEMA_VERSION } from '@drive-feed/shared/migrations.ts'
import { openReader } from '@drive-feed/shared/open-database.ts'
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'
import Database from 'better-sqlite3'
import pino from 'pino'
import { type FeedWriter, openFeedWriter } from '../../../../test/support/feed-writer.ts'
import { serveFeed } from '../../../../test/support/serve-feed.ts'
import { startApi } from '../../../../test/support/start-api.ts'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { until } from '../../../../test/support/until.ts'
import { createDatabaseSource, DatabaseUnavailableError } from './database-source.ts'
import type { Queries } from './queries.ts'

async function cursorOf(url: string): Promise<number | string> {
  const response = await fetch(`${url}/cursor`)
  if (response.status === 200) return ((await response.json()) as { cursor: number }).cursor
  assert.match(response.headers.get('retry-after') ?? '', /^[1-9]\d*$/)
  return String(response.status)
}

function feedWith(t: TestContext, path: string, nodeCount: number): FeedWriter {
  const feed = openFeedWriter(path)
  t.after(() => feed.close())
  for (let n = 0; n < nodeCount; n += 1) feed.put({ id: `n${n}` })
  return feed
}

function removeDatabase(path: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })
}

/** A source with a clock that the test sets, how often it opened the file, and what it told. */
function sourceOf(t: TestContext, path: string) {
  let nowMs = 0
  let opens = 0
  const log: string[] = []
  const logger = pino({}, { write: (line: string) => void log.push(JSON.parse(line).msg.split(';')[0]) })
  const openFile = (file: string) => {
    opens += 1
    return openReader(file)
  }
  const source = createDatabaseSource(path, logger, { nowMs: () => nowMs, openFile })
  t.after(() => source.close())
  const pass = (ms: number) => {
    nowMs += ms
  }
  return { source, log, pass, opens: () => opens }
}

/** A writer in a process of its own that is killed with everything it wrote in the WAL. */
function killedWriter(path: string, nodeCount: number): void {
  const script = `
    const { openFeedWriter } = await import(${JSON.stringify(join(import.meta.dirname, '../../../../test/support/feed-writer.ts'))})
    const feed = openFeedWriter(${JSON.stringify(path)})
    for (let n = 0; n < ${nodeCount}; n += 1) feed.put({ id: 'k' + n })
    process.kill(process.pid, 'SIGKILL')`
  const { signal } = spawnSync(process.execPath, ['--input-type=module', '--eval', script], { stdio: 'inherit' })
  assert.equal(signal, 'SIGKILL')
}

test('503 until there is a database, and again while it is away', async (t) => {
  const path = join(temporaryFolder(t), 'feed.db')
  const { url, log } = await serveFeed(t, path)
  for (const route of ['/cursor', '/changes', '/changes?max_size=1', '/root', '/nodes/a/path']) {
    assert.equal((await fetch(url + route)).status, 503, route)
  }
  writeFileSync(path, '')
  assert.equal(await cursorOf(url), '503', 'an empty file')
  feedWith(t, path, 3)
  // A failure stands for a moment while the file is written to.
  await until('it to be read', async () => (await cursorOf(url)) === 3)
  renameSync(path, `${path}.away`)
  assert.equal(await cursorOf(url), '503', 'away')
  renameSync(`${path}.away`, path)
  assert.equal(await cursorOf(url), 3)
  const notes = log.map((line) => line.msg.split(';')[0])
  const [away, back] = ['the database can not be read', 'reading the database']
  assert.deepEqual(notes, [away, back, 'the database file was replaced', away, back], 'told once each time')
})

test('what is no feed is 503, and its file is not touched', async (t) => {
  const path = join(temporaryFolder(t), 'feed.db')
  const { url } = await serveFeed(t, path)
  writeFileSync(path, 'not a database, but a text that is longer than nothing at all'.repeat(100))
  assert.equal(await cursorOf(url), '503')
  removeDatabase(path)
  const feed = openFeedWriter(path)
  feed.sqlite.pragma('user_version = 99')
  assert.equal(await cursorOf(url), '503')
  feed.sqlite.pragma(`user_version = ${SCHEMA_VERSION}`)
  await until('it to be read', async () => (await cursorOf(url)) === 0)
  feed.close()
})

test('a replaced file is noticed with the next request', async (t) => {
  const path = join(temporaryFolder(t), 'feed.db')
  feedWith(t, path, 5)
  const { url } = await serveFeed(t, path)
  assert.equal(await cursorOf(url), 5)
  removeDatabase(path)
  feedWith(t, path, 2)
  assert.equal(await cursorOf(url), 2)
})

test('an answer does not go on with another database', (t) => {
  const path = join(temporaryFolder(t), 'feed.db')
  feedWith(t, path, 5)
  const source = createDatabaseSource(path, pino({ level: 'silent' }))
  t.after(() => source.close())
  const before = source.open()
  removeDatabase(path)
  feedWith(t, path, 2)
  const after = source.open()
  assert.equal(
    after.read((queries) => queries.head()),
    2,
  )
  assert.throws(() => before.read((queries) => queries.head()), DatabaseUnavailableError)
})

test('a read that SQLite refuses drops the connection, and the next one is good again', (t) => {
  const path = join(temporaryFolder(t), 'feed.db')
  const feed = feedWith(t, path, 1)
  const { source, pass } = sourceOf(t, path)
  feed.sqlite.exec('ALTER TABLE changes RENAME TO elsewhere')
  assert.throws(() => source.open().read((queries) => queries.node(SUPER_ROOT_ID)), DatabaseUnavailableError)
  feed.sqlite.exec('ALTER TABLE elsewhere RENAME TO changes')
  pass(100)
  assert.equal(source.open().read((queries) => queries.node(SUPER_ROOT_ID))?.name, '')
})

for (const [failures, code, isRead] of [
  [1, 'SQLITE_READONLY_RECOVERY', true],
  [3, 'SQLITE_READONLY_CANTLOCK', true],
  [Number.POSITIVE_INFINITY, 'SQLITE_READONLY_RECOVERY', false],
] as const) {
  test(`a log that is not ready for readers ${isRead ? 'is waited for' : 'is given up after a while'}: ${code}`, (t) => {
    const path = join(temporaryFolder(t), 'feed.db')
    feedWith(t, path, 2)
    let left: number = failures
    const openFile = (file: string) => {
      const database = openReader(file)
      const inTransaction = database.sqlite.transaction.bind(database.sqlite)
      const transaction = (run: (...values: unknown[]) => unknown) => {
        const reading = inTransaction(run)
        return (query: unknown) => {
          left -= 1
          // As a reader on a read-only mount meets it.
          if (left >= 0) throw new Database.SqliteError('attempt to write', code)
          return reading(query)
        }
      }
      return { ...database, sqlite: Object.assign(database.sqlite, { transaction }) }
    }
    const source = createDatabaseSource(path, pino({ enabled: false }), { openFile })
    t.after(() => source.close())
    const head = () => source.open().read((queries) => queries.head())
    if (isRead) assert.equal(head(), 2)
    else assert.throws(head, DatabaseUnavailableError)
  })
}

test('a file that gets another schema version is not read until it is understood again', (t) => {
  const path = join(temporaryFolder(t), 'feed.db')
  const feed = feedWith(t, path, 3)
  const { source, pass } = sourceOf(t, path)
  const head = () => source.open().read((queries) => queries.head())
  assert.equal(head(), 3)
  feed.sqlite.pragma(`user_version = ${SCHEMA_VERSION + 1}`)
  assert.throws(head, DatabaseUnavailableError)
  pass(2_000)
  assert.throws(head, DatabaseUnavailableError, 'nor when it is opened anew')
  feed.sqlite.pragma(`user_version = ${SCHEMA_VERSION}`)
  pass(100)
  assert.equal(head(), 3)
})

test('a database that can not be used is opened once a second, however many ask, and sooner once it is written', (t) => {
  const path = join(temporaryFolder(t), 'feed.db')
  const feed = feedWith(t, path, 3)
  feed.sqlite.pragma('user_version = 99')
  const { source, log, pass, opens } = sourceOf(t, path)
  const askMany = () => {
    for (let n = 0; n < 100; n += 1) assert.throws(source.open, DatabaseUnavailableError)
  }
  askMany()
  assert.equal(opens(), 1)
  for (let ms = 0; ms < 10_000; ms += 100) {
    pass(100)
    askMany()
  }
  assert.ok(opens() > 5 && opens() <= 12, `${opens()} in ten seconds`)
  assert.deepEqual(log, ['the database can not be read'])
  feed.put({ id: 'by a newer one' })
  pass(100)
  const before = opens()
  askMany()
  assert.equal(opens(), before + 1)
  for (let ms = 0; ms < 1_000; ms += 5) {
    feed.put({ id: 'by a newer one', size: ms })
    pass(5)
    assert.throws(source.open, DatabaseUnavailableError)
  }
  assert.ok(opens() <= before + 25, `${opens() - before} while it was written all the time`)
})

/** What SQLite finds only when it reads there. */
function overwriteTable(feed: FeedWriter, table: string): void {
  const page = feed.sqlite.prepare('SELECT rootpage FROM sqlite_schema WHERE name = ?').pluck().get(table) as number
  const bytes = feed.sqlite.pragma('page_size', { simple: true }) as number
  const path = feed.sqlite.name
  feed.close()
  const fd = openSync(path, 'r+')
  writeSync(fd, Buffer.alloc(bytes, 0xa5), 0, bytes, (page - 1) * bytes)
  closeSync(fd)
}

for (const table of ['feed', 'runs', 'sqlite_sequence', 'changes', 'nodes']) {
  test(`a file that can be opened, and whose ${table} can not be read, is told of once`, (t) => {
    const path = join(temporaryFolder(t), 'feed.db')
    const feed = feedWith(t, path, 3)
    feed.sqlite.exec(`INSERT INTO runs VALUES (1, '${'1'.repeat(16)}')`)
    overwriteTable(feed, table)
    const { source, log, pass, opens } = sourceOf(t, path)
    const ask = (query: (queries: Queries) => unknown) => {
      try {
        source.open().read(query)
        return 0
      } catch (error) {
        assert.ok(error instanceof DatabaseUnavailableError)
        return 1
      }
    }
    const oneClient = () =>
      ask((queries) => queries.feed()) +
      ask((queries) => queries.runEnd('1'.repeat(16))) +
      ask((queries) => queries.visibleChanges({ after: 0, upTo: 3, cursor: 0, limit: 10 }))
    let failed = 0
    // Two minutes of five clients that come again each second.
    for (let second = 0; second < 120; second += 1) {
      for (let client = 0; client < 5; client += 1) failed += oneClient()
      pass(1_000)
    }
    assert.ok(failed > 0)
    assert.deepEqual(log.filter((line) => line === 'the database can not be read').length, 1)
    assert.ok(log.length <= 2, log.join())
    assert.ok(opens() <= 121, `${opens()} times opened`)
    // Another one in its place is well at once.
    removeDatabase(path)
    feedWith(t, path, 2)
    source.open().read((queries) => queries.feed())
    assert.equal(log.at(-1), 'reading the database')
  })
}

test('a damaged file that is well again is told of as well when nothing failed for a minute', (t) => {
  const path = join(temporaryFolder(t), 'feed.db')
  const feed = feedWith(t, path, 1)
  const { source, log, pass } = sourceOf(t, path)
  const head = () => source.open().read((queries) => queries.head())
  head()
  feed.sqlite.exec('ALTER TABLE nodes RENAME TO elsewhere')
  assert.throws(() => source.open().read((queries) => queries.node(SUPER_ROOT_ID)), DatabaseUnavailableError)
  feed.sqlite.exec('ALTER TABLE elsewhere RENAME TO nodes')
  pass(1_000)
  head()
  assert.deepEqual(log, ['reading the database', 'the database can not be read'])
  pass(60_000)
  head()
  assert.deepEqual(log, ['reading the database', 'the database can not be read', 'reading the database'])
})

test('what a killed writer left in the WAL is read, also when the next writer goes on', async (t) => {
  const path = join(temporaryFolder(t), 'feed.db')
  killedWriter(path, 10)
  assert.ok(existsSync(`${path}-wal`))
  const { url } = await serveFeed(t, path)
  assert.equal(await cursorOf(url), 10)
  const feed = feedWith(t, path, 1)
  assert.equal(await cursorOf(url), 11)
  feed.sqlite.pragma('wal_checkpoint(TRUNCATE)')
  assert.equal(await cursorOf(url), 11)
})

test('a reader that is the last to close leaves the WAL where it is', async (t) => {
  const folder = temporaryFolder(t)
  const path = join(folder, 'feed.db')
  killedWriter(path, 3)
  openReader(path).sqlite.close()
  assert.deepEqual(readdirSync(folder).sort(), ['feed.db', 'feed.db-shm', 'feed.db-wal', 'feed.db.lock'])
})

test('a folder that can not be written is enough', async (t) => {
  const folder = temporaryFolder(t, 'for others')
  const path = join(folder, 'feed.db')
  const feed = feedWith(t, path, 4)
  for (const name of readdirSync(folder)) chmodSync(join(folder, name), 0o444)
  const isRoot = process.getuid?.() === 0
  // Root may write everywhere, so the api runs as nobody then.
  const api = await startApi(t, folder, isRoot ? { uid: 65_534 } : {})
  chmodSync(folder, 0o555)
  assert.equal(await cursorOf(api.url), 4)
  if (isRoot) feed.put({ id: 'later' })
  assert.equal(await cursorOf(api.url), isRoot ? 5 : 4)
})
