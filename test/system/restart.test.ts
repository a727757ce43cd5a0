/**
 * Shows that stopping, killing and starting the indexer loses nothing, repeats nothing and causes no spurious change.
 * Both services run as processes.
 */
import assert from 'node:assert/strict'
import { existsSync, linkSync, mkdirSync, renameSync, rmSync, truncateSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { assertAllEqual, follow } from '../support/convergence.ts'
import { headOf, idAt, idsBelow, statusOf } from '../support/observations.ts'
import { createPair, type Pair } from '../support/pair.ts'
import { until } from '../support/until.ts'

function fill(folder: string, folders: number, files: number): void {
  for (let outer = 0; outer < folders; outer += 1) {
    mkdirSync(join(folder, `folder-${outer}`), { recursive: true })
    for (let inner = 0; inner < files; inner += 1) {
      writeFileSync(join(folder, `folder-${outer}`, `file-${inner}`), `${outer} ${inner}`)
    }
  }
}

/** Everything in the database but the status row and the states of the roots. */
function dump(pair: Pair): unknown {
  return pair.read((sqlite) => [
    sqlite.prepare('SELECT * FROM nodes ORDER BY node_id').all(),
    sqlite.prepare('SELECT * FROM changes ORDER BY change_id').all(),
    sqlite.prepare('SELECT * FROM devices ORDER BY device').all(),
    sqlite.prepare('SELECT name, node_id, path FROM watch_roots ORDER BY name').all(),
  ])
}

test('I12: a restart with nothing changed writes nothing and reads no file', async (t) => {
  const pair = await createPair(t)
  fill(pair.path(), 5, 20)
  linkSync(pair.path('folder-0', 'file-0'), pair.path('folder-1', 'link'))
  writeFileSync(Buffer.concat([Buffer.from(`${pair.path()}/`), Buffer.of(0xff, 0x41)]), 'not UTF-8')
  await Promise.all([pair.startIndexer(), pair.startApi()])
  await assertAllEqual(pair)
  const before = dump(pair)
  const exit = await pair.endIndexer()
  assert.deepEqual([exit.code, exit.tookMs < 2_000], [0, true], `stopped with ${exit.code} in ${exit.tookMs} ms`)
  for (const ending of ['-wal', '-shm']) assert.ok(existsSync(pair.databasePath + ending), `${ending} remains`)
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    await pair.startIndexer()
    assert.deepEqual(dump(pair), before)
    await pair.endIndexer(signal)
  }
  await pair.startIndexer()
  await pair.endIndexer('SIGINT')
  assert.deepEqual(dump(pair), before)
  assert.equal(statusOf(pair)?.filesHashed, 0)
  await assertAllEqual(pair)
})

test('I1: what changed, moved, came or went while the indexer was stopped is found, and only that is read', async (t) => {
  const pair = await createPair(t, { roots: ['media', 'other'] })
  fill(pair.path(), 6, 20)
  await Promise.all([pair.startIndexer(), pair.startApi()])
  await assertAllEqual(pair)
  const follower = follow(pair)
  await follower.catchUp()
  const moved = {
    'media/folder-0/file-1': 'media/renamed',
    'media/folder-1': 'media/folder-0/folder-1',
    'media/folder-1/file-3': 'media/folder-0/folder-1/file-3',
    'media/folder-2': 'other/folder-2',
    'media/folder-2/file-4': 'other/folder-2/file-4',
    'media/folder-3/file-1': 'media/folder-3/file-2',
    'media/folder-3/file-2': 'media/folder-3/file-1',
  }
  const ids = Object.keys(moved).map((path) => idAt(pair, path))
  await pair.endIndexer()
  renameSync(pair.path('folder-0', 'file-1'), pair.path('renamed'))
  renameSync(pair.path('folder-1'), pair.path('folder-0', 'folder-1'))
  renameSync(pair.path('folder-2'), join(pair.folder, 'other', 'folder-2'))
  renameSync(pair.path('folder-3', 'file-1'), pair.path('third'))
  renameSync(pair.path('folder-3', 'file-2'), pair.path('folder-3', 'file-1'))
  renameSync(pair.path('third'), pair.path('folder-3', 'file-2'))
  rmSync(pair.path('folder-4'), { recursive: true })
  writeFileSync(pair.path('folder-5', 'file-0'), 'changed')
  mkdirSync(pair.path('added'))
  writeFileSync(pair.path('added', 'file'), 'added')
  await pair.startIndexer()
  await assertAllEqual(pair, follower)
  await follower.stop()
  assert.deepEqual(
    Object.values(moved).map((path) => idAt(pair, path)),
    ids,
  )
  await pair.endIndexer()
  assert.equal(statusOf(pair)?.filesHashed, 2)
})

test('I1, I5: an indexer that is killed during a scan, hashing and a burst ends with the nodes of the disk', async (t) => {
  const pair = await createPair(t)
  fill(pair.path(), 40, 50)
  await pair.startApi()
  const files = () => pair.read((sqlite) => sqlite.prepare<[], number>('SELECT count(*) FROM nodes').pluck().get() ?? 0)
  const hashed = () =>
    pair.read((sqlite) => sqlite.prepare<[], number>("SELECT count(*) FROM nodes WHERE hash <> ''").pluck().get() ?? 0)
  pair.launchIndexer()
  await until('the database', () => existsSync(pair.databasePath) && pair.indexer().stdout().includes('"started"'))
  await until('a part of the scan', () => files() > 50)
  await pair.endIndexer('SIGKILL')
  const follower = follow(pair)
  await follower.catchUp()
  pair.launchIndexer()
  await until('a part of the hashes', () => hashed() > 100)
  await pair.endIndexer('SIGKILL')
  const head = headOf(pair)
  await pair.startIndexer()
  assert.ok(headOf(pair) >= head, 'I5')
  fill(pair.path('burst'), 10, 50)
  await until('a part of the burst', () => idsBelow(pair, 'media/burst').size > 10)
  await pair.endIndexer('SIGKILL')
  rmSync(pair.path('burst', 'folder-1'), { recursive: true })
  await pair.startIndexer()
  // A file whose close was lost with the indexer is read after half a minute.
  await assertAllEqual(pair, follower, { boundMs: 60_000 })
  await follower.stop()
})

test('SIGTERM and SIGINT end the indexer with 0 within two seconds, while it scans and while it hashes', async (t) => {
  const pair = await createPair(t)
  fill(pair.path(), 50, 50)
  writeFileSync(pair.path('large'), '')
  truncateSync(pair.path('large'), 4 * 1024 ** 3)
  utimesSync(pair.path('large'), 1, 1)
  pair.launchIndexer()
  await until('the scan to begin', () => pair.indexer().stdout().includes('root is attached'))
  const scanning = await pair.endIndexer('SIGTERM')
  assert.deepEqual([scanning.code, scanning.tookMs < 2_000], [0, true], JSON.stringify(scanning))
  await pair.startIndexer()
  const hashing = await pair.endIndexer('SIGINT')
  assert.deepEqual([hashing.code, hashing.tookMs < 2_000], [0, true], JSON.stringify(hashing))
  rmSync(pair.path('large'))
  await Promise.all([pair.startIndexer(), pair.startApi()])
  // A file whose close was lost with the indexer is read after half a minute.
  await assertAllEqual(pair, undefined, { boundMs: 60_000 })
})
