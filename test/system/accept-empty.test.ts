/**
 * Shows `accept-empty`: the owner accepts a root that was found empty or replaced. Both services and the command run as
 * processes on real folders.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { assertAllEqual, type Follower, follow } from '../support/convergence.ts'
import { createDisks, noDisks } from '../support/disks.ts'
import { headOf, idAt, rootRow, rootState, untilOffline } from '../support/observations.ts'
import { createPair, type Pair } from '../support/pair.ts'
import { runProgram } from '../support/program.ts'
import { until } from '../support/until.ts'

function accept(pair: Pair, name: string): { status: number | null; output: string } {
  const { status, output } = runProgram(pair, ['accept-empty', name])
  return { status, output }
}

/** A scanned root with a folder and a file, and a second root. */
async function pairWithFiles(t: TestContext): Promise<Pair> {
  const pair = await createPair(t, { roots: ['media', 'other'] })
  fill(pair)
  await Promise.all([pair.startIndexer(), pair.startApi()])
  await assertAllEqual(pair)
  return pair
}

function fill(pair: Pair): void {
  mkdirSync(pair.path('folder'), { recursive: true })
  writeFileSync(pair.path('folder', 'file'), 'bytes')
}

function empty(pair: Pair): void {
  for (const name of readdirSync(pair.path())) rmSync(pair.path(name), { recursive: true })
}

/** Asserts that no word is left in the database's folder that would count another time. */
function assertNoWordIsLeft(pair: Pair): void {
  const left = readdirSync(dirname(pair.databasePath)).filter((name) => name.includes('accept'))
  assert.deepEqual(left, [])
}

test('a root that was found empty is emptied in the feed when its owner accepts that, and only once', async (t) => {
  const pair = await pairWithFiles(t)
  const follower = follow(pair)
  const id = idAt(pair, 'media')
  await pair.endIndexer()
  empty(pair)
  await pair.startIndexer(['other'])
  await untilOffline(pair)
  assert.match(
    pair.indexer().stdout(),
    /suddenly empty.*If it was emptied on purpose: \S+\/drive-feed accept-empty media --config=\S+"/,
  )

  const { status, output } = accept(pair, 'media')
  assert.deepEqual(
    [status, output],
    [
      0,
      `media: ${pair.path()} is empty; the 2 files and folders that were known in it are to be removed.
The indexer removes them now.
`,
    ],
  )
  await assertAllEqual(pair, follower)
  assert.equal(idAt(pair, 'media'), id, 'the root itself stays')
  await until('media to be watched', () => rootState(pair, 'media') === 'watching')
  assertNoWordIsLeft(pair)

  fill(pair)
  await assertAllEqual(pair, follower)
  await pair.endIndexer()
  empty(pair)
  await pair.startIndexer(['other'])
  await untilOffline(pair)
  assert.notEqual(idAt(pair, 'media/folder/file'), undefined, 'the former word does not count again')
  await follower.stop()
})

test('while the indexer is stopped the word waits for its next start', async (t) => {
  const pair = await pairWithFiles(t)
  await pair.endIndexer()
  empty(pair)
  const { status, output } = accept(pair, 'media')
  assert.equal(status, 0, output)
  assert.match(output, /is not running\. It removes them at its next start/)
  await pair.startIndexer()
  await assertAllEqual(pair)
  assertNoWordIsLeft(pair)
})

test('another folder in the place of the root is accepted in the same way', async (t) => {
  const pair = await pairWithFiles(t)
  const follower = follow(pair)
  renameSync(pair.path(), join(pair.folder, 'aside'))
  mkdirSync(pair.path())
  writeFileSync(pair.path('new'), 'new')
  await untilOffline(pair)
  const { status, output } = accept(pair, 'media')
  assert.equal(status, 0, output)
  await until('media to be watched', () => rootState(pair, 'media') === 'watching')
  await assertAllEqual(pair, follower)
  writeFileSync(pair.path('newer'), 'newer')
  await assertAllEqual(pair, follower)
  assertNoWordIsLeft(pair)
  await follower.stop()
})

