/**
 * Shows I7 while disks can't be read and permissions are taken away. Damaged image files, and an indexer that runs as
 * another user.
 */
import assert from 'node:assert/strict'
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { assertAllEqual, follow, untilConverged } from '../support/convergence.ts'
import { command, createDisks, deviceNumber, noDisks } from '../support/disks.ts'
import { headOf, idAt, passSentinel, rootRow, rootState, statusOf, untilOffline } from '../support/observations.ts'
import { enterOwnMounts } from '../support/own-mounts.ts'
import { createPair, type Pair } from '../support/pair.ts'
import { until } from '../support/until.ts'

const skip = noDisks('ext4')
const IMAGE_BYTES = 24 << 20

function knownBelow(pair: Pair, root = 'media'): unknown[] {
  return pair.read((sqlite) => sqlite.prepare('SELECT * FROM files WHERE path LIKE ? ORDER BY path').all(`%/${root}/%`))
}

/** An ext4 disk under `media`, and a folder `here` beside it. */
async function pairOnDisk(t: TestContext) {
  const disks = createDisks(t)
  const pair = await createPair(t, { roots: ['media', 'here'] })
  const disk = disks.create('ext4')
  await disks.mount(disk, pair.path())
  return { disks, disk, pair, here: join(pair.folder, 'here') }
}

async function untilWatching(pair: Pair): Promise<void> {
  await until('the root to be watched', () => rootState(pair, 'media') === 'watching')
}

