/**
 * Shows the api without an indexer, before there is a database, and on a read-only folder. The api runs as a process.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { copyFileSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { assertAllEqual, follow, untilConverged } from '../support/convergence.ts'
import { FeedClient } from '../support/feed-client.ts'
import { getJson } from '../support/http-get.ts'
import { headOf } from '../support/observations.ts'
import { createPair } from '../support/pair.ts'
import { API_MAIN } from '../support/run-api.ts'
import { launch } from '../support/service-process.ts'
import { until } from '../support/until.ts'

test('the api answers 503 before there is a database, and recovers by itself', async (t) => {
  const pair = await createPair(t)
  await pair.startApi()
  const response = await fetch(`${pair.url}/api/v1/cursor`)
  assert.equal(response.status, 503)
  assert.ok(Number(response.headers.get('retry-after')) > 0)
  await response.body?.cancel()
  writeFileSync(pair.path('file'), 'bytes')
  await pair.startIndexer()
  await assertAllEqual(pair)
})

test('I10: the api answers while the indexer is stopped or was killed, and from a folder that it can not write', async (t) => {
  const pair = await createPair(t)
  for (let n = 0; n < 50; n += 1) writeFileSync(pair.path(`${n}`), `${n}`)
  await pair.startIndexer()
  await untilConverged(pair)
  const isolated = canMount() ? readOnlyApi(t, pair.configPath, dirname(pair.databasePath)) : await pair.startApi()
  await until('the api to listen', () => isolated.stdout().includes('"listening"'))
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    await pair.endIndexer(signal)
    const client = new FeedClient(pair.url, { maxSize: 10 })
    await client.poll()
    assert.equal(client.cursor, headOf(pair))
    const { cursor } = await getJson<{ cursor: number }>(`${pair.url}/api/v1/cursor`)
    assert.equal(cursor, headOf(pair))
    // A client that begins to wait while no indexer runs receives what the next one finds.
    const waiting = getJson<{ changes: object[] }>(`${pair.url}/api/v1/changes?cursor=${cursor}&wait=50`)
    await pair.startIndexer()
    const again = getJson<{ changes: object[] }>(`${pair.url}/api/v1/changes?cursor=${headOf(pair)}&wait=50`)
    writeFileSync(pair.path(`after ${signal}`), signal)
    for (const { changes } of await Promise.all([waiting, again])) assert.ok(changes.length > 0)
    await assertAllEqual(pair)
  }
  await pair.endIndexer()
  await isolated.end('SIGTERM')
  assert.deepEqual(readdirSync(dirname(pair.databasePath)).sort(), [
    'feed.db',
    'feed.db-shm',
    'feed.db-wal',
    'feed.db.lock',
  ])
  await t.test('a fresh api on the files of a stopped indexer', async () => {
    const api = canMount() ? readOnlyApi(t, pair.configPath, dirname(pair.databasePath)) : await pair.startApi()
    await until('the api to listen', () => api.stdout().includes('"listening"'))
    await assertAllEqual(pair)
  })
})

test('I5: the original program’s database is upgraded, and the cursor never falls', async (t) => {
  // Those of the original, and a new one. What is in their folders is not what it was.
  const roots = ['library', 'media', 'photos']
  const pair = await createPair(t, { roots })
  const original = join(import.meta.dirname, '../data/original-1.0.1.db')
  copyFileSync(original, pair.databasePath)
  const head =
    pair.read((sqlite) => sqlite.prepare<[], number>('SELECT max(change_id) FROM changes').pluck().get()) ?? 0
  assert.ok(head > 0)
  for (const root of roots) writeFileSync(join(pair.folder, root, 'file'), root)
  await Promise.all([pair.startIndexer(), pair.startApi()])
  const follower = follow(pair)
  await assertAllEqual(pair, follower)
  await follower.stop()
  assert.ok(follower.client.cursor >= head)
})

function canMount(): boolean {
  try {
    execFileSync('unshare', ['--mount', 'true'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** The api in a mount namespace of its own, where the database's folder is read-only as in its container. */
function readOnlyApi(t: TestContext, configPath: string, folder: string) {
  const script = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && exec "$2" "$3" "--config=$4"'
  const args = ['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', folder, process.execPath, API_MAIN]
  return launch(t, { command: 'unshare', args: [...args, configPath] })
}
