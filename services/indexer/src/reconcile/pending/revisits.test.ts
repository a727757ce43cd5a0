/**
 * Shows how often a file that may be open under another name is looked at again, and where. The sights are made up, and
 * time is an argument.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rootFolder } from '../../../../../test/support/root-folder.ts'
import { createTree } from '../../model/folder-tree.ts'
import type { FileSight } from '../../model/sight.ts'
import { createRevisits } from './revisits.ts'

function sight(inode: number, other: Partial<FileSight> = {}): FileSight {
  const times = { birthTime: 1, mtime: 1, ctime: 1 }
  return { kind: 'file', deviceNumber: '1', inode: String(inode), ...times, size: 3, links: 1, ...other }
}

function folderOf() {
  const tree = createTree()
  const folder = tree.addRoot(rootFolder(), { nodeId: 'top', device: '1', inode: '1' })
  return { tree, folder }
}

test('a file that nobody was seen to close is looked at after growing pauses, for about an hour', () => {
  const { folder } = folderOf()
  const revisits = createRevisits()
  revisits.put(folder, 'a', sight(5), 0)
  const looks: number[] = []
  for (let now = 0; revisits.nextMs() !== null; now += 1_000) if (revisits.take(now).length > 0) looks.push(now / 1_000)
  assert.deepEqual(looks.slice(0, 6), [1, 3, 7, 15, 31, 63])
  assert.equal(looks.length, 12)
  assert.equal(looks.at(-1), 4_095)
})

test('what is as it was is no reason to go on; what changed is looked at sooner again', () => {
  const { folder } = folderOf()
  const revisits = createRevisits()
  revisits.put(folder, 'a', sight(5), 0)
  for (const now of [1_000, 3_000, 7_000]) assert.equal(revisits.take(now).length, 1)
  assert.ok(revisits.isUnchanged(sight(5), 7_000))
  assert.equal(revisits.nextMs(), 15_000)
  assert.ok(!revisits.isUnchanged(sight(5, { size: 7 }), 7_000))
  assert.equal(revisits.nextMs(), 8_000)
  assert.ok(!revisits.isUnchanged(sight(5, { size: 7, ctime: 9 }), 7_500), 'other bytes of the same length')
  assert.ok(!revisits.isUnchanged(sight(6), 7_500), 'another file is at the place')
})

test('a file is awaited where it was seen last, and nowhere when its folder is gone', () => {
  const { tree, folder } = folderOf()
  const below = tree.add(folder, 'below', { nodeId: 'below', device: '1', inode: '2' })
  const revisits = createRevisits()
  revisits.put(folder, 'a', sight(5), 0)
  revisits.relocate(below, 'b', sight(5))
  revisits.relocate(below, 'c', sight(6))
  assert.deepEqual(
    revisits.take(1_000).map(({ folder: { name: inFolder }, name }) => `${inFolder}/${name}`),
    ['below/b'],
  )
  tree.remove(below)
  assert.deepEqual(revisits.take(10_000), [])
  assert.equal(revisits.nextMs(), null)
})

test('a new file under a number that is used again is awaited from its own beginning', () => {
  const { folder } = folderOf()
  const revisits = createRevisits()
  revisits.put(folder, 'a', sight(5), 0)
  for (let now = 0; now < 600_000; now += 1_000) revisits.take(now)
  revisits.put(folder, 'b', sight(5, { ctime: 9 }), 600_000)
  assert.deepEqual(
    revisits.take(601_000).map(({ name }) => name),
    ['b'],
  )
})
