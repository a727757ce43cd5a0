/**
 * Shows that nodes keep their ids on filesystems whose inode numbers do not last, or that fold case. Real FUSE
 * filesystems, served by small programs.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  closeSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { emptyStats, statAt } from '../../services/indexer/src/posix/statx.ts'
import { assertAllEqual } from '../support/convergence.ts'
import { hashJobs, headOf, idAt, idsBelow, rootRow, rootState } from '../support/observations.ts'
import { enterOwnMounts } from '../support/own-mounts.ts'
import { createPair, type Pair } from '../support/pair.ts'
import { until } from '../support/until.ts'

const PATH = `${process.env.PATH}:/usr/sbin:/sbin`

function run(program: string, ...args: readonly string[]): string {
  return execFileSync(program, args, { encoding: 'utf8', stdio: 'pipe', env: { ...process.env, PATH } }).trim()
}

/** Why the tests that need these programs can't run here; false if they can. */
function without(...programs: readonly string[]): string | false {
  const refusal = enterOwnMounts()
  if (refusal !== false) return refusal
  for (const program of programs) {
    try {
      run('sh', '-c', `command -v ${program}`)
    } catch {
      return `needs ${program}, which is not installed`
    }
  }
  return false
}

const noMergerfs = { skip: without('mergerfs') }
const noExfat = { skip: without('mount.exfat-fuse', 'mkfs.exfat', 'losetup') }

function unmount(path: string): Promise<boolean> {
  return until(`${path} to be unmounted`, () => {
    try {
      run('umount', path)
      return true
    } catch {
      return false
    }
  })
}

/** A pair whose first root is a pool of one branch. */
async function pool(t: TestContext, options: string) {
  let made: Pair | null = null
  t.after(() => {
    if (made !== null) run('sh', '-c', `umount --lazy ${made.path()} || true`)
  })
  const pair = await createPair(t)
  made = pair
  mkdirSync(join(pair.folder, 'branch'))
  const mount = () => run('mergerfs', '-o', `${options},cache.files=off`, join(pair.folder, 'branch'), pair.path())
  mount()
  return { pair, mount }
}

const A_TIME = 1_700_000_000

/** Makes files that differ only in their bytes. */
function makeAlike(folder: string, count: number): void {
  mkdirSync(folder)
  for (let n = 0; n < count; n += 1) {
    writeFileSync(join(folder, `file-${n}`), `content ${n}`)
    utimesSync(join(folder, `file-${n}`), A_TIME, A_TIME)
  }
}

/** Looks files up backwards, so that the filesystem gives out its numbers in another order. */
function lookBackwards(folder: string, count: number): void {
  for (let n = count - 1; n >= 0; n -= 1) lstatSync(join(folder, `file-${n}`))
}

const attachments = (pair: Pair) => pair.indexer().stdout().split('root is attached').length - 1

const numbersAre = (pair: Pair, what: 'lasting' | 'passing') =>
  pair.read((q) => q.prepare('SELECT numbers_last FROM devices').pluck().get()) === (what === 'lasting' ? 1 : 0)

for (const isRunning of [false, true]) {
  test(
    `I6, I12: after a remount ${isRunning ? 'under a running indexer' : 'while stopped'} a file is recognised by its place, whatever has its number now`,
    noMergerfs,
    async (t) => {
      const { pair, mount } = await pool(t, 'noforget')
      makeAlike(pair.path('folder'), 10)
      await Promise.all([pair.startIndexer(), pair.startApi()])
      await assertAllEqual(pair)
      assert.ok(numbersAre(pair, 'passing'))
      const [ids, head] = [idsBelow(pair, 'media'), headOf(pair)]
      if (!isRunning) await pair.endIndexer()
      await unmount(pair.path())
      if (isRunning) await until('the root to be away', () => rootState(pair, 'media') === 'offline')
      mount()
      lookBackwards(pair.path('folder'), 10)
      if (!isRunning) await pair.startIndexer()
      await until('the root to be back', () => rootState(pair, 'media') === 'watching')
      await assertAllEqual(pair)
      assert.deepEqual(idsBelow(pair, 'media'), ids)
      assert.equal(headOf(pair), head, 'nothing is told')
      if (!isRunning) assert.equal(await hashJobs(pair), 0, 'nothing is read')
      renameSync(pair.path('folder', 'file-3'), pair.path('moved'))
      await assertAllEqual(pair)
      assert.equal(idAt(pair, 'media/moved'), ids.get('folder/file-3'), 'within one mount a rename keeps the id')
    },
  )
}

