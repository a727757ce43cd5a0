import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nameToBytes } from '@drive-feed/shared/entry-name.ts'
import { furtherNodeId, plainNodeId } from '@drive-feed/shared/node-id.ts'
import { SUPER_ROOT_ID, type WatchRootRow } from '@drive-feed/shared/schema.ts'
import { DEVICE, fileRow, folderRow } from '../../../../../test/support/rows.ts'
import type { Known } from '../../model/known-node.ts'
import { isSameRoot, isSharedFilesystem, type KnownRoot, planRenames, planRoot } from './root.ts'

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

// What its folder makes of a root's node.

const NAME = 'media'
const birthTime = 1
const folderFound = {
  device: DEVICE,
  folder: { kind: 'folder', deviceNumber: '99', inode: '2', birthTime, mtime: 3, ctime: 4 },
} as const
const facts = { device: DEVICE, inode: '2', birthTime, size: 0, mtime: 3, ctime: 4 }
const plain = plainNodeId(DEVICE, '2')
const awaiting = { state: 'ready', dueMs: 0 } as const
const further = furtherNodeId(DEVICE, '2', SUPER_ROOT_ID, nameToBytes(NAME), 0)

function planned(rows: readonly Known[], { before = null as Known | null, away = [] as readonly Known[] } = {}) {
  return planRoot(NAME, folderFound, {
    ...{ before, rows, isAway: (row: Known) => away.includes(row) },
    isIdTaken: () => false,
  })
}

function created(nodeId: string) {
  const place = { parentId: SUPER_ROOT_ID, name: NAME, isDirectory: true }
  return { kind: 'create', nodeId, ...place, facts, awaiting, copyOf: null }
}

test('a root that is new has the plain id under the super-root, and no size', () => {
  assert.deepEqual(planned([]), { nodeId: plain, decisions: [created(plain)] })
})

test('a root that is as it was is not written', () => {
  const row = folderRow(2, SUPER_ROOT_ID, NAME, { birthTime })
  assert.deepEqual(planned([row], { before: row, away: [row] }), { nodeId: plain, decisions: [] })
})

test('a root that was renamed in the config, or was a folder of another root, moves', () => {
  const at = { nodeId: plain, parentId: SUPER_ROOT_ID, name: NAME, isDirectory: true, ctime: 4 }
  const move = { kind: 'move', ...at }
  for (const row of [folderRow(2, SUPER_ROOT_ID, 'other'), folderRow(2, 'above', NAME)]) {
    assert.deepEqual(planned([row], { away: [row] }), { nodeId: plain, decisions: [move] })
  }
  const adopt = { kind: 'adopt', nodeId: plain, facts }
  const reborn = folderRow(2, 'above', NAME, { birthTime: 9 })
  assert.deepEqual(planned([reborn]), { nodeId: plain, decisions: [move, adopt] })
})

test("a root of the original program's file takes the facts but for its times", () => {
  const row = folderRow(2, SUPER_ROOT_ID, NAME, { device: '', inode: '', birthTime: 0 })
  const adopt = { kind: 'adopt', nodeId: plain, facts: { ...facts, mtime: row.mtime, ctime: row.ctime } }
  assert.deepEqual(planned([row], { before: row }), { nodeId: plain, decisions: [adopt] })
})

test('another folder in its place makes it another node', () => {
  const before = folderRow(7, SUPER_ROOT_ID, NAME)
  const decisions = [created(plain), { kind: 'remove', nodeId: before.nodeId }]
  assert.deepEqual(planned([], { before }), { nodeId: plain, decisions })
})

test('another folder with the same inode number is known by its own birth time; clients are not told of other times', () => {
  const row = folderRow(2, SUPER_ROOT_ID, NAME, { birthTime: 9 })
  const adopt = { kind: 'adopt', nodeId: plain, facts: { ...facts, mtime: row.mtime, ctime: row.ctime } }
  assert.deepEqual(planned([row], { before: row, away: [row] }), { nodeId: plain, decisions: [adopt] })
})

test('a file that had the inode number is gone', () => {
  const file = fileRow(2, 'above', 'file')
  assert.deepEqual(planned([file]), { nodeId: plain, decisions: [{ kind: 'remove', nodeId: plain }, created(plain)] })
})

test('I7: what had the inode number in a root that is away stays, and the root gets an id beside it', () => {
  for (const row of [fileRow(2, 'above', 'file', { birthTime: 9 }), folderRow(2, 'above', 'old', { birthTime: 9 })]) {
    assert.deepEqual(planned([row], { away: [row] }), { nodeId: further, decisions: [created(further)] })
    const own = { ...folderRow(2, SUPER_ROOT_ID, NAME), nodeId: further }
    assert.deepEqual(planned([row, own], { before: own, away: [row, own] }), { nodeId: further, decisions: [] })
  }
})

test('a root keeps the id that it got beside another node when the root of that one is there again', () => {
  const old = folderRow(2, 'above', 'old', { birthTime: 9 })
  const own = { ...folderRow(2, SUPER_ROOT_ID, NAME), nodeId: further }
  assert.deepEqual(planned([old, own], { before: own }), { nodeId: further, decisions: [] })
  const renamed = { ...own, name: 'before' }
  assert.deepEqual(
    planned([old, renamed]).decisions.map(({ kind, nodeId }) => [kind, nodeId]),
    [['move', further]],
  )
})

