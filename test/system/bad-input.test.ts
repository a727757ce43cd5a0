/**
 * Shows that mistakes in the config are named in one line, and that surprises on the disk do no harm. Both services run
 * as processes.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import Database from 'better-sqlite3'
import { assertAllEqual } from '../support/convergence.ts'
import { CORPUS } from '../support/corpus.ts'
import { idAt, passSentinel } from '../support/observations.ts'
import { createPair, INDEXER_MAIN } from '../support/pair.ts'
import { API_MAIN } from '../support/run-api.ts'
import { launch } from '../support/service-process.ts'
import { until } from '../support/until.ts'

const NOBODY = 65_534

test('each mistake in the config ends both programs with one line that names it', async (t) => {
  const pair = await createPair(t)
  const { folder } = pair
  const base = { database_url: join(folder, 'db', 'feed.db'), watches: { media: pair.path() } }
  mkdirSync(pair.path('inner'))
  const mistakes: Readonly<Record<string, { text: unknown; names: RegExp; indexerOnly?: true }>> = {
    'bad YAML': { text: 'watches: [', names: /config\.yaml/ },
    'an unknown key': { text: { ...base, exlude: [] }, names: /exlude.*exclude/ },
    'a port out of range': { text: { ...base, port: 70_000 }, names: /port.*70000.*65535/ },
    'a relative folder': { text: { ...base, watches: { media: 'media' } }, names: /watches\.media.*"media"/ },
    'no watches': { text: { ...base, watches: {} }, names: /watches/ },
    'a missing folder': {
      text: { ...base, watches: { media: join(folder, 'nowhere') } },
      names: /watches\.media.*nowhere/,
      indexerOnly: true,
    },
    'one watch inside another': {
      text: { ...base, watches: { media: pair.path(), inner: pair.path('inner') } },
      names: /watches\.inner.*inside.*watches\.media/,
    },
    'the database inside a watch': {
      text: { ...base, database_url: pair.path('feed.db') },
      names: /database_url.*inside/,
    },
  }
  const run = async (main: string, configPath: string) => {
    const launched = launch(t, { command: process.execPath, args: [main, `--config=${configPath}`] })
    const exit = await launched.exit()
    return { code: exit.code, lines: launched.stderr().trimEnd().split('\n') }
  }
  const check = async (what: string, configPath: string, names: RegExp, mains: readonly string[]) => {
    for (const { code, lines } of await Promise.all(mains.map((main) => run(main, configPath)))) {
      assert.ok(code !== 0 && code !== null, `${what}: exit code ${code}`)
      assert.equal(lines.length, 1, lines.join('\n'))
      assert.match(lines[0] ?? '', names)
    }
  }
  await t.test('a missing file', () =>
    check('missing', join(folder, 'none.yaml'), /none\.yaml.*does not exist/, [INDEXER_MAIN, API_MAIN]),
  )
  for (const [what, { text, names, indexerOnly }] of Object.entries(mistakes)) {
    await t.test(what, () => {
      writeFileSync(pair.configPath, typeof text === 'string' ? text : JSON.stringify(text))
      return check(what, pair.configPath, names, indexerOnly ? [INDEXER_MAIN] : [INDEXER_MAIN, API_MAIN])
    })
  }
})

test('I8: a second indexer, and one on a file that is not ours, refuse to start and leave the file as it is', async (t) => {
  const pair = await createPair(t)
  await pair.startIndexer()
  const second = launch(t, { command: process.execPath, args: [INDEXER_MAIN, `--config=${pair.configPath}`] })
  assert.equal((await second.exit()).code, 1)
  assert.match(second.stderr(), /^[^\n]*another indexer is running[^\n]*\n$/)
  await passSentinel(pair)
  await pair.endIndexer()
  for (const ending of ['', '-wal', '-shm']) rmSync(pair.databasePath + ending)
  const other = new Database(pair.databasePath)
  other.exec('PRAGMA user_version = 99; CREATE TABLE t (x)')
  other.close()
  const before = readFileSync(pair.databasePath)
  assert.equal((await pair.launchIndexer().exit()).code, 1)
  assert.match(pair.indexer().stderr(), /^[^\n]*schema version 99[^\n]*\n$/)
  assert.deepEqual(readFileSync(pair.databasePath), before)
})

test('nothing that can be on a disk stops or hangs the indexer', async (t) => {
  const pair = await createPair(t)
  const raw = (...bytes: number[]) => Buffer.concat([Buffer.from(`${pair.path()}/`), Buffer.of(...bytes)])
  execFileSync('mkfifo', [pair.path('fifo')])
  const socket = createServer().listen(pair.path('socket'))
  t.after(() => void socket.close())
  symlinkSync('.', pair.path('loop'))
  symlinkSync('nowhere', pair.path('dangling'))
  mkdirSync(raw(0xff, 0xfe))
  writeFileSync(Buffer.concat([raw(0xff, 0xfe), Buffer.from('/'), Buffer.of(0xe9)]), 'Latin-1')
  writeFileSync(raw(0xe9), 'one')
  writeFileSync(raw(0xe8), 'another that looks the same')
  writeFileSync(pair.path('line\nbreak "quoted" \\ 🎬'), 'odd')
  writeFileSync(pair.path('empty'), '')
  for (const name of ['i.jpg', 'v.mp4']) {
    cpSync(join(CORPUS, name), pair.path(name))
    truncateSync(pair.path(name), 700)
  }
  await Promise.all([pair.startIndexer(), pair.startApi()])
  await assertAllEqual(pair)
  await t.test('also while it watches', async () => {
    execFileSync('mkfifo', [pair.path('later fifo')])
    symlinkSync('/', pair.path('later link'))
    mkdirSync(raw(0xfd))
    writeFileSync(Buffer.concat([raw(0xfd), Buffer.from('/'), Buffer.of(0xc0)]), 'late')
    rmSync(pair.path('empty'))
    symlinkSync('i.jpg', pair.path('empty'))
    await assertAllEqual(pair)
  })
  await t.test('I6: a large file is removed while it is read', async () => {
    writeFileSync(pair.path('large'), '')
    truncateSync(pair.path('large'), 8 * 1024 ** 3)
    await until('the file to be listed', () => idAt(pair, 'media/large'))
    await passSentinel(pair)
    rmSync(pair.path('large'))
    await assertAllEqual(pair)
  })
})

test('I7: what can not be read keeps its nodes, and is read when it can be', {
  skip: process.getuid?.() !== 0 && 'needs root',
}, async (t) => {
  const pair = await createPair(t, { uid: NOBODY })
  mkdirSync(pair.path('folder', 'sub'), { recursive: true })
  writeFileSync(pair.path('folder', 'file'), 'bytes')
  writeFileSync(pair.path('folder', 'sub', 'file'), 'bytes')
  writeFileSync(pair.path('secret'), 'bytes')
  await Promise.all([pair.startIndexer(), pair.startApi()])
  await assertAllEqual(pair)
  const id = idAt(pair, 'media/folder/sub/file')
  await pair.endIndexer()
  chmodSync(pair.path('folder'), 0o700)
  chmodSync(pair.path('secret'), 0o600)
  chownSync(pair.path('folder'), 0, 0)
  await pair.startIndexer()
  await passSentinel(pair)
  assert.equal(idAt(pair, 'media/folder/sub/file'), id)
  writeFileSync(pair.path('secret'), 'other bytes')
  writeFileSync(pair.path('folder', 'new'), 'new')
  await until('the unreadable file to be set aside', () =>
    pair.read((q) => q.prepare("SELECT 1 FROM nodes WHERE name = 'secret' AND metadata_state = 'unreadable'").get()),
  )
  chmodSync(pair.path('secret'), 0o644)
  chmodSync(pair.path('folder'), 0o755)
  await assertAllEqual(pair)
  assert.equal(idAt(pair, 'media/folder/sub/file'), id)
  assert.ok(existsSync(pair.databasePath))
})