test('a folder with the inode number of the root that it replaced is accepted, and stays accepted', {
  skip: noDisks('ext4'),
}, async (t) => {
  const disks = createDisks(t)
  const pair = await createPair(t, { roots: ['disk', 'other'] })
  await disks.mount(disks.create('ext4'), join(pair.folder, 'disk'))
  const media = join(pair.folder, 'disk', 'media')
  pair.configure({ roots: { media, other: join(pair.folder, 'other') } })
  mkdirSync(join(media, 'folder'), { recursive: true })
  writeFileSync(join(media, 'folder', 'file'), 'bytes')
  await Promise.all([pair.startIndexer(), pair.startApi()])
  await assertAllEqual(pair)
  await pair.endIndexer()
  const { ino } = statSync(media)
  rmSync(media, { recursive: true })
  let attempts = 0
  for (mkdirSync(media); statSync(media).ino !== ino && attempts < 1_000; mkdirSync(media)) {
    attempts += 1
    renameSync(media, `${media}-${attempts}`)
  }
  assert.equal(statSync(media).ino, ino)
  writeFileSync(join(media, 'new'), 'new')
  await pair.startIndexer(['other'])
  await untilOffline(pair)
  const { status, output } = accept(pair, 'media')
  assert.equal(status, 0, output)
  for (const isRestarted of [false, true]) {
    if (isRestarted) {
      await pair.endIndexer()
      await pair.startIndexer(['other'])
    }
    await until('media to be watched', () => rootState(pair, 'media') === 'watching')
    await assertAllEqual(pair)
  }
})

test('I7: only the folder that the owner saw is accepted, and only as it was', async (t) => {
  const pair = await pairWithFiles(t)
  await pair.endIndexer()
  const before = headOf(pair)
  await t.test('not another empty one', async () => {
    renameSync(pair.path(), join(pair.folder, 'aside'))
    mkdirSync(pair.path())
    await pair.startIndexer(['other'])
    await untilOffline(pair)
    await pair.endIndexer()
    assert.equal(accept(pair, 'media').status, 0)
    mkdirSync(join(pair.folder, 'yet-another'))
    rmSync(pair.path(), { recursive: true })
    renameSync(join(pair.folder, 'yet-another'), pair.path())
    await pair.startIndexer(['other'])
    await untilOffline(pair)
    assert.equal(headOf(pair), before)
    assertNoWordIsLeft(pair)
  })
  await t.test('not if the root came back by itself', async () => {
    await pair.endIndexer()
    assert.equal(accept(pair, 'media').status, 0)
    rmSync(pair.path(), { recursive: true })
    renameSync(join(pair.folder, 'aside'), pair.path())
    await pair.startIndexer()
    await assertAllEqual(pair)
    assert.equal(headOf(pair), before)
    assertNoWordIsLeft(pair)
  })
})

