/** Tables of which node a root's folder is. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nameToBytes } from '@drive-feed/shared/entry-name.ts'
import { furtherNodeId, plainNodeId } from '@drive-feed/shared/node-id.ts'
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'
import { DEVICE, fileRow, folderRow } from '../../../../../test/support/rows.ts'
import type { KnownNode } from '../../model/known-node.ts'
import { planRoot } from './plan-root.ts'

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

function planned(
  rows: readonly KnownNode[],
  { before = null as KnownNode | null, away = [] as readonly KnownNode[] } = {},
) {
  return planRoot(NAME, folderFound, {
    ...{ before, rows, isAway: (row: KnownNode) => away.includes(row) },
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
