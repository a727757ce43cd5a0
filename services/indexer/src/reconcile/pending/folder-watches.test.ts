/** Shows what becomes of watches whose folders leave, or give them away. Only the kernel is a stand-in, which is a list. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rootFolder } from '../../../../../test/support/root-folder.ts'
import { createTree } from '../../model/folder-tree.ts'
import type { WatchEvent } from '../../watch/inotify-events.ts'
import { createEventIntake } from './event-intake.ts'
import { createFolderWatches } from './folder-watches.ts'
import { createPending } from './pending.ts'

/** A root and a folder in it, with the watches 1 and 2. */
function watchedFolder() {
  const tree = createTree()
  const root = rootFolder('media', { inotifyFd: 3 })
  const pending = createPending(tree, () => 1_000)
  const top = tree.addRoot(root, { nodeId: 'top', device: '1', inode: '1' })
  const folder = tree.add(top, 'folder', { nodeId: 'folder', device: '1', inode: '2' })
  const intake = createEventIntake({
    ...{ tree, pending, nowMs: () => 1_000, isIgnored: () => false, doNumbersPass: () => false },
    ...{ onLost: () => assert.fail(), onUnmounted: () => assert.fail(), onRootGone: () => assert.fail() },
  })
  const removed: string[] = []
  const removeWatch = (inotifyFd: number, watch: number) => void removed.push(`${inotifyFd}: ${watch}`)
  const watches = createFolderWatches({ tree, intake, removeWatch })
  for (const [at, one] of [top, folder].entries()) watches.given(one, at + 1)
  const hinted = (...events: WatchEvent[]) => {
    intake.take(root, events)
    return pending.hints.take(2_000, 10).map(({ folder: { name: within }, name }) => `${within}/${name}`)
  }
  return { tree, root, top, folder, watches, removed, hinted }
}

test('a folder that leaves the tree gives its watches back, and what they still tell is about nothing', () => {
  const { tree, top, watches, removed, hinted } = watchedFolder()
  watches.drop(top)
  assert.deepEqual(removed, ['3: 1', '3: 2'])
  assert.equal(tree.size(), 0)
  assert.deepEqual(hinted({ kind: 'touched', watch: 2, name: 'a' }), [])
})

test('a folder that gives its watch away stays, and what the kernel had queued by then counts', () => {
  const { folder, watches, removed, hinted } = watchedFolder()
  watches.release(folder)
  assert.deepEqual([folder.watch, folder.attached, removed], [null, true, ['3: 2']])
  assert.deepEqual(hinted({ kind: 'touched', watch: 2, name: 'a' }), ['folder/a'])
  watches.release(folder)
  assert.equal(removed.length, 1, 'it has none any more')
})

test('without an instance of the root there is no watch to remove', () => {
  const { root, folder, watches, removed } = watchedFolder()
  root.inotifyFd = null
  watches.release(folder)
  watches.drop(folder)
  assert.deepEqual(removed, [])
})
