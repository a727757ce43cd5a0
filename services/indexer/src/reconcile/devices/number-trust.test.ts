/** Shows when an inode number identifies a row: by filesystem, and after a mount. Tables over a tree in memory. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rootFolder } from '../../../../../test/support/root-folder.ts'
import { DEVICE, fileRow, folderRow } from '../../../../../test/support/rows.ts'
import { createTree } from '../../model/folder-tree.ts'
import { createLimbo } from '../pending/limbo.ts'
import { type NumberKind, numberKind } from './number-kind.ts'
import { createNumberTrust } from './number-trust.ts'

const top = folderRow(1, 'above', '')
const file = fileRow(10, top.nodeId, 'file')

function trustOf({ kind = 'passing' as NumberKind, isDoubtful = true, isCompared = false } = {}) {
  const tree = createTree()
  const folder = tree.addRoot(rootFolder(), top)
  folder.isCompared = isCompared
  const limbo = createLimbo()
  const devices = { numberKind: () => kind, isDoubtful: () => isDoubtful }
  return { limbo, trust: createNumberTrust({ tree, devices, limbo }) }
}

test('numbers last where the disk or the server keeps them, and are of one mount everywhere else', () => {
  for (const type of ['ext4', 'xfs', 'btrfs', 'zfs', 'nfs4', 'overlay', 'tmpfs']) {
    assert.equal(numberKind(type), 'lasting', type)
  }
  for (const type of ['fuse.mergerfs', 'fuseblk', 'exfat', 'vfat', 'cifs', 'what-comes-next', '']) {
    assert.equal(numberKind(type), 'passing', type)
  }
})

test('after a mount a number that passes tells nothing before its folder was compared', () => {
  const { trust } = trustOf()
  assert.deepEqual([trust.isCurrent(file), trust.tells(file), trust.carriesHash(file)], [false, false, false])
  const compared = trustOf({ isCompared: true }).trust
  assert.deepEqual([compared.isCurrent(file), compared.tells(file), compared.carriesHash(file)], [true, true, true])
  const same = trustOf({ isDoubtful: false }).trust
  assert.ok(same.carriesHash(file), 'the mount is the one of before')
})

test('a number that lasts tells which row it is, and carries its hash if a birth time says that it is no other file', () => {
  const { trust } = trustOf({ kind: 'lasting' })
  const unborn = { ...file, birthTime: 0 }
  assert.deepEqual([trust.tells(file), trust.carriesHash(file)], [true, true])
  assert.deepEqual([trust.tells(unborn), trust.carriesHash(unborn)], [true, false])
})

test('a row that was not at its place when its folder was compared keeps a number of the mount before', () => {
  const { trust, limbo } = trustOf({ isCompared: true, isDoubtful: false })
  limbo.put(file, { blocks: false, isAfterScan: false, nowMs: 0, isOfEarlierMount: true })
  assert.ok(!trust.isCurrent(file))
  assert.ok(!trust.tells(file))
})

test('a folder that is not in the tree, or of another filesystem than the row, was not compared', () => {
  const { trust } = trustOf({ isCompared: true })
  assert.ok(!trust.isCurrent({ ...file, parentId: 'nowhere' }))
  assert.ok(!trust.isCurrent({ ...file, device: `${DEVICE}.2` }))
})