test('watched folders that changed numbers in a remount are attached once', noMergerfs, async (t) => {
  const { pair, mount } = await pool(t, 'noforget')
  const roots = { one: pair.path('one'), two: pair.path('two') }
  for (const root of Object.values(roots)) {
    mkdirSync(root)
    makeAlike(join(root, 'folder'), 3)
  }
  pair.configure({ roots })
  await Promise.all([pair.startIndexer(), pair.startApi()])
  await assertAllEqual(pair)
  const inodes = () => Object.values(roots).map((root) => lstatSync(root).ino)
  const before = inodes()
  assert.equal(attachments(pair), 2)
  await unmount(pair.path())
  await until('both to be away', () => Object.keys(roots).every((name) => rootState(pair, name) === 'offline'))
  mount()
  lstatSync(roots.two)
  assert.notDeepEqual(inodes(), before)
  await until('both to be back', () => Object.keys(roots).every((name) => rootState(pair, name) === 'watching'))
  writeFileSync(join(roots.two, 'new'), 'new')
  await assertAllEqual(pair)
  // Each root may be looked at once more when the mount is confirmed.
  assert.ok(attachments(pair) <= 6, 'and not again and again')
})

test(
  'I6: a file that took the number, size and time of another one while unmounted does not get its hash',
  noMergerfs,
  async (t) => {
    const { pair, mount } = await pool(t, 'noforget')
    makeAlike(pair.path('folder'), 6)
    await Promise.all([pair.startIndexer(), pair.startApi()])
    await assertAllEqual(pair)
    await pair.endIndexer()
    await unmount(pair.path())
    const branch = join(pair.folder, 'branch', 'folder')
    renameSync(join(branch, 'file-0'), join(branch, 'new-0'))
    renameSync(join(branch, 'file-5'), join(branch, 'a-new-5'))
    mount()
    await pair.startIndexer()
    await assertAllEqual(pair)
  },
)

test('inode numbers above 2^63 are like any other', noMergerfs, async (t) => {
  const { pair } = await pool(t, 'use_ino')
  for (let n = 0; n < 20; n += 1) {
    mkdirSync(pair.path(`folder-${n}`))
    writeFileSync(pair.path(`folder-${n}`, 'inside'), `${n}`)
    writeFileSync(pair.path(`file-${n}`), `${n}`)
  }
  await Promise.all([pair.startIndexer(), pair.startApi()])
  await assertAllEqual(pair)
  const large = pair.read((q) => q.prepare('SELECT count(*) FROM nodes WHERE length(inode) > 18').pluck().get())
  assert.ok(Number(large) > 0, 'some are')
})

test(
  'cached attributes of one name of a file do not count after a write through another name',
  noMergerfs,
  async (t) => {
    const { pair } = await pool(t, 'use_ino')
    writeFileSync(pair.path('one'), 'content')
    linkSync(pair.path('one'), pair.path('two'))
    const folder = openSync(pair.path(), 'r')
    t.after(() => closeSync(folder))
    // FUSE answers from its cache for a second, for each name by itself.
    for (const name of ['one', 'two']) lstatSync(pair.path(name))
    appendFileSync(pair.path('one'), ' and more')
    const stats = emptyStats()
    assert.equal(statAt(folder, 'two', stats), 0)
    assert.equal(stats.size, 'content and more'.length)
  },
)

test(
  'if a folder has the number of its path, a folder that takes the place of another is noticed',
  noMergerfs,
  async (t) => {
    const { pair } = await pool(t, 'use_ino')
    mkdirSync(pair.path('k/d'), { recursive: true })
    writeFileSync(pair.path('k/d/old'), 'old')
    await Promise.all([pair.startIndexer(), pair.startApi()])
    mkdirSync(pair.path('k/n'))
    writeFileSync(pair.path('k/n/new'), 'new')
    await assertAllEqual(pair)
    renameSync(pair.path('k/d'), pair.path('k/was'))
    renameSync(pair.path('k/n'), pair.path('k/d'))
    await assertAllEqual(pair)
    writeFileSync(pair.path('k/d/later'), 'later')
    await assertAllEqual(pair)
    rmSync(pair.path('k/d'), { recursive: true })
    renameSync(pair.path('k/was'), pair.path('k/d'))
    writeFileSync(pair.path('k/d/last'), 'last')
    await assertAllEqual(pair)
  },
)

