/**
 * Shows I1 for patterns of paths: what moves into an excluded place leaves the feed, what moves out of one comes, and so
 * does what is below a folder that moves. Both services run as processes.
 */
import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { assertAllEqual, expectedTree, follow } from '../support/convergence.ts'
import { passSentinel } from '../support/observations.ts'
import { createPair, type Pair } from '../support/pair.ts'

const PATTERNS = ['root/**/Raw/*', 'root/tmp', '*/*/cache', '**/deep/**/skip']

test('patterns for paths hold at the start, for each move, and when they change', async (t) => {
  const pair = await createPair(t, { roots: ['root'] })
  const at = (...names: string[]) => join(pair.folder, 'root', ...names)
  const file = (...names: string[]) => {
    mkdirSync(join(at(...names), '..'), { recursive: true })
    writeFileSync(at(...names), names.join('/'))
  }
  for (const names of [
    'Raw/a',
    'x/Raw/a',
    'x/Raw/deep/b',
    'tmp/c',
    'x/tmp/c',
    'x/cache/d',
    'x/y/cache/d',
    'deep/z/skip/e',
  ]) {
    file(...names.split('/'))
  }
  pair.configure({ exclude: PATTERNS })
  await Promise.all([pair.startIndexer(), pair.startApi()])
  await assertAllEqual(pair)
  const follower = follow(pair)
  await follower.catchUp()
  const step = (name: string, run: () => void, includes: readonly string[], excludes: readonly string[]) =>
    t.test(name, async () => {
      run()
      await passSentinel(pair, at())
      await assertAllEqual(pair, follower)
      const tree = expectedTree(pair)
      for (const path of includes) assert.ok(tree.has(`root/${path}`), path)
      for (const path of excludes) assert.ok(!tree.has(`root/${path}`), path)
    })
  await step(
    'at the start',
    () => {},
    ['x/Raw', 'x/tmp/c', 'x/y/cache/d'],
    ['x/Raw/a', 'tmp', 'x/cache', 'deep/z/skip'],
  )
  await t.test('no excluded folder is watched', () => {
    // Each folder of the tree has one watch, and nothing else has.
    const folders = [...expectedTree(pair).values()].filter((what) => what === 'folder').length
    assert.equal(watches(pair), folders)
  })
  await step('written in an excluded folder', () => file('x', 'cache', 'new'), [], ['x/cache/new'])
  await step('a file moves in', () => renameSync(at('x/tmp/c'), at('x/Raw/c')), ['x/tmp'], ['x/tmp/c', 'x/Raw/c'])
  await step('a file moves out', () => renameSync(at('x/Raw/a'), at('x/a')), ['x/a'], [])
  await step('a folder moves in', () => renameSync(at('x/y'), at('x/Raw/y')), [], ['x/y', 'x/Raw/y'])
  await step('a folder moves out', () => renameSync(at('x/Raw/y'), at('y')), ['y'], ['y/cache'])
  await step(
    'a folder above one moves, and it is excluded no longer',
    () => renameSync(at('y'), at('x/y')),
    ['x/y/cache/d'],
    [],
  )
  await step(
    'a folder above one moves, and it is excluded now',
    () => renameSync(at('x/y'), at('y')),
    ['y'],
    ['y/cache'],
  )
  await step('far above', () => renameSync(at('deep'), at('flat')), ['flat/z/skip/e'], [])
  await step('far above, back', () => renameSync(at('flat'), at('deep')), ['deep/z'], ['deep/z/skip'])
  await step('an excluded folder gets another name', () => renameSync(at('tmp'), at('kept')), ['kept/c'], ['tmp'])
  await step('a folder gets an excluded name', () => renameSync(at('kept'), at('tmp')), [], ['kept', 'tmp'])
  await step('an excluded folder is removed', () => rmSync(at('tmp'), { recursive: true }), [], ['tmp'])
  const restart = async (exclude: readonly string[]) => {
    await pair.endIndexer()
    pair.configure({ exclude })
    await pair.startIndexer()
    await assertAllEqual(pair, follower)
  }
  await t.test('another list', () => restart(['root/x']))
  assert.ok(expectedTree(pair).has('root/deep/z/skip/e'))
  await t.test('no list', () => restart([]))
  await t.test('the first list again', () => restart(PATTERNS))
  await follower.stop()
})

/** The inotify watches of the indexer's process: proc(5), fdinfo. */
function watches(pair: Pair): number {
  const folder = `/proc/${pair.indexer().pid}/fdinfo`
  const texts = readdirSync(folder).map((fd) => readFileSync(join(folder, fd), 'utf8'))
  return texts.reduce((sum, text) => sum + [...text.matchAll(/^inotify wd:/gm)].length, 0)
}
