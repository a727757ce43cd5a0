/**
 * Shows that mounts inside a root are noticed, though they cause no event and may take the device number of what they
 * cover. Real mounts in a namespace of the test.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { nameToBytes, pathForFs } from '@drive-feed/shared/entry-name.ts'
import { createAuditRows } from '../../services/indexer/src/audit/rows.ts'
import { walk } from '../../services/indexer/src/audit/walk.ts'
import { assertAllEqual, type Follower, follow } from '../support/convergence.ts'
import { createDisks, type Disks, noDisks } from '../support/disks.ts'
import { hashOfName, idAt } from '../support/observations.ts'
import { createPair, type Pair } from '../support/pair.ts'
import { until, untilNone } from '../support/until.ts'

/** Makes a folder with two files and a folder with one, whose names say where they are. */
function fill(path: string, name: string): void {
  mkdirSync(join(path, `${name}-folder`), { recursive: true })
  for (const file of [`${name}-a`, `${name}-b`, `${name}-folder/${name}-c`]) writeFileSync(join(path, file), file)
}

type Scene = {
  readonly pair: Pair
  readonly disks: Disks
  readonly follower: Follower
  /** A folder beside the root, on the same filesystem. */
  readonly outside: string
  /** Asserts that nothing differs, long before the next scan. */
  readonly assertEqual: () => Promise<void>
}

async function scene(t: TestContext): Promise<Scene> {
  let follower: Follower | undefined
  // Must end before the api that it follows.
  t.after(() => follower?.stop().catch(() => {}))
  const disks = createDisks(t)
  const pair = await createPair(t)
  const outside = join(pair.folder, 'outside')
  fill(outside, 'outside')
  for (const name of ['a', 'c', 'point']) fill(pair.path(name), name)
  for (const name of ['file', 'other']) writeFileSync(pair.path(name), `${name} of the root`)
  await Promise.all([pair.startIndexer(), pair.startApi()])
  await assertAllEqual(pair)
  follower = follow(pair)
  return { pair, disks, follower, outside, assertEqual: () => assertAllEqual(pair, follower) }
}

/** Like `assertEqual` if a folder is mounted at two places, of which only one is listed. */
async function assertListedOnce({ pair, follower }: Scene): Promise<void> {
  const problems = () =>
    pair.read((sqlite) => {
      const tools = { rows: createAuditRows({ sqlite }), isExcluded: () => false, readsFiles: true }
      const findings = [...walk(tools, { root: { name: 'media', path: pair.path() }, names: [] })]
      return findings.flatMap((one) => (one.kind === 'problem' ? `${one.place.names.join('/')}: ${one.problem}` : []))
    })
  await untilNone('the audit finds no difference', problems)
  // The audit has compared the tree itself.
  await assertAllEqual(pair, follower, { only: 'no such folder' })
}

function command(program: string, ...args: readonly string[]): void {
  execFileSync(program, args, { stdio: 'pipe' })
}

test('a folder of the same filesystem is mounted and unmounted', { skip: noDisks() }, async (t) => {
  const { pair, disks, outside, follower, assertEqual } = await scene(t)
  await t.test('a folder of outside', async () => {
    disks.bind(outside, pair.path('point'))
    await assertEqual()
    writeFileSync(pair.path('point', 'new'), 'written through the mount')
    await assertEqual()
    await disks.unmount(pair.path('point'))
    await assertEqual()
    writeFileSync(pair.path('point', 'newer'), 'written to what was covered')
    await assertEqual()
  })
  await t.test('a file on a file', async () => {
    disks.bind(join(outside, 'outside-a'), pair.path('file'))
    await assertEqual()
    disks.bind(pair.path('other'), pair.path('point', 'point-a'))
    await assertEqual()
    writeFileSync(pair.path('file'), 'written through the mounted file')
    await assertEqual()
    await disks.unmount(pair.path('file'))
    await disks.unmount(pair.path('point', 'point-a'))
    await assertEqual()
  })
  await t.test('twice on one point', async () => {
    disks.bind(outside, pair.path('point'))
    disks.bind(join(outside, 'outside-folder'), pair.path('point'))
    await disks.unmount(pair.path('point'))
    await assertEqual()
    disks.bind(join(outside, 'outside-folder'), pair.path('point'))
    await assertEqual()
    await disks.unmount(pair.path('point'))
    await assertEqual()
    await disks.unmount(pair.path('point'))
    await assertEqual()
  })
  await follower.stop()
})

