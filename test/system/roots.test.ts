/**
 * Shows I7 for roots that come, go, are renamed, replaced and emptied, by the config and on the disk. Both services run
 * as processes.
 */
import assert from 'node:assert/strict'
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { assertAllEqual, expectedTree, follow } from '../support/convergence.ts'
import { differences, nodesTree, readNodes } from '../support/disk-tree.ts'
import { idAt, idsBelow, passSentinel, rootRow, rootState, statusOf } from '../support/observations.ts'
import { createPair, type Pair } from '../support/pair.ts'
import { until } from '../support/until.ts'

test('roots are added, renamed and removed, and excludes changed, across restarts', async (t) => {
  const pair = await createPair(t, { roots: ['one', 'two'] })
  const at = (...names: string[]) => join(pair.folder, ...names)
  for (const root of ['one', 'two', 'three']) {
    mkdirSync(at(root, 'folder'), { recursive: true })
    writeFileSync(at(root, 'folder', 'file.txt'), root)
    writeFileSync(at(root, 'folder', 'file.log'), root)
  }
  await Promise.all([pair.startIndexer(), pair.startApi()])
  await assertAllEqual(pair)
  const follower = follow(pair)
  await follower.catchUp()
  const id = idAt(pair, 'one/folder/file.txt')
  const restart = async (changes: Parameters<Pair['configure']>[0]) => {
    await pair.endIndexer()
    pair.configure(changes)
    await pair.startIndexer()
    await assertAllEqual(pair, follower)
  }
  await t.test('added', () => restart({ roots: { one: at('one'), two: at('two'), three: at('three') } }))
  await t.test('renamed: ids stay and nothing is read', async () => {
    await restart({ roots: { uno: at('one'), two: at('two'), three: at('three') } })
    assert.equal(idAt(pair, 'uno/folder/file.txt'), id)
    await pair.endIndexer()
    assert.equal(statusOf(pair)?.filesHashed, 0)
    await pair.startIndexer()
  })
  await t.test('removed', () => restart({ roots: { uno: at('one'), three: at('three') } }))
  const circle = { roots: { uno: at('three'), three: at('one') }, moved: { uno: 'three', three: 'uno' } }
  const chain = { roots: { due: at('three'), uno: at('one') }, moved: { uno: 'due', three: 'uno' } }
  for (const [how, { roots, moved }] of Object.entries({ circle, chain })) {
    await t.test(`renamed, in a ${how}: ids stay and nothing is read`, async () => {
      const before = Object.entries(moved).map(([from, to]) => [to, idsBelow(pair, from)] as const)
      await restart({ roots })
      for (const [name, ids] of before) assert.deepEqual(idsBelow(pair, name), ids)
      await pair.endIndexer()
      assert.equal(statusOf(pair)?.filesHashed, 0)
      await pair.startIndexer()
    })
  }
  await t.test('renamed while it is away: its nodes stay', async () => {
    const ids = idsBelow(pair, 'uno')
    await pair.endIndexer()
    renameSync(at('one'), at('aside'))
    pair.configure({ roots: { eins: at('one'), due: at('three') } })
    await pair.startIndexer(['due'])
    await until('the root to be offline', () => rootState(pair, 'eins') === 'offline')
    await passSentinel(pair, at('three'))
    assert.deepEqual(idsBelow(pair, 'eins'), ids)
    renameSync(at('aside'), at('one'))
    await until('the root to be back', () => rootState(pair, 'eins') === 'watching')
    await assertAllEqual(pair, follower)
    assert.deepEqual(idsBelow(pair, 'eins'), ids)
    await pair.endIndexer()
    assert.equal(statusOf(pair)?.filesHashed, 1, 'only the sentinel')
    await pair.startIndexer()
  })
  await t.test('excludes added', () => restart({ exclude: ['*.log', 'folder?'] }))
  await t.test('excludes removed', () => restart({ exclude: [] }))
  await follower.stop()
})