/** A pair whose first root is where sticks are mounted. They are unmounted before the root is removed. */
async function pairForSticks(t: TestContext) {
  const cleanups: (() => void)[] = []
  t.after(() => {
    for (const cleanup of cleanups) cleanup()
  })
  const pair = await createPair(t)
  return { pair, stick: (name: string) => stick(pair, name, cleanups) }
}

/** A stick that is not plugged in yet. */
function stick(pair: Pair, name: string, cleanups: (() => void)[]) {
  const image = join(pair.folder, `${name}.exfat`)
  writeFileSync(image, '')
  truncateSync(image, 32 << 20)
  run('mkfs.exfat', image)
  let device = ''
  cleanups.push(() => {
    if (device !== '') run('sh', '-c', `umount --lazy ${pair.path()}; losetup --detach ${device} || true`)
  })
  return {
    plugIn: () => {
      device = run('losetup', '--find', '--show', image)
      // The server stays, and would keep a pipe open.
      const args = ['-o', 'allow_other', device, pair.path()]
      execFileSync('mount.exfat-fuse', args, { stdio: 'ignore', env: { ...process.env, PATH } })
    },
    takeOut: async () => {
      await unmount(pair.path())
      run('losetup', '--detach', device)
      device = ''
    },
  }
}

test(
  'a stick that comes back is recognised, and another one that looks the same is not taken for it',
  noExfat,
  async (t) => {
    const { pair, stick } = await pairForSticks(t)
    const [one, other] = [stick('one'), stick('other')]
    for (const [which, text] of [
      [one, 'first'],
      [other, 'other'],
    ] as const) {
      which.plugIn()
      mkdirSync(pair.path('DCIM'))
      writeFileSync(pair.path('DCIM', 'IMG_1.JPG'), text)
      utimesSync(pair.path('DCIM', 'IMG_1.JPG'), A_TIME, A_TIME)
      await which.takeOut()
    }
    one.plugIn()
    await Promise.all([pair.startIndexer(), pair.startApi()])
    await assertAllEqual(pair)
    const [ids, head] = [idsBelow(pair, 'media'), headOf(pair)]
    await one.takeOut()
    other.plugIn()
    await until(
      'the other stick to be noticed',
      () => rootRow(pair, 'media')?.message?.includes('is another folder') === true,
    )
    await other.takeOut()
    one.plugIn()
    await until('the root to be back', () => rootState(pair, 'media') === 'watching')
    await assertAllEqual(pair)
    assert.deepEqual(idsBelow(pair, 'media'), ids)
    assert.equal(headOf(pair), head, 'nothing is told')
  },
)

test(
  'a rename that changes only the case is a rename, of files and folders, and another spelling is no other file',
  noExfat,
  async (t) => {
    const { pair, stick } = await pairForSticks(t)
    const disk = stick('disk')
    disk.plugIn()
    mkdirSync(pair.path('Trip'))
    writeFileSync(pair.path('Trip', 'inside'), 'inside')
    writeFileSync(pair.path('holiday.jpg'), 'j')
    await Promise.all([pair.startIndexer(), pair.startApi()])
    await assertAllEqual(pair)
    const ids = [idAt(pair, 'media/holiday.jpg'), idAt(pair, 'media/Trip'), idAt(pair, 'media/Trip/inside')]
    renameSync(pair.path('holiday.jpg'), pair.path('Holiday.jpg'))
    renameSync(pair.path('Trip'), pair.path('TRIP'))
    await assertAllEqual(pair)
    assert.deepEqual([idAt(pair, 'media/Holiday.jpg'), idAt(pair, 'media/TRIP'), idAt(pair, 'media/TRIP/inside')], ids)
    writeFileSync(pair.path('HOLIDAY.JPG'), 'written under another spelling')
    await assertAllEqual(pair)
    rmSync(pair.path('HOLIDAY.jpg'))
    await assertAllEqual(pair)
    writeFileSync(pair.path('notes'), 'old')
    await assertAllEqual(pair)
    // As programs save: only the new name is reported.
    writeFileSync(pair.path('new.__tmp__'), 'new')
    renameSync(pair.path('new.__tmp__'), pair.path('Notes'))
    await assertAllEqual(pair)
    await pair.endIndexer()
  },
)
