/** Shows when a place that somebody asks for is looked at. The queues are the real ones, and the test sets the clock. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rootFolder } from '../../../../../test/support/root-folder.ts'
import { createTree } from '../../model/folder-tree.ts'
import { createPending } from './pending.ts'

function pendingOf() {
  const tree = createTree()
  const folder = tree.addRoot(rootFolder(), { nodeId: 'top', device: '1', inode: '1' })
  return { folder, ...createPending(tree, () => 1_000) }
}

test('a place is looked at now, or after a pause that grows with each time it is asked for again', () => {
  const { hints, hint, folder } = pendingOf()
  const place = { parentId: folder.nodeId, name: 'a' }
  const dues: (number | null)[] = []
  for (const when of ['again', 'again', 'now'] as const) {
    hint(place, 'touched', when)
    dues.push(hints.nextDueMs())
    hints.take(2_000, 1)
  }
  assert.deepEqual(dues, [1_020, 1_040, 1_000])
})

test('a place in a folder that is not in the tree is not looked at: the listing of the folder finds it', () => {
  const { hints, hint } = pendingOf()
  hint({ parentId: 'not in the tree', name: 'a' }, 'touched', 'now')
  assert.equal(hints.size(), 0)
})