test('the same folder at two places is listed once, at the one where it is', { skip: noDisks() }, async (t) => {
  const all = await scene(t)
  const { pair, disks, outside, follower, assertEqual } = all
  const id = () => idAt(pair, 'media/a')
  const before = id()
  await t.test('a folder of the root on another', async () => {
    disks.bind(pair.path('a'), pair.path('c'))
    await assertListedOnce(all)
    writeFileSync(pair.path('c', 'new'), 'written through the second place')
    await assertListedOnce(all)
    assert.equal(id(), before)
    assert.equal(idAt(pair, 'media/c'), undefined)
    await disks.unmount(pair.path('c'))
    await assertEqual()
  })
  await t.test('one of outside twice, and the first place goes', async () => {
    disks.bind(outside, pair.path('c'))
    await assertEqual()
    disks.bind(outside, pair.path('point'))
    await assertListedOnce(all)
    const outsideId = idAt(pair, 'media/c')
    await disks.unmount(pair.path('c'))
    await assertEqual()
    assert.equal(idAt(pair, 'media/point'), outsideId, 'it moved to where it still is')
    await disks.unmount(pair.path('point'))
    await assertEqual()
  })
  await t.test('the first place is moved away without a mount', async () => {
    disks.bind(pair.path('a'), pair.path('c'))
    await assertListedOnce(all)
    renameSync(pair.path('a'), join(pair.folder, 'moved-out'))
    await assertEqual()
    assert.equal(idAt(pair, 'media/c'), before)
    await disks.unmount(pair.path('c'))
    await assertEqual()
  })
  await t.test('the place where it is listed is a mount that goes, and the other one is its own', async () => {
    disks.bind(pair.path('c', 'c-folder'), pair.path('point'))
    disks.bind(outside, pair.path('c'))
    await assertEqual()
    await disks.unmount(pair.path('c'))
    await assertListedOnce(all)
    await disks.unmount(pair.path('point'))
    await assertEqual()
  })
  await t.test('a folder on one above it, and one inside itself', async () => {
    mkdirSync(pair.path('a', 'b', 'deep'), { recursive: true })
    writeFileSync(pair.path('a', 'b', 'deep', 'file'), 'deep')
    await assertEqual()
    disks.bind(pair.path('a', 'b'), pair.path('a'))
    await assertEqual()
    await disks.unmount(pair.path('a'))
    await assertEqual()
    disks.bind(pair.path('a'), pair.path('a', 'b', 'deep'))
    await assertListedOnce(all)
    await disks.unmount(pair.path('a', 'b', 'deep'))
    await assertEqual()
  })
  await follower.stop()
})

test('mounts inside of mounts come and go with what they are in', { skip: noDisks() }, async (t) => {
  const { pair, disks, outside, follower, assertEqual } = await scene(t)
  const point = pair.path('point')
  fill(join(outside, 'outside-folder'), 'inner')
  fill(join(pair.folder, 'third'), 'third')
  await t.test('a bind mount inside a bind mount', async () => {
    disks.bind(outside, point)
    disks.bind(join(pair.folder, 'third'), join(point, 'outside-folder'))
    await assertEqual()
    await disks.unmount(join(point, 'outside-folder'))
    await assertEqual()
    disks.bind(join(pair.folder, 'third'), join(point, 'outside-folder'))
    await disks.unmount(point, 'lazily')
    await assertEqual()
  })
  await t.test('a recursive one', async () => {
    disks.bind(join(pair.folder, 'third'), join(outside, 'outside-folder'))
    command('mount', '--rbind', outside, point)
    await assertEqual()
    command('umount', '--recursive', point)
    await disks.unmount(join(outside, 'outside-folder'))
    await assertEqual()
  })
  await t.test('a mount that covers another mount by the very folder which has it', async () => {
    disks.bind(join(pair.folder, 'third'), join(point, 'point-folder'))
    await assertEqual()
    disks.bind(point, point)
    await assertEqual()
    await disks.unmount(point)
    await assertEqual()
    // Above the root too.
    disks.bind(pair.folder, pair.folder)
    await assertEqual()
    await disks.unmount(pair.folder)
    await assertEqual()
    await disks.unmount(join(point, 'point-folder'))
    await assertEqual()
  })
  await t.test('a mount that is moved, with another one inside', async () => {
    disks.bind(outside, point)
    disks.bind(join(pair.folder, 'third'), join(point, 'outside-folder'))
    await assertEqual()
    const id = idAt(pair, 'media/point')
    command('mount', '--move', point, pair.path('c'))
    await assertEqual()
    assert.equal(idAt(pair, 'media/c'), id, 'it is a move')
    command('umount', '--recursive', pair.path('c'))
    await assertEqual()
  })
  await follower.stop()
})

test('mounts from before the start, and mounts that come and go while no indexer runs', {
  skip: noDisks(),
}, async (t) => {
  const { pair, disks, outside, follower, assertEqual } = await scene(t)
  const point = pair.path('point')
  disks.bind(outside, point)
  await pair.endIndexer()
  await pair.startIndexer()
  await assertEqual()
  await disks.unmount(point)
  await assertEqual()
  await pair.endIndexer()
  disks.bind(outside, pair.path('c'))
  await pair.startIndexer()
  await assertEqual()
  await pair.endIndexer()
  await disks.unmount(pair.path('c'))
  disks.bind(join(outside, 'outside-a'), pair.path('file'))
  await pair.startIndexer()
  await assertEqual()
  await disks.unmount(pair.path('file'))
  await assertEqual()
  await follower.stop()
})

