/**
 * Shows that the database and the log are never listed, however they get into a watched folder. Hard links, mounts and
 * symbolic links on real folders.
 */
import assert from 'node:assert/strict'
import { linkSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { createDisks, noDisks } from '../support/disks.ts'
import { headOf, idAt, passSentinel, rootRow, statusOf } from '../support/observations.ts'
import { createPair, type Pair } from '../support/pair.ts'
import { runProgram } from '../support/program.ts'
import { until } from '../support/until.ts'

/** How long the feed must stand still. */
const STILL_MS = 4_000

/** A pair whose log is beside its database, and disks to mount that folder elsewhere. */
async function pairWithLog(t: TestContext) {
  const disks = createDisks(t)
  const pair = await createPair(t)
  const databaseFolder = dirname(pair.databasePath)
  const log = join(databaseFolder, 'feed.log')
  pair.configure({ other: { ...pair.configuration().other, log_path: log, log_level: 'debug' } })
  writeFileSync(join(databaseFolder, 'notes of the owner'), 'notes')
  mkdirSync(pair.path('volumes'))
  return { disks, pair, databaseFolder, log }
}

/** Asserts that no own file is listed, the head stands still, other files are listed, and the audit agrees. */
async function assertQuiet(pair: Pair, folder: string): Promise<void> {
  await passSentinel(pair)
  const before = headOf(pair)
  // By then the status row has been written for the sentinel.
  await sleep(STILL_MS / 2)
  const heartbeats = new Set<number | undefined>()
  for (let second = 0; second < STILL_MS / 1_000; second += 1) {
    heartbeats.add(statusOf(pair)?.heartbeatMs)
    await sleep(1_000)
  }
  assert.equal(headOf(pair), before, 'its own writes cause no change')
  assert.ok(heartbeats.size <= 2, 'its own writes do not make it busy: then it would write its status each second')
  await passSentinel(pair)
  assert.deepEqual(
    readdirSync(folder).filter((name) => idAt(pair, `media/${folder.slice(pair.path().length + 1)}/${name}`)),
    ['notes of the owner'],
  )
  const { status, output } = runProgram(pair, ['audit'])
  assert.equal(status, 0, output)
}

test('a database whose folder is mounted inside a watched one is left out, with the log, and that is reported once', {
  skip: noDisks(),
}, async (t) => {
  const { disks, pair, databaseFolder } = await pairWithLog(t)
  const volumes = pair.path('volumes')
  disks.bind(databaseFolder, volumes)
  await Promise.all([pair.startIndexer(), pair.startApi()])
  await assertQuiet(pair, volumes)
  const said = `${volumes} holds files of drive-feed itself, its database or its log; these are left out of the feed`
  assert.equal(rootRow(pair, 'media')?.message, said)
  assert.equal(pair.indexer().stdout().split(said).length, 2, 'once in the log')
  await disks.unmount(volumes)
  await pair.endIndexer()
  await pair.startIndexer()
  assert.equal(rootRow(pair, 'media')?.message, null)
})

test('a database folder that is mounted while the indexer runs is left out too', { skip: noDisks() }, async (t) => {
  const { disks, pair, databaseFolder } = await pairWithLog(t)
  await Promise.all([pair.startIndexer(), pair.startApi()])
  await passSentinel(pair)
  const volumes = pair.path('volumes')
  disks.bind(databaseFolder, volumes)
  await until('the other file to be listed', () => idAt(pair, 'media/volumes/notes of the owner'))
  await assertQuiet(pair, volumes)
})

test('single own files that are mounted on others or linked under another name are left out too', {
  skip: noDisks(),
}, async (t) => {
  const { disks, pair, log } = await pairWithLog(t)
  await pair.startIndexer()
  const volumes = pair.path('volumes')
  for (const name of ['notes of the owner', 'mounted']) writeFileSync(join(volumes, name), 'bytes')
  await passSentinel(pair)
  assert.ok(idAt(pair, 'media/volumes/mounted'))
  disks.bind(`${pair.databasePath}-wal`, join(volumes, 'mounted'))
  linkSync(pair.databasePath, join(volumes, 'linked.db'))
  linkSync(log, join(volumes, 'linked.log'))
  await until('the mounted file to go', () => idAt(pair, 'media/volumes/mounted') === undefined)
  await assertQuiet(pair, volumes)
})

test("a folder that only looks like the database's is listed", async (t) => {
  const pair = await createPair(t)
  for (const name of ['feed.db', 'feed.db-wal', 'feed.db.lock']) writeFileSync(pair.path(name), name)
  await pair.startIndexer()
  writeFileSync(pair.path('feed.db-shm'), 'later')
  await passSentinel(pair)
  for (const name of ['feed.db', 'feed.db-wal', 'feed.db.lock', 'feed.db-shm']) {
    await until(`${name} to be listed`, () => idAt(pair, `media/${name}`))
  }
  assert.equal(rootRow(pair, 'media')?.message, null)
})
