/**
 * Shows I7 for roots on disks that go away in every way that disks do, and come back with changes. Mounted image files,
 * with both services as processes.
 */
import assert from 'node:assert/strict'
import {
  closeSync,
  mkdirSync,
  openSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { assertAllEqual, follow, untilConverged } from '../support/convergence.ts'
import { createDisks, type Disk, type Disks, noDisks } from '../support/disks.ts'
import { idAt, idsBelow, passSentinel, rootState, untilOffline } from '../support/observations.ts'
import { createPair, type Pair } from '../support/pair.ts'
import { until } from '../support/until.ts'

const skip = noDisks('ext4')

type Root = { readonly disks: Disks; readonly disk: Disk; readonly path: string; readonly aside: string }

/** How the root's folder goes away. Gives how it comes back. In between the disk is not mounted, unless `isMounted`. */
type Way = {
  readonly leave: (root: Root) => Promise<() => Promise<void>>
  readonly message: RegExp
  /** The disk stays mounted, and other programs may write to it. */
  readonly isMounted?: true
}

const unmounted: Way['leave'] = async ({ disks, disk, path }) => {
  await disks.unmount(path)
  return async () => {
    await disks.mount(disk, path)
  }
}

/** Unmounts the disk, puts something else in place of the mount point, and undoes that with `remove`. */
function without(put: (path: string) => void, remove: (path: string) => void): Way['leave'] {
  return async (root) => {
    const remount = await unmounted(root)
    rmdirSync(root.path)
    put(root.path)
    return async () => {
      remove(root.path)
      mkdirSync(root.path)
      await remount()
    }
  }
}

const WAYS: Readonly<Record<string, Way>> = {
  unmounted: { leave: unmounted, message: /is another folder than before/ },
  'unmounted lazily, with a file open on it': {
    leave: async ({ disks, disk, path }) => {
      const fd = openSync(join(path, 'folder', 'file'), 'r')
      await disks.unmount(path, 'lazily')
      return async () => {
        closeSync(fd)
        await disks.mount(disk, path)
      }
    },
    message: /is another folder than before/,
  },
  'unmounted while it is mounted elsewhere': {
    leave: async ({ disks, path, aside }) => {
      mkdirSync(aside)
      disks.bind(path, aside)
      await disks.unmount(path)
      return async () => {
        disks.bind(aside, path)
        await disks.unmount(aside)
        rmdirSync(aside)
      }
    },
    message: /is another folder than before/,
  },
  'hidden by another filesystem': {
    leave: async ({ disks, path }) => {
      disks.mountMemory(path)
      writeFileSync(join(path, 'file'), 'of the other filesystem')
      return () => disks.unmount(path)
    },
    message: /is another folder than before/,
    isMounted: true,
  },
  'gone with its mount point': {
    leave: without(
      () => {},
      () => {},
    ),
    message: /is not there as a folder/,
  },
  'replaced by a file': {
    leave: without((path) => writeFileSync(path, ''), unlinkSync),
    message: /is not there as a folder/,
  },
  'replaced by a symbolic link': {
    leave: without((path) => symlinkSync('/usr', path), unlinkSync),
    message: /leads to \/usr, which is another folder than before/,
  },
  'replaced by a folder with other files': {
    leave: without(
      (path) => {
        mkdirSync(join(path, 'folder'), { recursive: true })
        writeFileSync(join(path, 'folder', 'file'), 'another')
      },
      (path) => rmSync(path, { recursive: true }),
    ),
    message: /is another folder than before/,
  },
}

/** Changes the disk while it is away. */
function changeDisk(path: string, round: number): void {
  writeFileSync(join(path, `new-${round}`), `${round}`)
  writeFileSync(join(path, 'folder', 'changed'), `${'x'.repeat(round)}`)
  renameSync(join(path, 'folder', `moved-${round}`), join(path, 'folder', 'inner', `moved-${round}`))
  rmSync(join(path, 'folder', `removed-${round}`))
  mkdirSync(join(path, `folder-${round}`))
  writeFileSync(join(path, `folder-${round}`, 'file'), 'in a new folder')
}

const ROUNDS = Object.keys(WAYS).length * 2

async function pairOnDisk(t: TestContext) {
  const disks = createDisks(t)
  const pair = await createPair(t, { roots: ['media', 'here'] })
  const root: Root = { disks, disk: disks.create('ext4'), path: pair.path(), aside: join(pair.folder, 'aside') }
  await disks.mount(root.disk, root.path)
  mkdirSync(pair.path('folder', 'inner'), { recursive: true })
  writeFileSync(pair.path('folder', 'file'), 'bytes')
  writeFileSync(pair.path('folder', 'changed'), '')
  for (let round = 0; round < ROUNDS; round += 1) {
    writeFileSync(pair.path('folder', `moved-${round}`), `moved ${round}`)
    writeFileSync(pair.path('folder', `removed-${round}`), `removed ${round}`)
  }
  return { pair, root, here: join(pair.folder, 'here') }
}

function knownBelow(pair: Pair): unknown[] {
  return pair.read((sqlite) => sqlite.prepare("SELECT * FROM files WHERE path LIKE '%/media/%' ORDER BY path").all())
}

test('I7: a root whose disk goes away keeps its nodes, and heals when it is back', { skip }, async (t) => {
  const { pair, root, here } = await pairOnDisk(t)
  await Promise.all([pair.startIndexer(), pair.startApi()])
  await assertAllEqual(pair)
  const follower = follow(pair)
  const id = idAt(pair, 'media/folder/file')
  let round = 0
  for (const [name, { leave, message, isMounted }] of Object.entries(WAYS)) {
    for (const isRunning of [true, false]) {
      await t.test(`${name}, while the indexer ${isRunning ? 'runs' : 'is stopped'}`, async () => {
        const before = knownBelow(pair)
        const movedId = idAt(pair, `media/folder/moved-${round}`)
        if (!isRunning) await pair.endIndexer()
        const leftMs = Date.now()
        const comeBack = await leave(root)
        if (!isRunning) await pair.startIndexer(['here'])
        const away = await untilOffline(pair, message)
        assert.ok(away.stateSinceMs >= leftMs, 'the row says since when')
        await passSentinel(pair, here)
        assert.deepEqual(knownBelow(pair), before)

        if (isMounted !== true) await root.disks.change(root.disk, (path) => changeDisk(path, round))
        await comeBack()
        await until('the root to be back', () => rootState(pair, 'media') === 'watching')
        await assertAllEqual(pair, follower)
        assert.equal(idAt(pair, 'media/folder/file'), id)
        if (isMounted !== true) assert.equal(idAt(pair, `media/folder/inner/moved-${round}`), movedId)
        round += 1
      })
    }
  }
  writeFileSync(pair.path('folder', 'after'), 'all of it')
  await assertAllEqual(pair, follower)
  await follower.stop()
})

for (const what of ['the folder of the root', 'a folder in it']) {
  for (const [isRunning, thing] of [
    [true, 'file'],
    [false, 'file'],
    [true, 'folder'],
    [false, 'folder'],
  ] as const) {
    test(`I7: a root that is away keeps its nodes though ${what} has lost its inode number to a ${thing}, ${
      isRunning ? 'running' : 'stopped'
    } meanwhile`, { skip }, async (t) => {
      const disks = createDisks(t)
      const pair = await createPair(t, { roots: ['disk'] })
      await disks.mount(disks.create('ext4'), join(pair.folder, 'disk'))
      const roots = { media: join(pair.folder, 'disk', 'media'), gone: join(pair.folder, 'disk', 'gone') }
      for (const path of Object.values(roots)) mkdirSync(path)
      pair.configure({ roots })
      writeFileSync(join(roots.media, 'file'), 'bytes')
      mkdirSync(join(roots.gone, 'folder'))
      for (let file = 0; file < 20; file += 1) writeFileSync(join(roots.gone, 'folder', `${file}`), `${file}`)
      await pair.startIndexer()
      await untilConverged(pair)
      const before = idsBelow(pair, 'gone')
      assert.equal(before.size, 21)
      const lost = statSync(what === 'a folder in it' ? join(roots.gone, 'folder') : roots.gone).ino
      if (!isRunning) await pair.endIndexer()
      rmSync(roots.gone, { recursive: true })
      if (isRunning) await until('the root to be away', () => rootState(pair, 'gone') === 'offline')
      const name = takeNumber(roots.media, lost, thing)
      if (thing === 'folder') writeFileSync(join(roots.media, name, 'inside'), 'inside')
      if (!isRunning) await pair.startIndexer(['media'])
      // Each round takes longer than a row with a waiting arrival stays in limbo.
      for (let round = 0; round < 4; round += 1) await passRemoval(pair, roots.media)
      assert.equal(rootState(pair, 'gone'), 'offline')
      assert.notEqual(idAt(pair, `media/${name}`), undefined, 'the new one is listed nevertheless')
      if (thing === 'folder') assert.notEqual(idAt(pair, `media/${name}/inside`), undefined)
      assert.deepEqual(idsBelow(pair, 'gone'), before)

      const ids = idsBelow(pair, 'media')
      await pair.endIndexer()
      pair.configure({ roots: { media: roots.media } })
      await pair.startIndexer()
      await untilConverged(pair)
      assert.deepEqual(idsBelow(pair, 'media'), ids, 'the new one keeps its id when the other root is given up')
    })
  }
}

for (const order of [
  ['gone', 'new', 'media'],
  ['media', 'new', 'gone'],
] as const) {
  test(`I7: a root that was emptied while the indexer was stopped keeps its nodes though a new root has one of their inode numbers (${order})`, {
    skip,
  }, async (t) => {
    const disks = createDisks(t)
    const pair = await createPair(t, { roots: ['disk'] })
    await disks.mount(disks.create('ext4'), join(pair.folder, 'disk'))
    const at = (name: string) => join(pair.folder, 'disk', name)
    pair.configure({ roots: { gone: at('gone'), media: at('media') } })
    mkdirSync(join(at('gone'), 'folder'), { recursive: true })
    mkdirSync(at('media'))
    writeFileSync(join(at('gone'), 'folder', 'file'), 'bytes')
    await pair.startIndexer()
    await untilConverged(pair)
    await pair.endIndexer()
    const before = idsBelow(pair, 'gone')
    const { ino } = statSync(join(at('gone'), 'folder'))
    rmSync(join(at('gone'), 'folder'), { recursive: true })
    renameSync(join(at('media'), takeNumber(at('media'), ino, 'folder')), at('new'))
    writeFileSync(join(at('new'), 'inside'), 'inside')
    pair.configure({ roots: Object.fromEntries(order.map((name) => [name, at(name)])) })
    await pair.startIndexer(['media', 'new'])
    await passRemoval(pair, at('media'))
    assert.equal(rootState(pair, 'gone'), 'offline')
    assert.deepEqual(idsBelow(pair, 'gone'), before)
    const ids = idsBelow(pair, 'new')
    assert.equal(ids.size, 1)

    await pair.endIndexer()
    mkdirSync(join(at('gone'), 'folder'))
    const rootId = idAt(pair, 'new')
    await pair.startIndexer()
    await untilConverged(pair)
    assert.equal(idAt(pair, 'new'), rootId, 'the new root keeps its id when the other one is there again')
    assert.deepEqual(idsBelow(pair, 'new'), ids)
  })
}

/** Makes files or folders until one has the inode number; gives its name. */
function takeNumber(folder: string, inode: number, thing: 'file' | 'folder'): string {
  for (let attempt = 0; attempt < 4_000; attempt += 1) {
    const path = join(folder, `new-${attempt}`)
    if (thing === 'file') writeFileSync(path, `${attempt}`)
    else mkdirSync(path)
    if (statSync(path).ino === inode) return `new-${attempt}`
  }
  return assert.fail('the inode number was not used again')
}

/** Makes a file and removes it. Waits until it is listed, and until it is found to be gone. */
async function passRemoval(pair: Pair, folder: string): Promise<void> {
  const path = join(folder, 'passing')
  writeFileSync(path, 'passing')
  await until('the file to be listed', () => idAt(pair, 'media/passing') !== undefined)
  rmSync(path)
  await until('the file to be gone', () => idAt(pair, 'media/passing') === undefined)
}
