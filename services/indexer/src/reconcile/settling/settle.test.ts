/** Shows what follows from decisions in the tree and the queues. The real store on a database in a temporary folder. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'
import { openStore } from '../../../../../test/support/open-store.ts'
import { rootFolder } from '../../../../../test/support/root-folder.ts'
import { factsOf, fileSight, folderRow, GONE } from '../../../../../test/support/rows.ts'
import type { Decision, MetadataDue } from '../../model/decision.ts'
import { createTree, type Folder } from '../../model/folder-tree.ts'
import type { Observation, Place, PlacedSight } from '../../model/observation.ts'
import { createLimbo } from '../pending/limbo.ts'
import { createVisits } from '../pending/visits.ts'
import { ensureInTree } from './place-folder.ts'
import { NOTHING_ENDS, type SettleTools, settle } from './settle.ts'

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
  return { layout: { tree }, pending: { visits }, dropFolder, tree, visits }
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

test('a folder that moves out of one that is yet to be listed is visited: what happened in it may not have been told', () => {
  const inner = folderRow(3, folder.nodeId, 'inner')
  const moved = { parentId: top.nodeId, name: 'moved' }
  for (const isToBeListed of [false, true]) {
    const tools = treeWithFolder()
    ensureInTree(tools, inner, inner)
    for (const visit of tools.visits.take(1)) tools.visits.done(visit)
    const above = tools.tree.get(folder.nodeId) ?? assert.fail('it is in the tree')
    above.needsVisit = isToBeListed
    ensureInTree(tools, { parentId: folder.nodeId, name: 'renamed' }, inner)
    assert.equal(tools.visits.size(), 0, 'it is listed with the others')
    ensureInTree(tools, moved, inner)
    const visited = tools.visits.take(1).map((visit) => visit.folder)
    assert.deepEqual(visited, isToBeListed ? [tools.tree.get(inner.nodeId)] : [])
  }
})

test('a folder that moved into one that is not in the tree leaves it: nothing in the tree contradicts the rows', () => {
  const tools = treeWithFolder()
  ensureInTree(tools, { parentId: 'not in the tree', name: 'folder' }, folder)
  assert.equal(tools.tree.get(folder.nodeId), undefined)
})

/** Settles with a real store in which `media/folder/file` is known, and no folder was met since the start. */
function settleWithStore(t: TestContext) {
  const { store } = openStore(t)
  const limbo = createLimbo()
  const awaiting: MetadataDue = { state: 'ready', dueMs: 0 }
  const create = (inode: number, { parentId, name }: Place, isDirectory: boolean): Decision => {
    const { nodeId } = folderRow(inode, parentId, name)
    const facts = factsOf(inode)
    return { kind: 'create', nodeId, parentId, name, isDirectory, facts, awaiting, copyOf: null }
  }
  const above = folderRow(1, SUPER_ROOT_ID, 'media')
  const inner = { parentId: folder.nodeId, name: 'file' }
  store.apply([create(1, above, true), create(2, folder, true), create(3, inner, false)])
  const askedById: string[] = []
  const byId = (nodeId: string) => {
    askedById.push(nodeId)
    return store.known.byId(nodeId)
  }
  const tools = {
    pending: { limbo, visits: createVisits(), hint: () => {} },
    layout: {
      tree: createTree(),
      devices: { numberKind: () => 'lasting' },
      trust: { isCurrent: () => true, tells: () => true, carriesHash: () => true },
    },
    known: { ...store.known, byId },
    ...{ apply: store.apply, clock: { nowMs: () => 0 }, awaiting: () => awaiting },
  } as unknown as SettleTools
  const seenAt = (place: Place, sight: PlacedSight): Observation => {
    const known = store.known.childAt(place.parentId, place.name)
    return { ...place, sight, known, cause: 'touched' }
  }
  const see = (place: Place, sight: PlacedSight, mayRemove: ReadonlySet<string> = new Set()) =>
    settle(tools, [seenAt(place, sight)], { mayRemove, mustRemove: new Set() }, () => false)
  return { store, limbo, tools, inner, askedById, seenAt, see }
}

test('a file that got the inode number of one that went with its folder, and is replaced, is not lost sight of', async (t) => {
  const { store, limbo, inner, see } = settleWithStore(t)
  await see(inner, GONE)
  await see(folder, GONE, new Set([folder.nodeId]))
  assert.equal(store.known.childAt(inner.parentId, inner.name), undefined, 'it went with its folder')
  const successor = { parentId: top.nodeId, name: 'successor' }
  await see(successor, fileSight(3, { birthTime: 2 }))
  await see(successor, fileSight(4))
  const waiting = Array.from(limbo.entries(), ({ row }) => ({ parentId: row.parentId, name: row.name }))
  assert.deepEqual(waiting, [successor], 'its place is looked at once more')
})

test('a plan that would put two nodes at one place is a bug: it is thrown, and nothing is written (I11)', async (t) => {
  const { store, tools, seenAt } = settleWithStore(t)
  const place = { parentId: folder.nodeId, name: 'twice' }
  const head = store.head()
  const observations = [seenAt(place, fileSight(5)), seenAt(place, fileSight(6))]
  await assert.rejects(
    settle(tools, observations, NOTHING_ENDS, () => false),
    /a bug in deciding: two nodes get one place/,
  )
  assert.equal(store.head(), head)
})

test('the way up from a folder that was not met is read once for all that comes into it, checks included', async (t) => {
  const { tools, seenAt, askedById } = settleWithStore(t)
  const observations = [5, 6, 7].map((inode) => seenAt({ parentId: folder.nodeId, name: `${inode}` }, fileSight(inode)))
  await settle(tools, observations, NOTHING_ENDS, () => false)
  assert.deepEqual(askedById, [folder.nodeId, top.nodeId])
})
