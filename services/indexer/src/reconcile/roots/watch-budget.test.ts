/** Shows which folders give up their watches, and how many at a time. A real tree, and times as arguments. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rootFolder } from '../../../../../test/support/root-folder.ts'
import { createTree } from '../../model/folder-tree.ts'
import { createWatchBudget } from './watch-budget.ts'

/** Watched folders 0, 1, 2 … that were last stirred at these seconds; a slot is a minute. */
function budget(stirredSeconds: readonly number[], { movesMax = 10 } = {}) {
  const tree = createTree()
  const top = rootFolder('media', { inotifyFd: 3 })
  const root = tree.addRoot(top, { nodeId: 'root', device: '1', inode: '1' })
  tree.setWatch(root, 1)
  const folders = stirredSeconds.map((seconds, n) => {
    const folder = tree.add(root, String(n), { nodeId: `${n}`, device: '1', inode: `${n + 2}` })
    tree.setWatch(folder, n + 2)
    folder.stirredSeconds = seconds
    return folder
  })
  const made = createWatchBudget({
    slotAt: (ms) => Math.floor(ms / 60_000),
    watched: () => top.byWatch.values(),
    ...{ quietSeconds: 600, movesMax },
  })
  const take = (count: number, seconds: number) =>
    made.take(count, seconds * 1000).map((folder) => {
      tree.setWatch(folder, null)
      return Number(folder.name)
    })
  return { tree, folders, take, missed: made.missed }
}

test('those quiet longest give their watches first, and the top of a root never', () => {
  const { take } = budget([300, 100, 200, 400])
  assert.deepEqual(take(2, 1_000), [1, 2])
  assert.deepEqual(take(9, 1_060), [0, 3])
})

test('none gives its watch that was stirred lately', () => {
  const { take } = budget([100, 500, 700])
  assert.deepEqual(take(9, 1_000), [0])
  assert.deepEqual(take(9, 1_030), [], 'in the same slot')
  assert.deepEqual(take(9, 1_100), [1])
})

test('what was stirred, lost its watch or left the tree since they were gathered stays out', () => {
  const { take, tree, folders } = budget([1, 2, 3, 4, 5])
  assert.deepEqual(take(1, 1_000), [0])
  const [, stirred, unwatched, gone] = folders
  assert.ok(stirred !== undefined && unwatched !== undefined && gone !== undefined)
  stirred.stirredSeconds = 1_001
  tree.setWatch(unwatched, null)
  tree.remove(gone)
  assert.deepEqual(take(1, 1_001), [4])
})

test('watches do not go round and round: so many in a slot, and no more where one was taken in vain', () => {
  const { take, missed } = budget(new Array(20).fill(0), { movesMax: 5 })
  assert.equal(take(9, 1_000).length, 5)
  assert.equal(take(9, 1_010).length, 0)
  assert.equal(take(2, 1_050).length, 2)
  missed()
  assert.equal(take(9, 1_060).length, 0)
  assert.equal(take(9, 1_090).length, 5)
})
