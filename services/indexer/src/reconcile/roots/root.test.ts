/** Tables of what is said of a root by values alone. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plainNodeId } from '@drive-feed/shared/node-id.ts'
import { isSameRoot, isSharedFilesystem, type KnownRoot } from './root.ts'

const known: KnownRoot = {
  nodeId: plainNodeId('10', '2'),
  device: '10',
  inode: '2',
  birthTime: 5,
  path: '/mnt/media',
  configuredPath: '/mnt/media',
}

const at = (path: string, configuredPath = path) => ({ path, configuredPath })

test('I7: another folder at the path of a root is a mount that is missing', () => {
  assert.ok(isSameRoot(known, at('/mnt/media'), { device: '10', inode: '2', birthTime: 5 }))
  assert.ok(!isSameRoot(known, at('/mnt/media'), { device: '10', inode: '3', birthTime: 5 }))
  assert.ok(!isSameRoot(known, at('/mnt/media'), { device: '11', inode: '2', birthTime: 5 }))
  assert.ok(!isSameRoot(known, at('/mnt/media'), { device: '10', inode: '2', birthTime: 6 }))
})

test('I7: a symbolic link that took the place of a root, or leads elsewhere than before, is not what the owner asked for', () => {
  const other = { device: '11', inode: '9', birthTime: 5 }
  assert.ok(!isSameRoot(known, at('/usr', '/mnt/media'), other))
  const linked = { ...known, path: '/disks/a', configuredPath: '/mnt/link' }
  assert.ok(!isSameRoot(linked, at('/disks/b', '/mnt/link'), other))
  assert.ok(isSameRoot(linked, at('/disks/b', '/mnt/link'), { device: '10', inode: '2', birthTime: 5 }), 'it was moved')
  assert.ok(isSameRoot(linked, at('/disks/b', '/disks/b'), other), 'the config was changed')
  assert.ok(isSameRoot({ ...linked, configuredPath: '' }, at('/disks/b', '/mnt/link'), other), 'nobody knows')
})

test('another folder at another path is what the owner asked for, and so is a first one', () => {
  assert.ok(isSameRoot(known, at('/mnt/other'), { device: '11', inode: '9', birthTime: 5 }))
  assert.ok(isSameRoot(null, at('/mnt/media'), { device: '11', inode: '9', birthTime: 5 }))
})

test("a root of the original program's file, which knows neither path nor inode, is taken as the same", () => {
  const old = { ...known, device: '', inode: '', path: '', configuredPath: '' }
  assert.ok(isSameRoot(old, at('/mnt/media'), { device: '10', inode: '2', birthTime: 5 }))
  assert.ok(isSameRoot(old, at('/mnt/media'), { device: '10', inode: '3', birthTime: 5 }))
})

test('filesystems with other writers are known by their types', () => {
  for (const type of ['nfs', 'nfs4', 'cifs', 'smb3', 'fuse', 'fuse.mergerfs', 'fuse.sshfs', 'fuseblk', '9p', 'ceph']) {
    assert.ok(isSharedFilesystem(type), type)
  }
  for (const type of ['ext4', 'btrfs', 'xfs', 'zfs', 'tmpfs', 'overlay', 'fusectl', 'nfsd', '']) {
    assert.ok(!isSharedFilesystem(type), type)
  }
})
