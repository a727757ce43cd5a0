/**
 * Shows that nodes keep their ids when device numbers change or swap. Real filesystems in image files, mounted under
 * other numbers.
 */
import assert from 'node:assert/strict'
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { assertAllEqual, follow } from '../support/convergence.ts'
import { command, createDisks, type DiskType, deviceNumber, noDisks } from '../support/disks.ts'
import { changesSince, headOf, passSentinel, rootState, statusOf } from '../support/observations.ts'
import { createPair, type Pair } from '../support/pair.ts'
import { until } from '../support/until.ts'

/** Everything known below some roots, with the latest change of each node. */
function rowsBelow(pair: Pair, roots: readonly string[]): unknown[] {
  return pair.read((sqlite) =>
    sqlite
      .prepare<[string]>(
        `WITH RECURSIVE below (node_id, path) AS (
           SELECT node_id, name FROM nodes JOIN json_each(?) ON nodes.name = json_each.value
           WHERE parent_id = '00000000-0000-0000-0000-000000000000'
           UNION ALL SELECT nodes.node_id, below.path || '/' || nodes.name FROM nodes JOIN below ON parent_id = below.node_id
         ) SELECT below.path, nodes.* FROM below JOIN nodes USING (node_id) ORDER BY path`,
      )
      .all(JSON.stringify(roots)),
  )
}

/** Two disks under the roots `one` and `two`, with different files on each, and a root `here` that stays. */
async function twoDisks(t: TestContext, type: DiskType) {
  const disks = createDisks(t)
  const pair = await createPair(t, { roots: ['one', 'two', 'here'] })
  const at = { one: join(pair.folder, 'one'), two: join(pair.folder, 'two') }
  const disk = { one: disks.create(type), two: disks.create(type) }
  const device = { one: await disks.mount(disk.one, at.one), two: await disks.mount(disk.two, at.two) }
  for (const [name, path] of Object.entries(at)) fill(path, name === 'one' ? '' : 'longer')
  // Without different names and sizes the inode numbers and, within a tick of the clock, the times would be equal on
  // both.
  renameSync(join(at.two, 'folder'), join(at.two, 'other'))
  await Promise.all([pair.startIndexer(), pair.startApi()])
  await assertAllEqual(pair)
  return { disks, pair, at, disk, device }
}

function fill(path: string, more = ''): void {
  mkdirSync(join(path, 'folder', 'inner'), { recursive: true })
  for (const name of ['a', 'b', 'folder/c', 'folder/inner/d']) writeFileSync(join(path, name), `${path} ${name}${more}`)
}

type TwoDisks = Awaited<ReturnType<typeof twoDisks>>

/** Unmounts both disks and mounts them at their own paths again, each under the number that the other one had. */
async function swapNumbers({ disks, disk, at, device }: TwoDisks): Promise<void> {
  const before = { one: deviceNumber(at.one), two: deviceNumber(at.two) }
  const isAnonymous = disk.one.type === 'btrfs'
  const order = ['one', 'two'] as ('one' | 'two')[]
  const other = { one: device.two, two: device.one }
  await until('the numbers to be swapped', async () => {
    for (const name of order) await disks.unmount(at[name])
    for (const name of order) device[name] = await disks.mount(disk[name], at[name], { device: other[name] })
    order.reverse()
    const now = { one: deviceNumber(at.one), two: deviceNumber(at.two) }
    // btrfs gets the lowest free number, and other programs mount too, so any other number has to do there.
    if (isAnonymous) return now.one !== before.one && now.two !== before.two
    return now.one === before.two && now.two === before.one
  })
}

/** Mounts each disk where the other one was. */
async function swapPlaces({ disks, disk, at }: TwoDisks): Promise<void> {
  await disks.unmount(at.one)
  await disks.unmount(at.two)
  await disks.mount(disk.two, at.one)
  await disks.mount(disk.one, at.two)
  ;[disk.one, disk.two] = [disk.two, disk.one]
}

async function untilState(pair: Pair, state: string): Promise<void> {
  for (const root of ['one', 'two']) await until(`${root} to be ${state}`, () => rootState(pair, root) === state)
}