test('mount points of any name, in a root that is itself a bind mount', { skip: noDisks() }, async (t) => {
  const disks = createDisks(t)
  const pair = await createPair(t)
  const [real, outside] = ['real', 'outside'].map((name) => join(pair.folder, name)) as [string, string]
  mkdirSync(real)
  fill(outside, 'outside')
  disks.bind(real, pair.path())
  const names = [
    'with blanks',
    'tab\tand\nnewline',
    'back\\slash \\040',
    'ünïcode 漢字',
    'hash#',
    '\uDCFF\uDCFE not UTF-8',
  ]
  for (const name of names) {
    mkdirSync(pathForFs(`${pair.path()}/${name}`))
    writeFileSync(pathForFs(`${pair.path()}/${name}/own`), name)
  }
  await Promise.all([pair.startIndexer(), pair.startApi()])
  await assertAllEqual(pair)
  const follower = follow(pair)
  for (const name of names) {
    await t.test(JSON.stringify(name), async () => {
      // A program's arguments are UTF-8 from here, so the shell makes the bytes.
      const place = `$'${[...nameToBytes(`${pair.path()}/${name}`)].map((byte) => `\\x${byte.toString(16)}`).join('')}'`
      command('bash', '-c', `mount --bind ${outside} ${place}`)
      await assertAllEqual(pair, follower)
      command('bash', '-c', `umount ${place}`)
      await assertAllEqual(pair, follower)
    })
  }
  await follower.stop()
})

test('a filesystem in memory is gone when it is unmounted, and what it covered is there again', {
  skip: noDisks(),
}, async (t) => {
  const { pair, disks, follower, assertEqual } = await scene(t)
  const point = pair.path('point')
  for (const type of ['tmpfs', 'ramfs']) {
    await t.test(type, async () => {
      command('mount', '-t', type, 'memory', point)
      fill(point, type)
      await assertEqual()
      await disks.unmount(point)
      await assertEqual()
    })
  }
  await t.test('while the indexer is stopped', async () => {
    disks.mountMemory(point)
    fill(point, 'memory')
    await assertEqual()
    await pair.endIndexer()
    await disks.unmount(point)
    await pair.startIndexer()
    await assertEqual()
  })
  assert.doesNotMatch(pair.indexer().stdout(), /is away/)
  await follower.stop()
})

test('a folder of the root that is mounted inside another disk is gone when it is unmounted', {
  skip: noDisks('ext4'),
}, async (t) => {
  const { pair, disks, follower, assertEqual } = await scene(t)
  await disks.mount(disks.create('ext4'), pair.path('point'))
  fill(pair.path('point', 'covered'), 'covered')
  disks.bind(pair.path('a'), pair.path('point', 'covered'))
  renameSync(pair.path('a'), join(pair.folder, 'moved-out'))
  await assertEqual()
  await disks.unmount(pair.path('point', 'covered'))
  await assertEqual()
  await follower.stop()
})

test('a mount moves with the folder that it is in', { skip: noDisks() }, async (t) => {
  const { pair, disks, outside, assertEqual } = await scene(t)
  const elsewhere = join(pair.folder, 'elsewhere')
  fill(join(elsewhere, 'm'), 'covered')
  disks.bind(outside, join(elsewhere, 'm'))
  renameSync(elsewhere, pair.path('brought'))
  await assertEqual()
  renameSync(pair.path('brought'), pair.path('kept'))
  await assertEqual()
  await disks.unmount(pair.path('kept', 'm'))
  await assertEqual()
  disks.bind(outside, pair.path('kept', 'm'))
  await assertEqual()
  renameSync(pair.path('kept'), pair.path('again'))
  await disks.unmount(pair.path('again', 'm'))
  await assertEqual()
})

test('what is mounted inside an excluded folder is not listed', { skip: noDisks() }, async (t) => {
  const disks = createDisks(t)
  const pair = await createPair(t)
  pair.configure({ exclude: ['skipped'] })
  fill(pair.path('skipped'), 'skipped')
  fill(join(pair.folder, 'outside'), 'outside')
  await Promise.all([pair.startIndexer(), pair.startApi()])
  await assertAllEqual(pair)
  disks.bind(join(pair.folder, 'outside'), pair.path('skipped'))
  disks.bind(join(pair.folder, 'outside'), pair.path('skipped', 'outside-folder'))
  writeFileSync(pair.path('after'), 'after')
  await until('the later file to be hashed', () => hashOfName(pair, 'after') !== '')
  await assertAllEqual(pair)
})