test('I7: a disk that can not be read any more keeps its nodes, and heals when it can', { skip }, async (t) => {
  const { disks, disk, pair, here } = await pairOnDisk(t)
  mkdirSync(pair.path('folder', 'inner'), { recursive: true })
  for (const name of ['a', 'b', 'c']) writeFileSync(pair.path('folder', name), `${name}${'.'.repeat(5_000)}`)
  writeFileSync(pair.path('folder', 'inner', 'd'), 'd'.repeat(5_000))
  await Promise.all([pair.startIndexer(), pair.startApi()])
  await assertAllEqual(pair)
  const follower = follow(pair)
  const before = knownBelow(pair)
  await pair.endIndexer()
  // After a new mount only what the mount itself read is in memory: the first blocks.
  await disks.unmount(pair.path())
  await disks.mount(disk, pair.path())
  disks.damage(disk, 1 << 20)
  assert.throws(() => readdirSync(pair.path()), { code: 'EIO' })
  await pair.startIndexer(['here'])
  await untilOffline(pair, /can't be read \(EIO: .*check permissions and the disk/)
  await passSentinel(pair, here)
  assert.deepEqual(knownBelow(pair), before)
  disks.mend(disk)
  await untilWatching(pair)
  writeFileSync(pair.path('folder', 'after'), 'watched again')
  await assertAllEqual(pair, follower)
  await follower.stop()
})

test('I7: a folder whose blocks are damaged keeps what is below', { skip }, async (t) => {
  const { disks, disk, pair, here } = await pairOnDisk(t)
  mkdirSync(pair.path('damaged', 'inner'), { recursive: true })
  for (const name of ['a', 'inner/b']) writeFileSync(pair.path('damaged', name), name)
  writeFileSync(pair.path('sound'), 'sound')
  await Promise.all([pair.startIndexer(), pair.startApi()])
  await assertAllEqual(pair)
  const before = knownBelow(pair)
  await pair.endIndexer()
  await disks.unmount(pair.path())
  const block = Number(command('debugfs', '-R', 'blocks /damaged', disk.image).trim().split(' ')[0])
  const blockBytes = IMAGE_BYTES / Number(/Block count:\s+(\d+)/.exec(command('dumpe2fs', '-h', disk.image))?.[1])
  const content = overwrite(disk.image, block * blockBytes, Buffer.alloc(blockBytes, 0x55))
  await disks.mount(disk, pair.path(), { options: 'errors=continue' })

  const head = headOf(pair)
  await pair.startIndexer()
  const message = await until('the root to have a message', () => rootRow(pair, 'media')?.message)
  assert.match(message, /damaged can't be read \(.*check permissions and the disk/)
  await passSentinel(pair, here)
  assert.deepEqual(knownBelow(pair), before)

  await pair.endIndexer()
  await disks.unmount(pair.path())
  overwrite(disk.image, block * blockBytes, content)
  await disks.mount(disk, pair.path())
  await pair.startIndexer()
  await assertAllEqual(pair)
  assert.deepEqual(knownBelow(pair), before)
  assert.equal(rootRow(pair, 'media')?.message, null)
  assert.ok(headOf(pair) > head, 'only the sentinel')
})

/** Writes bytes into a file, and gives those that were there. */
function overwrite(path: string, at: number, bytes: Buffer): Buffer {
  const before = Buffer.from(
    command('dd', `if=${path}`, `skip=${at}`, `count=${bytes.length}`, 'iflag=skip_bytes,count_bytes', 'status=none'),
    'latin1',
  )
  const fd = openSync(path, 'r+')
  writeSync(fd, bytes, 0, bytes.length, at)
  closeSync(fd)
  return before
}

test('I7: a root whose permissions are taken away keeps its nodes, and heals', { skip: noOtherUser() }, async (t) => {
  const pair = await createPair(t, { roots: ['media', 'here'], uid: 65_534 })
  mkdirSync(pair.path('folder'))
  writeFileSync(pair.path('folder', 'file'), 'bytes')
  writeFileSync(pair.path('file'), 'bytes')
  // The indexer starts first: an api of root would make files beside the database that are not the other user's.
  await pair.startIndexer()
  await pair.startApi()
  await assertAllEqual(pair)
  const follower = follow(pair)
  const before = knownBelow(pair)
  const here = join(pair.folder, 'here')
  const cases = [
    ['nothing may be read', 0o000, true],
    ['nothing may be read', 0o000, false],
    ['names may be listed but not looked at', 0o444, true],
    ['it may be entered but not listed', 0o111, true],
  ] as const
  for (const [what, mode, isRunning] of cases) {
    await t.test(`${what}, while the indexer ${isRunning ? 'runs' : 'is stopped'}`, async () => {
      if (!isRunning) await pair.endIndexer()
      chmodSync(pair.path(), mode)
      if (!isRunning) await pair.startIndexer(['here'])
      await untilOffline(pair, /can't be read \(EACCES: .*check permissions and the disk/)
      await passSentinel(pair, here)
      assert.deepEqual(knownBelow(pair), before)
      chmodSync(pair.path(), 0o755)
      await untilWatching(pair)
      await assertAllEqual(pair, follower)
    })
  }
  await t.test('the folder above may not be entered, while the indexer is stopped', async () => {
    await pair.endIndexer()
    const above = join(pair.folder, 'above')
    mkdirSync(join(above, 'media'), { recursive: true })
    writeFileSync(join(above, 'media', 'file'), '')
    pair.configure({ roots: { ...pair.configuration().roots, above: join(above, 'media') } })
    await pair.startIndexer()
    await assertAllEqual(pair)
    await pair.endIndexer()
    chmodSync(above, 0o000)
    await pair.startIndexer(['here', 'media'])
    await until('the root to be offline', () => rootState(pair, 'above') === 'offline')
    assert.match(rootRow(pair, 'above')?.message ?? '', /can't be read \(EACCES/)
    assert.notEqual(idAt(pair, 'above/file'), undefined)
    chmodSync(above, 0o755)
    await assertAllEqual(pair, follower)
  })
  await follower.stop()
})

function noOtherUser(): string | false {
  return process.geteuid?.() === 0 ? false : 'needs root, to run the indexer as another user'
}

test('I7: another disk with the number and the path of a disk that is being scanned is not taken for that disk', {
  skip,
}, async (t) => {
  const { disks, disk, pair } = await pairOnDisk(t)
  const other = disks.create('ext4')
  const fill = (path: string, name: string) => {
    for (let folder = 0; folder < 400; folder += 1) {
      mkdirSync(join(path, `${name}-${folder}`))
      for (const file of ['a', 'b']) writeFileSync(join(path, `${name}-${folder}`, file), `${name} ${folder} ${file}`)
    }
  }
  fill(pair.path(), 'one')
  await disks.change(other, (path) => fill(path, 'other'))
  await Promise.all([pair.startIndexer(), pair.startApi()])
  await assertAllEqual(pair)
  const before = knownBelow(pair)
  await stopWithinScan(pair)
  const number = deviceNumber(pair.path())
  await disks.unmount(pair.path(), 'lazily')
  await disks.mount(other, pair.path(), { device: disks.deviceOf(disk) })
  assert.equal(deviceNumber(pair.path()), number, 'the other disk has the number of the first')
  pair.indexer().signal('SIGCONT')
  await untilOffline(pair, /is another folder than before/)
  await passSentinel(pair, join(pair.folder, 'here'))
  assert.deepEqual(knownBelow(pair), before)
  await disks.unmount(pair.path())
  await disks.mount(disk, pair.path())
  await untilWatching(pair)
  await assertAllEqual(pair)
  assert.deepEqual(knownBelow(pair), before)
})

/**
 * Starts the indexer again and again until it is stopped in the middle of its first scan, with no folder of the root
 * open. An open folder would keep the disk on its device, and so another disk from getting the number.
 */
async function stopWithinScan(pair: Pair): Promise<void> {
  await until('the indexer to be stopped while it scans', async () => {
    await pair.endIndexer('SIGKILL')
    const indexer = pair.launchIndexer()
    await until('the scan to begin', () => indexer.stdout().includes('root is attached'))
    indexer.signal('SIGSTOP')
    await until('the indexer to be stopped', () => isStopped(indexer.pid))
    return !indexer.stdout().includes('scan is complete') && !hasOpen(indexer.pid, pair.path())
  })
}

/** Whether every thread of a process is stopped: the signal reaches a thread on another processor a little later. */
function isStopped(pid: number): boolean {
  return readdirSync(`/proc/${pid}/task`).every((thread) =>
    /\) T /.test(readFileSync(`/proc/${pid}/task/${thread}/stat`, 'latin1')),
  )
}

function hasOpen(pid: number, folder: string): boolean {
  return readdirSync(`/proc/${pid}/fd`).some((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`).startsWith(folder))
}

test('files of a root that goes away while they are hashed wait without a message, and are hashed when it is back', {
  skip,
}, async (t) => {
  const { disks, disk, pair, here } = await pairOnDisk(t)
  const files = 1_500
  for (let file = 0; file < files; file += 1) writeFileSync(pair.path(`file-${file}`), `file ${file}`)
  await pair.startApi()
  pair.launchIndexer()
  const hashed = () =>
    pair.read((sqlite) => sqlite.prepare("SELECT count(*) FROM files WHERE hash <> ''").pluck().get() as number)
  await until('some to be hashed', () => {
    try {
      return hashed() > 0
    } catch {
      return false
    }
  })
  await disks.unmount(pair.path(), 'lazily')
  await until('the root to be offline', () => rootState(pair, 'media') === 'offline')
  await passSentinel(pair, here)
  const done = hashed()
  assert.ok(done < files, 'some were left')
  await until('no file to be asked for again and again', () =>
    pair.read(
      (sqlite) =>
        sqlite.prepare("SELECT count(*) FROM nodes WHERE metadata_state IN ('fresh', 'backlog')").pluck().get() === 0,
    ),
  )
  await disks.mount(disk, pair.path())
  await untilWatching(pair)
  await untilConverged(pair)
  await pair.endIndexer()
  assert.ok((statusOf(pair)?.filesHashed ?? 0) < files * 3, 'each file was tried a few times at most')
})

test('I7: a root whose server does not answer keeps its nodes, does not keep the indexer from stopping, and heals', {
  skip: noFuse(),
}, async (t) => {
  const disks = createDisks(t)
  const pair = await createPair(t, { roots: ['media', 'here'] })
  writeFileSync(pair.path('file'), 'bytes')
  await Promise.all([pair.startIndexer(), pair.startApi()])
  await assertAllEqual(pair)
  const before = knownBelow(pair)
  for (const isRestarted of [true, false]) {
    const kill = disks.mountDead(pair.path())
    await until('the observer thread to be stuck', () => stuckThreads(pair.indexer().pid) > 0)
    if (isRestarted) {
      const { code, tookMs } = await pair.endIndexer()
      assert.equal(code, 0)
      assert.ok(tookMs < 5_000, 'the indexer did not wait for the thread')
    }
    kill()
    if (isRestarted) await pair.startIndexer(['here'])
    await untilOffline(pair, /can't be read \(ENOTCONN/)
    await passSentinel(pair, join(pair.folder, 'here'))
    assert.deepEqual(knownBelow(pair), before)
    await disks.unmount(pair.path())
    await untilWatching(pair)
    await assertAllEqual(pair)
  }
})

function noFuse(): string | false {
  if (!existsSync('/dev/fuse')) return 'needs /dev/fuse'
  return enterOwnMounts()
}

/** Threads of a process that wait for a FUSE server. */
function stuckThreads(pid: number): number {
  const threads = readdirSync(`/proc/${pid}/task`)
  return threads.filter((thread) => readFileSync(`/proc/${pid}/task/${thread}/wchan`, 'utf8').includes('fuse')).length
}
