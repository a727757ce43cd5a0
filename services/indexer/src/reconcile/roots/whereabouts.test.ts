/** Tables of whether a row's root is there, and of which folder is a row's parent. A real tree beside given rows. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'
import { rootFolder } from '../../../../../test/support/root-folder.ts'
import { fileRow, folderRow } from '../../../../../test/support/rows.ts'
import { createTree } from '../../model/folder-tree.ts'
import type { KnownNode } from '../../model/known-node.ts'
import { isAway, parentOf, whereaboutsOf } from './whereabouts.ts'

const superRoot: KnownNode = { ...folderRow(0, '', ''), nodeId: SUPER_ROOT_ID }
const top = folderRow(1, SUPER_ROOT_ID, 'media')
const folder = folderRow(2, top.nodeId, 'folder')
const file = fileRow(3, folder.nodeId, 'file')

/** A root with a folder that was met, or not even the root; `file` is in the folder. */
function world({ isAttached = true, isListed = true, isOnline = true, isConfigured = true } = {}) {
  const tree = createTree()
  const root = rootFolder('media', { isListed })
  if (isAttached) tree.addRoot(root, top)
  const rows = new Map([superRoot, top, folder, file].map((row) => [row.nodeId, row]))
  const known = { byId: (nodeId: string) => rows.get(nodeId) }
  return { layout: { tree, roots: { isOnline: () => isOnline, isConfigured: () => isConfigured } }, known }
}

test('what is in a root that is there is not away, met since the start or not', () => {
  for (const row of [top, folder, file]) assert.equal(isAway(world(), row), false)
  assert.equal(whereaboutsOf(world(), folder.nodeId), 'online')
  assert.equal(whereaboutsOf(world({ isListed: false }), folder.nodeId), 'online')
})

test('I7: what is in a root that is offline, not attached yet, or not listed yet may be away', () => {
  for (const what of [{ isOnline: false }, { isAttached: false }, { isListed: false }]) {
    for (const row of [top, folder, file]) assert.equal(isAway(world(what), row), true, JSON.stringify(what))
  }
  assert.equal(whereaboutsOf(world({ isOnline: false }), folder.nodeId), 'away')
  assert.equal(whereaboutsOf(world({ isAttached: false }), folder.nodeId), 'away')
})

test('what is no longer configured is not away, and neither is what is in no folder', () => {
  for (const row of [top, folder, file]) {
    assert.equal(isAway(world({ isAttached: false, isConfigured: false }), row), false)
  }
  assert.equal(isAway(world(), fileRow(9, 'removed', 'file')), false)
  assert.equal(whereaboutsOf(world(), 'removed'), 'gone')
  assert.equal(whereaboutsOf(world(), SUPER_ROOT_ID), 'away')
})

test('the parent of a folder is that of the tree, and where it was not met yet that of its row', () => {
  const tools = world()
  assert.equal(parentOf(tools, folder.nodeId), top.nodeId)
  assert.equal(parentOf(tools, top.nodeId), null)
  assert.equal(parentOf(world({ isAttached: false }), top.nodeId), null)
  assert.equal(parentOf(tools, 'removed'), undefined)
  const other = tools.layout.tree.add(tools.layout.tree.get(top.nodeId) ?? assert.fail(), 'other', folderRow(4, '', ''))
  tools.layout.tree.add(other, 'folder', folder)
  assert.equal(parentOf(tools, folder.nodeId), other.nodeId)
})
