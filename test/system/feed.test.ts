/**
 * Shows what clients receive: the fields of every kind of file, the two phases of a file, moves without a new hash,
 * merged changes. Both services run as processes.
 */
import assert from 'node:assert/strict'
import { cpSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { FeedNode } from '../../client/src/wire.ts'
import type { Metadata } from '../../services/indexer/src/metadata/metadata-job.ts'
import { assertAllEqual, follow } from '../support/convergence.ts'
import { CORPUS, corpusAnswers } from '../support/corpus.ts'
import { FeedClient } from '../support/feed-client.ts'
import { getJson } from '../support/http-get.ts'
import { changesSince, headOf, idAt, idsBelow, passSentinel, statusOf } from '../support/observations.ts'
import { createPair, type Pair } from '../support/pair.ts'
import { until } from '../support/until.ts'

test('the sample files have the fields that the original program gave them', async (t) => {
  const pair = await createPair(t)
  cpSync(CORPUS, pair.path(), { recursive: true })
  rmSync(pair.path('expected.json'))
  await Promise.all([pair.startIndexer(), pair.startApi()])
  await assertAllEqual(pair)
  const client = new FeedClient(pair.url)
  await client.poll()
  const byName = new Map(Array.from(client.nodes.values(), (node) => [node.name, node]))
  for (const [name, answers] of corpusAnswers()) {
    await t.test(name, () => assert.deepEqual(metadataOf(byName.get(name)), answers))
  }
})

function metadataOf(node: FeedNode | undefined): Metadata | undefined {
  if (node === undefined) return undefined
  const { hash, mime_type: mimeType, is_image: isImage, is_video: isVideo, width, height } = node
  return { hash, mimeType, isImage, isVideo, width, height, msDuration: node.ms_duration }
}

test('a client receives files as it should', async (t) => {
  const pair = await createPair(t, { config: { settle_ms: 200 } })
  await Promise.all([pair.startIndexer(), pair.startApi()])
  await t.test('a new file is listed without a hash, and then in its final state', () => twoPhases(pair))
  await t.test('I3: a folder of a thousand files is moved: ids stay, the folder comes first, paths are new', () =>
    movedFolder(pair),
  )
  await t.test('what is made and removed between two polls never comes', async () => {
    const cursor = headOf(pair)
    mkdirSync(pair.path('short'))
    writeFileSync(pair.path('short', 'file'), 'short')
    await until('the file to be listed', () => idAt(pair, 'media/short/file'))
    rmSync(pair.path('short'), { recursive: true })
    await until('the folder to be gone', () => idAt(pair, 'media/short') === undefined)
    assert.deepEqual(await changesSince(pair, cursor), [])
  })
  await t.test('five writes between two polls are one update', async () => {
    writeFileSync(pair.path('five'), '0')
    await passSentinel(pair)
    await assertAllEqual(pair)
    const cursor = headOf(pair)
    for (let n = 1; n <= 5; n += 1) {
      writeFileSync(pair.path('five'), 'x'.repeat(n + 1))
      await until('the write to be listed', () => sizeOf(pair, 'media/five') === n + 1)
    }
    await assertAllEqual(pair)
    assert.equal((await changesSince(pair, cursor)).length, 1)
  })
  await t.test('I1: a burst of 5,000 files', async () => {
    for (let n = 0; n < 5_000; n += 1) {
      if (n % 500 === 0) mkdirSync(pair.path('burst', `${n / 500}`), { recursive: true })
      writeFileSync(pair.path('burst', `${Math.floor(n / 500)}`, `${n}`), `${n}`)
    }
    await assertAllEqual(pair)
  })
  await t.test('nothing was read twice', async () => {
    const files = pair.read((q) =>
      q.prepare<[], number>('SELECT count(*) FROM nodes WHERE NOT is_directory').pluck().get(),
    )
    await pair.endIndexer()
    // Besides the files that are there: the short one at most, and reads between two of the five writes.
    const jobs = statusOf(pair)?.filesHashed ?? 0
    assert.ok(jobs <= (files ?? 0) + 6, `${jobs} jobs for ${files} files`)
  })
})

async function twoPhases(pair: Pair): Promise<void> {
  const follower = follow(pair, { pauseMs: 1 })
  await follower.catchUp()
  cpSync(join(CORPUS, 'i.jpg'), pair.path('new.jpg'))
  await assertAllEqual(pair, follower)
  await follower.stop()
  const told = follower.changes.flatMap((change) =>
    !change.removed && change.node.name === 'new.jpg' ? change.node : [],
  )
  assert.deepEqual(
    told.map(({ hash }) => hash === ''),
    [true, false],
  )
  const [first, second] = told
  assert.equal(first?.size, second?.size)
  assert.equal(second?.mime_type, 'image/jpeg')
}

async function movedFolder(pair: Pair): Promise<void> {
  mkdirSync(pair.path('thousand', 'sub'), { recursive: true })
  for (let n = 0; n < 1_000; n += 1) writeFileSync(pair.path('thousand', n % 2 === 0 ? 'sub' : '.', `${n}`), `${n}`)
  mkdirSync(pair.path('target'))
  await assertAllEqual(pair)
  const before = idsBelow(pair, 'media/thousand')
  const top = idAt(pair, 'media/thousand')
  const cursor = headOf(pair)
  renameSync(pair.path('thousand'), pair.path('target', 'moved'))
  await until('the move to be seen', () => idAt(pair, 'media/target/moved') === top)
  const file = before.get('sub/42')
  const { path } = await getJson<{ path: string }>(`${pair.url}/api/v1/nodes/${file}/path`)
  assert.equal(path, pair.path('target', 'moved', 'sub', '42'))
  const told = await changesSince(pair, cursor)
  const ids = told.map((change) => (change.removed ? '' : change.node.id))
  assert.equal(ids[0], top)
  assert.equal(told.length, 1_002)
  assert.ok(ids.indexOf(before.get('sub') ?? '') < ids.indexOf(file ?? ''))
  assert.deepEqual(idsBelow(pair, 'media/target/moved'), before)
  assert.ok(told.every((change) => !change.removed && (change.node.is_directory || change.node.hash !== '')))
  await assertAllEqual(pair)
}

function sizeOf(pair: Pair, path: string): number | undefined {
  const id = idAt(pair, path)
  return pair.read((sqlite) =>
    sqlite.prepare<[string | undefined], number>('SELECT size FROM nodes WHERE node_id = ?').pluck().get(id),
  )
}