test('a root becomes the node that was born with its folder, not the one it had when that was another', () => {
  const born = folderRow(2, SUPER_ROOT_ID, 'other')
  const before = { ...folderRow(2, SUPER_ROOT_ID, NAME, { birthTime: 9 }), nodeId: further }
  assert.deepEqual(
    planned([before, born], { before }).decisions.map(({ kind, nodeId }) => [kind, nodeId]),
    [
      ['move', plain],
      ['remove', further],
    ],
  )
})

// Watches that only got another name in the config.

function renames(config: Readonly<Record<string, string>>, rows: readonly Known[]): string[] {
  const savedRoots = rows.map(({ nodeId, name }): WatchRootRow => {
    const path = `/mnt/${name}`
    const state = { state: 'watching', stateSinceMs: 0, message: null, unwatchedFolders: 0, wasScanned: true } as const
    return { name, nodeId, path, configuredPath: path, ...state }
  })
  const watches = Object.entries(config).map(([name, path]) => ({ name, path, configuredPath: path }))
  const { renamed, decisions } = planRenames(watches, savedRoots, rows)
  const names = renamed.map(({ saved, name }) => `${saved.name} is ${name}`)
  const nameOf = (nodeId: string) => rows.find((row) => row.nodeId === nodeId)?.name
  return [...names, ...decisions.map((decision) => `${decision.kind} ${nameOf(decision.nodeId)}`)]
}

const rootRows = ['a', 'b', 'c'].map((name, index) => folderRow(index, SUPER_ROOT_ID, name))

test('watches that change names keep their nodes, in a circle and in a chain too', () => {
  assert.deepEqual(renames({ a: '/mnt/a', b: '/mnt/b' }, rootRows), [])
  assert.deepEqual(renames({ new: '/mnt/a', b: '/mnt/b' }, rootRows), ['a is new', 'move a'])
  const circle = { a: '/mnt/b', b: '/mnt/a', c: '/mnt/c' }
  assert.deepEqual(renames(circle, rootRows), ['b is a', 'a is b', 'move a', 'move b'])
  const chain = { b: '/mnt/a', c: '/mnt/b', d: '/mnt/c' }
  assert.deepEqual(renames(chain, rootRows), ['a is b', 'b is c', 'c is d', 'move a', 'move b', 'move c'])
})

test('the node of a watch that is no longer configured makes way for a name', () => {
  assert.deepEqual(renames({ b: '/mnt/a', c: '/mnt/c' }, rootRows), ['a is b', 'move a', 'remove b'])
  assert.deepEqual(renames({ a: '/mnt/new' }, rootRows), [], 'another folder is not a matter of names')
})

test('what is saved of a node that is another watch’s by now tells nothing', () => {
  const [a, b] = rootRows as [Known, Known]
  const state = { state: 'offline', stateSinceMs: 0, message: null, unwatchedFolders: 0, wasScanned: true } as const
  const stale = { name: 'b', nodeId: a.nodeId, path: '/mnt/b', configuredPath: '/mnt/b', ...state }
  const saved = { name: 'a', nodeId: a.nodeId, path: '/mnt/z', configuredPath: '/mnt/z', ...state }
  const watch = (name: string, path: string) => ({ name, path, configuredPath: path })
  const nothing = { renamed: [], decisions: [] }
  assert.deepEqual(planRenames([watch('a', '/mnt/z'), watch('new', '/mnt/b')], [stale, saved], [a]), nothing)
  assert.deepEqual(planRenames([watch('new', '/mnt/b')], [{ ...stale, nodeId: b.nodeId, name: 'c' }], [b]), nothing)
})

test('a watch is known by the path that its links lead to where it is spelled in another way, or was never saved', () => {
  const [a, b] = rootRows as [Known, Known]
  const state = { state: 'watching', stateSinceMs: 0, message: null, unwatchedFolders: 0, wasScanned: true } as const
  const rows = [
    { name: 'a', nodeId: a.nodeId, path: '/mnt/x', configuredPath: '/link/x', ...state },
    { name: 'b', nodeId: b.nodeId, path: '/mnt/y', configuredPath: '', ...state },
  ]
  const watch = (name: string, path: string) => ({ name, path, configuredPath: path })
  const { renamed } = planRenames([watch('a', '/mnt/y'), watch('b', '/mnt/x')], rows, [a, b])
  assert.deepEqual(
    renamed.map(({ saved, name }) => [saved.name, name]),
    [
      ['b', 'a'],
      ['a', 'b'],
    ],
  )
})

test('what was renamed before the saved rows were is not renamed again', () => {
  const path = { path: '/mnt/a', configuredPath: '/mnt/a', state: 'watching', stateSinceMs: 0, message: null } as const
  const row = folderRow(1, SUPER_ROOT_ID, 'new')
  const saved = { name: 'a', nodeId: row.nodeId, unwatchedFolders: 0, wasScanned: true, ...path }
  const plan = planRenames([{ name: 'new', path: '/mnt/a', configuredPath: '/mnt/a' }], [saved], [row])
  assert.deepEqual(plan, { renamed: [{ saved, name: 'new' }], decisions: [] })
})

test('filesystems with other writers are known by their types', () => {
  for (const type of ['nfs', 'nfs4', 'cifs', 'smb3', 'fuse', 'fuse.mergerfs', 'fuse.sshfs', 'fuseblk', '9p', 'ceph']) {
    assert.ok(isSharedFilesystem(type), type)
  }
  for (const type of ['ext4', 'btrfs', 'xfs', 'zfs', 'tmpfs', 'overlay', 'fusectl', 'nfsd', '']) {
    assert.ok(!isSharedFilesystem(type), type)
  }
})