test("a root whose path comes to lead to another root's folder is not watched twice", async (t) => {
  const pair = await createPair(t, { roots: ['media', 'other'] })
  const at = (...names: string[]) => join(pair.folder, ...names)
  writeFileSync(at('other', 'file'), 'bytes')
  await Promise.all([pair.startIndexer(), pair.startApi()])
  await assertAllEqual(pair)
  renameSync(at('media'), at('aside'))
  symlinkSync('other', at('media'))
  const message = new RegExp(`is the same folder as ${at('other')}, the watch "other"`)
  await until('media to be offline for that', () => message.test(rootRow(pair, 'media')?.message ?? ''))
  assert.equal(rootState(pair, 'other'), 'watching')
  await passSentinel(pair, at('other'))

  // Also if its node has gone to the other root.
  await pair.endIndexer()
  rmSync(at('media'))
  renameSync(at('other'), at('moved'))
  renameSync(at('aside'), at('other'))
  pair.configure({ roots: { media: at('moved'), other: at('other') } })
  await pair.startIndexer()
  await assertAllEqual(pair)
})

const AWAY: Readonly<
  Record<string, { leave: (path: string, aside: string) => void; back: (path: string, aside: string) => void }>
> = {
  missing: {
    leave: (path, aside) => renameSync(path, aside),
    back: (path, aside) => renameSync(aside, path),
  },
  'replaced by an empty folder': {
    leave: (path, aside) => {
      renameSync(path, aside)
      mkdirSync(path)
    },
    back: (path, aside) => {
      rmSync(path, { recursive: true })
      renameSync(aside, path)
    },
  },
  'replaced by a folder with other files': {
    leave: (path, aside) => {
      renameSync(path, aside)
      mkdirSync(path)
      writeFileSync(join(path, 'other'), 'other')
    },
    back: (path, aside) => {
      rmSync(path, { recursive: true })
      renameSync(aside, path)
    },
  },
  emptied: {
    leave: (path, aside) => {
      mkdirSync(aside)
      renameSync(join(path, 'folder'), join(aside, 'folder'))
    },
    back: (path, aside) => {
      renameSync(join(aside, 'folder'), join(path, 'folder'))
      rmSync(aside, { recursive: true })
    },
  },
}

test('I7: a root that is away keeps its nodes, and heals when it is back', async (t) => {
  const pair = await createPair(t, { roots: ['media', 'other'] })
  mkdirSync(pair.path('folder'))
  writeFileSync(pair.path('folder', 'file'), 'bytes')
  writeFileSync(join(pair.folder, 'other', 'file'), 'bytes')
  await Promise.all([pair.startIndexer(), pair.startApi()])
  await assertAllEqual(pair)
  const follower = follow(pair)
  await follower.catchUp()
  const id = idAt(pair, 'media/folder/file')
  const nodes = () => nodesTree(pair.read(readNodes))
  const aside = join(pair.folder, 'aside')
  for (const [how, { leave, back }] of Object.entries(AWAY)) {
    for (const isRunning of [false, true]) {
      // A root that is emptied file by file while the indexer watches is meant to be empty.
      if (isRunning && how === 'emptied') continue
      await t.test(`${how}, while the indexer ${isRunning ? 'runs' : 'is stopped'}`, async () => {
        const before = expectedTree(pair)
        if (!isRunning) await pair.endIndexer()
        leave(pair.path(), aside)
        if (!isRunning) await pair.startIndexer(['other'])
        await until('the root to be offline', () => rootState(pair, 'media') === 'offline')
        const sentinel = await passSentinel(pair, join(pair.folder, 'other'))
        const kept = nodes()
        kept.delete(`other/${sentinel}`)
        assert.deepEqual(differences(before, kept, 'the nodes'), [])
        back(pair.path(), aside)
        await until('the root to be back', () => rootState(pair, 'media') === 'watching')
        await assertAllEqual(pair, follower)
        assert.equal(idAt(pair, 'media/folder/file'), id)
      })
    }
  }
  writeFileSync(pair.path('folder', 'after'), 'all of it')
  await assertAllEqual(pair, follower)
  await follower.stop()
})