/** Asserts that the roots have been scanned since, and that nothing was found to be different. */
async function assertNothingHappened(pair: Pair, before: unknown[]): Promise<void> {
  await untilState(pair, 'watching')
  await passSentinel(pair, join(pair.folder, 'here'))
  await untilState(pair, 'watching')
  assert.deepEqual(rowsBelow(pair, ['one', 'two']), before, 'no row is written for what is unchanged')
}

for (const type of ['ext4', 'btrfs', 'xfs'] as const) {
  test(`${type}: changed numbers, places and filesystems are distinguished`, { skip: noDisks(type) }, async (t) => {
    const two = await twoDisks(t, type)
    const { pair, at } = two
    const rows = () => rowsBelow(pair, ['one', 'two'])
    const before = rows()
    const follower = follow(pair)

    await t.test('numbers swapped while the indexer is stopped', async () => {
      await pair.endIndexer()
      await swapNumbers(two)
      await pair.startIndexer()
      await assertNothingHappened(pair, before)
      await pair.endIndexer()
      assert.equal(statusOf(pair)?.filesHashed, 1, 'nothing is hashed but the sentinel')
      await pair.startIndexer()
    })
    await t.test('numbers swapped while it runs', async () => {
      await swapNumbers(two)
      await assertNothingHappened(pair, before)
      for (const path of Object.values(at)) writeFileSync(join(path, 'folder-new'), 'watched')
      await assertAllEqual(pair, follower)
    })
    const later = rows()
    for (const isRunning of [true, false]) {
      await t.test(`disks swapped while the indexer ${isRunning ? 'runs' : 'is stopped'}`, async () => {
        if (!isRunning) await pair.endIndexer()
        await swapPlaces(two)
        if (!isRunning) await pair.startIndexer(['here'])
        await untilState(pair, 'offline')
        await passSentinel(pair, join(pair.folder, 'here'))
        assert.deepEqual(rows(), later, 'neither disk is taken for the other, and nothing is removed')
        if (!isRunning) await pair.endIndexer()
        await swapPlaces(two)
        if (!isRunning) await pair.startIndexer()
        await assertNothingHappened(pair, later)
      })
    }
    for (const path of Object.values(at)) writeFileSync(join(path, 'watched'), 'again')
    await assertAllEqual(pair, follower)
    await follower.stop()
  })
}

test('a filesystem mounted inside a root keeps its nodes while it is away, and under another number', {
  skip: noDisks('ext4'),
}, async (t) => {
  const disks = createDisks(t)
  const pair = await createPair(t, { roots: ['one', 'here'] })
  const disk = { outer: disks.create('ext4'), inner: disks.create('ext4') }
  const outer = join(pair.folder, 'one')
  const inner = join(outer, 'mounted')
  await disks.mount(disk.outer, outer)
  fill(outer)
  mkdirSync(inner)
  await disks.mount(disk.inner, inner)
  fill(inner)
  await Promise.all([pair.startIndexer(), pair.startApi()])
  await assertAllEqual(pair)
  const follower = follow(pair)
  const rows = () => rowsBelow(pair, ['one'])
  const before = rows()
  const number = deviceNumber(inner)
  for (const isRunning of [true, false]) {
    await t.test(`while the indexer ${isRunning ? 'runs' : 'is stopped'}`, async () => {
      if (!isRunning) await pair.endIndexer()
      await disks.unmount(inner)
      if (!isRunning) await pair.startIndexer()
      await until('the log to say so', () => /the filesystem mounted here is away/.test(pair.indexer().stdout()))
      await passSentinel(pair, join(pair.folder, 'here'))
      assert.deepEqual(rows(), before)
      if (!isRunning) await pair.endIndexer()
      // Both come back, each under another number: the outer one under that of the inner.
      await disks.unmount(outer)
      const free = disks.deviceOf(disk.outer)
      await disks.mount(disk.outer, outer, { device: disks.deviceOf(disk.inner) })
      await disks.mount(disk.inner, inner, { device: free })
      assert.equal(deviceNumber(inner) === number, !isRunning)
      if (!isRunning) await pair.startIndexer()
      await until('the root to be watched', () => rootState(pair, 'one') === 'watching')
      await passSentinel(pair, join(pair.folder, 'here'))
      assert.deepEqual(rows(), before)
      await assertAllEqual(pair, follower)
    })
  }
  for (const path of [outer, inner]) writeFileSync(join(path, 'watched'), 'again')
  await assertAllEqual(pair, follower)

  await t.test('another disk in its place is another folder, and the first one is found when it is back', async () => {
    const other = disks.create('ext4')
    await disks.change(other, (path) => writeFileSync(join(path, 'other'), 'of the other disk'))
    await disks.unmount(inner)
    await disks.mount(other, inner, { device: disks.deviceOf(disk.inner) })
    await assertAllEqual(pair, follower)
    await disks.unmount(inner)
    await disks.mount(disk.inner, inner)
    await assertAllEqual(pair, follower)
  })
  await follower.stop()
})

