/**
 * Shows that with `skip_initial_hash` the files of the first scan are listed, but not read until they change. Both
 * services run as processes.
 */
import assert from 'node:assert/strict'
import { appendFileSync, linkSync, mkdirSync, renameSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import Database from 'better-sqlite3'
import { assertAllEqual } from '../support/convergence.ts'
import { passSentinel } from '../support/observations.ts'
import { createPair, type Pair } from '../support/pair.ts'
import { runProgram } from '../support/program.ts'
import { until } from '../support/until.ts'

const OLD = ['changed', 'closed', 'linked', 'moved', 'renamed', 'touched', 'untouched']

async function skippingPair(t: TestContext): Promise<Pair> {
  const pair = await createPair(t, { roots: ['media', 'other'], config: { skip_initial_hash: true } })
  for (const name of OLD) {
    writeFileSync(pair.path(name), name)
    utimesSync(pair.path(name), 1_700_000_000, 1_700_000_000)
  }
  await Promise.all([pair.startIndexer(), pair.startApi()])
  return pair
}

/** Names of the files that were not read and do not wait to be read. */
function skipped(pair: Pair): string[] {
  return pair.read((sqlite) =>
    sqlite
      .prepare<[], string>(
        "SELECT name FROM nodes WHERE NOT is_directory AND hash = '' AND metadata_state = 'skipped' ORDER BY name",
      )
      .pluck()
      .all(),
  )
}

async function untilSkipped(pair: Pair, expected: readonly string[]): Promise<void> {
  await passSentinel(pair)
  const names = expected.toSorted()
  await until(`only ${names} to be unread`, () => JSON.stringify(skipped(pair)) === JSON.stringify(names)).catch(
    () => {},
  )
  assert.deepEqual(skipped(pair), names)
}

/** Asserts that everything but the hashes is as on the disk. */
function assertAuditAgrees(pair: Pair): void {
  const { status, output } = runProgram(pair, ['audit', '--hashes'])
  assert.equal(status, 0, output)
}

function filesWaiting(pair: Pair): number {
  return pair.read((sqlite) => sqlite.prepare('SELECT files_waiting FROM status').pluck().get() as number)
}

/** Names of the files that a client receives which leaves pending files out. */
async function settledNames(pair: Pair): Promise<string[]> {
  const answer = await fetch(`${pair.url}/api/v1/changes?cursor=0&type=file&settled=1`)
  const { changes } = (await answer.json()) as { changes: { node?: { name: string; hash: string } }[] }
  return changes.flatMap(({ node }) => (node?.hash === '' ? [node.name] : [])).toSorted()
}

test('files of the first scan are listed and neither read nor waited for, and files that come later are read', async (t) => {
  const pair = await skippingPair(t)
  assert.deepEqual(skipped(pair), OLD)
  assert.deepEqual(await settledNames(pair), OLD)
  writeFileSync(pair.path('new'), 'new')
  mkdirSync(pair.path('folder'))
  writeFileSync(pair.path('folder', 'inner'), 'inner')
  await untilSkipped(pair, OLD)
  await until('no file to wait', () => filesWaiting(pair) === 0)
  assertAuditAgrees(pair)
})

test('a file that was skipped is read when it changes, and not when it is moved, linked or looked at', async (t) => {
  const pair = await skippingPair(t)
  appendFileSync(pair.path('changed'), ' now')
  // The same size and time as before: only the close shows it.
  writeFileSync(pair.path('closed'), 'CLOSED')
  utimesSync(pair.path('closed'), 1_700_000_000, 1_700_000_000)
  utimesSync(pair.path('touched'), 1_700_000_001, 1_700_000_001)
  renameSync(pair.path('renamed'), pair.path('renamed again'))
  mkdirSync(pair.path('folder'))
  renameSync(pair.path('moved'), join(pair.folder, 'other', 'moved'))
  linkSync(pair.path('linked'), pair.path('folder', 'linked too'))
  const rest = ['linked', 'linked too', 'moved', 'renamed again', 'untouched']
  await untilSkipped(pair, rest)
  assertAuditAgrees(pair)
  appendFileSync(pair.path('linked'), ' and written')
  await untilSkipped(pair, ['moved', 'renamed again', 'untouched'])
  assertAuditAgrees(pair)
})

test('a restart reads what is new and what has changed, unless the first scan never came to its end', async (t) => {
  const pair = await skippingPair(t)
  await pair.endIndexer()
  writeFileSync(pair.path('new'), 'new')
  appendFileSync(pair.path('changed'), ' now')
  await pair.startIndexer()
  const rest = OLD.filter((name) => name !== 'changed')
  await untilSkipped(pair, rest)

  await pair.endIndexer('SIGKILL')
  const sqlite = new Database(pair.databasePath)
  sqlite.exec("UPDATE watch_roots SET was_scanned = 0 WHERE name = 'media'")
  sqlite.close()
  for (const root of ['media', 'other']) writeFileSync(join(pair.folder, root, `found in ${root}`), 'found')
  appendFileSync(pair.path('touched'), ' now')
  await pair.startIndexer()
  const found = [...rest.filter((name) => name !== 'touched'), 'found in media']
  await untilSkipped(pair, found)
  assertAuditAgrees(pair)

  await pair.endIndexer()
  writeFileSync(pair.path('newer'), 'newer')
  await pair.startIndexer()
  await untilSkipped(pair, found)
})

test('another folder at a watch of the same name has a first scan of its own', async (t) => {
  const pair = await skippingPair(t)
  await pair.endIndexer()
  const path = join(pair.folder, 'another')
  mkdirSync(path)
  writeFileSync(join(path, 'found'), 'found')
  pair.configure({ roots: { ...pair.configuration().roots, media: path } })
  await pair.startIndexer()
  writeFileSync(join(path, 'new'), 'new')
  await until('the new file to be read', () =>
    pair.read((sqlite) => sqlite.prepare("SELECT 1 FROM nodes WHERE name = 'new' AND hash <> ''").get() !== undefined),
  )
  assert.deepEqual(skipped(pair), ['found'])
})

test('skipped files are read after a start without the setting', async (t) => {
  const pair = await skippingPair(t)
  await pair.endIndexer()
  pair.configure({ other: { ...pair.configuration().other, skip_initial_hash: false } })
  await pair.startIndexer()
  await untilSkipped(pair, [])
  await assertAllEqual(pair)
})
