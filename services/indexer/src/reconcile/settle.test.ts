import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rootFolder } from '../../test-support/root-folder.ts'
import { folderRow } from '../../test-support/rows.ts'
import { createTree, type Folder } from '../watch/tree.ts'
import { ensureInTree } from './settle.ts'
import { createVisits } from './visits.ts'

const top = folderRow(1, 'above', '')
const folder = folderRow(2, top.nodeId, 'folder')

function treeWithFolder() {
  const tree = createTree()
  const visits = createVisits()
  const root = rootFolder()
  tree.add(tree.addRoot(root, top), 'folder', folder)
  const dropFolder = (gone: Folder) => {
    tree.remove(gone)
  }
  return { tree, visits, dropFolder }
}

test('a folder at its place stays as it is', () => {
  const tools = treeWithFolder()
  ensureInTree(tools, folder, folder)
  assert.equal(tools.tree.get(folder.nodeId)?.name, 'folder')
  assert.equal(tools.visits.size(), 0)
})

test('a folder that moved is re-linked, and one that is new is visited', () => {
  const tools = treeWithFolder()
  const inner = folderRow(3, folder.nodeId, 'inner')
  ensureInTree(tools, inner, inner)
  assert.equal(tools.visits.size(), 1)
  ensureInTree(tools, { parentId: top.nodeId, name: 'moved' }, inner)
  assert.equal(tools.tree.get(inner.nodeId)?.parent?.nodeId, top.nodeId)
  assert.equal(tools.visits.size(), 1)
})

test('a folder that moved into one that is not in the tree leaves it: nothing in the tree contradicts the rows', () => {
  const tools = treeWithFolder()
  ensureInTree(tools, { parentId: 'not in the tree', name: 'folder' }, folder)
  assert.equal(tools.tree.get(folder.nodeId), undefined)
})