test('what can not be accepted is refused, with the state of every root', async (t) => {
  const pair = await pairWithFiles(t)
  renameSync(pair.path(), join(pair.folder, 'aside'))
  await untilOffline(pair)
  const unknown = accept(pair, 'meda')
  assert.equal(unknown.status, 1)
  assert.match(
    unknown.output,
    /^drive-feed accept-empty: no watched folder is called "meda"; there are:\n {2}media: offline since 20\S+Z: .* is not there as a folder; .*\n {2}other: watching, \S+\n$/,
  )
  const missing = accept(pair, 'media')
  assert.deepEqual([missing.status, /can't be looked at: ENOENT/.test(missing.output)], [1, true], missing.output)
  const healthy = accept(pair, 'other')
  assert.deepEqual(healthy, {
    status: 1,
    output: 'drive-feed accept-empty: other is watching, not offline: there is nothing to accept\n',
  })
  assertNoWordIsLeft(pair)
})

/** A root in which a disk was mounted at `inner disk` and is away, and a follower. */
async function pairWithDisk(t: TestContext) {
  let follower: Follower | undefined
  t.after(() => follower?.stop().catch(() => {}))
  const disks = createDisks(t)
  const pair = await createPair(t)
  const inner = pair.path('inner disk')
  const disk = disks.create('ext4')
  mkdirSync(inner)
  writeFileSync(join(inner, 'covered'), 'of the folder itself')
  mkdirSync(pair.path('plain'))
  await disks.mount(disk, inner)
  mkdirSync(join(inner, 'folder'))
  writeFileSync(join(inner, 'folder', 'file'), 'bytes')
  await Promise.all([pair.startIndexer(), pair.startApi()])
  await assertAllEqual(pair)
  follower = follow(pair)
  await disks.unmount(inner)
  const message = () => rootRow(pair, 'media')?.message ?? ''
  await until('the root to have a message', () => message() !== '')
  return { disks, pair, disk, inner, follower, message }
}

test('a disk inside a root that is away is given up with the command that the message says', {
  skip: noDisks('ext4'),
}, async (t) => {
  const { disks, pair, disk, inner, follower, message } = await pairWithDisk(t)
  const told =
    /^the filesystem mounted at '(.*)' is away since 20\S+Z: its nodes are kept; mount it again\. If it is not to come back: (\/.*\/drive-feed accept-empty .*)$/
  const [, place, command = ''] = told.exec(message()) ?? []
  assert.equal(place, inner, message())

  await t.test('the message goes when the disk is back', async () => {
    await disks.mount(disk, inner)
    await until('the root to have no message', () => message() === '')
    await assertAllEqual(pair, follower)
    await disks.unmount(inner)
    await until('the root to have a message', () => message() !== '')
    assert.notEqual(idAt(pair, 'media/inner disk/folder/file'), undefined)
  })
  const { status, stdout, stderr } = spawnSync('sh', ['-c', command], { encoding: 'utf8', timeout: 60_000 })
  assert.equal(status, 0, stderr)
  assert.match(
    stdout,
    /the 3 files and folders that were known in it are to be removed\.\nThe indexer has removed them\.\n$/,
  )
  await assertAllEqual(pair, follower)
  assert.equal(message(), '')
  writeFileSync(join(inner, 'new'), 'watched')
  await assertAllEqual(pair, follower)
  assertNoWordIsLeft(pair)

  await t.test('I7: and only this once', async () => {
    await disks.mount(disk, inner)
    await assertAllEqual(pair, follower)
    await disks.unmount(inner)
    await until('the root to have a message', () => message() !== '')
    assert.notEqual(idAt(pair, 'media/inner disk/folder/file'), undefined)
  })
  await t.test('while the indexer is stopped the word waits for its next start', async () => {
    await pair.endIndexer()
    const { status: left, output } = accept(pair, inner)
    assert.equal(left, 0, output)
    assert.match(output, /is not running/)
    await pair.startIndexer()
    await assertAllEqual(pair, follower)
    assert.equal(message(), '')
    assertNoWordIsLeft(pair)
  })
  await follower.stop()
})

test('a path that can not be accepted is refused with the reason, and other forms of the right path are accepted', {
  skip: noDisks('ext4'),
}, async (t) => {
  const { disks, pair, disk, inner, follower } = await pairWithDisk(t)
  const refusals: readonly [string, RegExp][] = [
    ['./inner disk', /: \.\/inner disk is not an absolute path: begin it with \/\n$/],
    [pair.path('nowhere'), /: nothing is known at \S+nowhere\n$/],
    [pair.path('plain'), /: no other filesystem was mounted at \S+plain as far as is known: nothing is away there\n$/],
    [join(inner, 'folder'), /folder' is in '.*\/inner disk', whose filesystem is away: that is the path to give\n$/],
    [pair.path(), /: media is watching, not offline: there is nothing to accept\n$/],
    ['/nowhere/at all', /: '\/nowhere\/at all' is in no watched folder; there are:\n {2}media: \S+\n$/],
  ]
  for (const [path, message] of refusals) {
    const { status, output } = accept(pair, path)
    assert.match(output, message)
    assert.equal(status, 1)
  }
  await disks.mount(disk, inner)
  assert.match(accept(pair, inner).output, /: a filesystem is mounted at '.*': nothing is away there\n$/)
  await disks.unmount(inner)
  assertNoWordIsLeft(pair)
  await until('the disk to be away', () => rootRow(pair, 'media')?.message != null)

  symlinkSync(pair.path(), join(pair.folder, 'link'))
  const { status, output } = accept(pair, `${pair.folder}/link/plain/..//inner disk/`)
  assert.equal(status, 0, output)
  await assertAllEqual(pair, follower)
  await follower.stop()
})