test('a file that is mounted at another name of its filesystem is there twice, though it has one name', {
  skip: noDisks(),
}, async (t) => {
  const disks = createDisks(t)
  const pair = await createPair(t)
  for (const name of ['file', 'before', 'below']) writeFileSync(pair.path(name), name)
  disks.bind(pair.path('file'), pair.path('before'))
  await Promise.all([pair.startIndexer(), pair.startApi()])
  await assertAllEqual(pair)
  disks.bind(pair.path('file'), pair.path('below'))
  await assertAllEqual(pair)
  const head = headOf(pair)
  await passSentinel(pair)
  const changed = await changesSince(pair, head)
  assert.equal(changed.length, 1, 'the new file is the only change')
  writeFileSync(pair.path('file'), 'written through one of its names')
  await assertAllEqual(pair)
})

test('btrfs: subvolumes and snapshots inside a root, and as roots', { skip: noDisks('btrfs') }, async (t) => {
  const disks = createDisks(t)
  const pair = await createPair(t, { roots: ['one', 'two', 'here'] })
  const disk = disks.create('btrfs')
  const at = { one: join(pair.folder, 'one'), two: join(pair.folder, 'two') }
  await disks.change(disk, (path) => {
    for (const name of ['first', 'second']) command('btrfs', 'subvolume', 'create', join(path, name))
    fill(join(path, 'first'))
    fill(join(path, 'second'))
  })
  const mount = async (order: readonly ('one' | 'two')[]) => {
    for (const name of order)
      await disks.mount(disk, at[name], { options: name === 'one' ? 'subvol=first' : 'subvol=second' })
  }
  await mount(['one', 'two'])
  const inner = join(at.one, 'inner')
  command('btrfs', 'subvolume', 'create', inner)
  fill(inner)
  await Promise.all([pair.startIndexer(), pair.startApi()])
  await assertAllEqual(pair)
  const follower = follow(pair)
  const rows = () => rowsBelow(pair, ['one', 'two'])

  await t.test('all under other numbers', async () => {
    const before = rows()
    await pair.endIndexer()
    const numbers = [at.one, inner, at.two].map(deviceNumber)
    await disks.unmount(at.one)
    await disks.unmount(at.two)
    await mount(['two', 'one'])
    assert.notDeepEqual([at.one, inner, at.two].map(deviceNumber), numbers)
    await pair.startIndexer()
    await assertNothingHappened(pair, before)
    await assertAllEqual(pair, follower)
  })
  await t.test('a snapshot appears, changes and goes, and the next one gets its number', async () => {
    for (const name of ['snapshot-1', 'snapshot-2']) {
      const snapshot = join(at.one, name)
      command('btrfs', 'subvolume', 'snapshot', inner, snapshot)
      writeFileSync(join(snapshot, 'a'), `changed in ${name}`)
      await assertAllEqual(pair, follower)
      command('btrfs', 'subvolume', 'delete', '--commit-after', snapshot)
      await assertAllEqual(pair, follower)
    }
  })
  await t.test('a folder takes the place of a subvolume', async () => {
    command('btrfs', 'subvolume', 'delete', inner)
    mkdirSync(inner)
    writeFileSync(join(inner, 'plain'), 'in a plain folder')
    await assertAllEqual(pair, follower)
  })
  await follower.stop()
})
