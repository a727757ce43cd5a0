/** Makes a folder that was found a root's own: its node, and its place in the tree. */
import type { Decision } from '../../model/decision.ts'
import type { Folder } from '../../model/folder-tree.ts'
import type { KnownNode } from '../../model/known-node.ts'
import type { NodeQueries } from '../../store/node-queries.ts'
import { isIdTaken } from '../devices/taken-id.ts'
import type { Limbo } from '../pending/limbo.ts'
import { doNumbersTell, type FoundRoot, isInTree } from './find-root.ts'
import type { Layout } from './layout.ts'
import { planRoot } from './plan-root.ts'
import type { KnownRoot, Root } from './root.ts'
import { isAway } from './whereabouts.ts'

export type AttachRootTools = {
  readonly layout: Layout
  readonly known: NodeQueries
  readonly limbo: Pick<Limbo, 'release'>
  readonly apply: (decisions: readonly Decision[]) => void
  /** Takes a folder and all below it out of the tree, with their watches. */
  readonly dropFolder: (folder: Folder) => void
  readonly openInstance: (root: Root) => boolean
}

export function attachRoot(tools: AttachRootTools, root: Root, found: FoundRoot): void {
  const { tree } = tools.layout
  const { device, folder } = found
  const nodeId = bindNode(tools, root, found)
  root.isListed = false
  root.filesystemType = found.filesystemType
  if (root.top?.nodeId === nodeId && isInTree(root.top, found)) {
    root.top.needsVisit = false
    return
  }
  // The instance and what is watched by it stay the root's, whichever folder that is.
  if (root.top === null) tools.openInstance(root)
  else tools.dropFolder(root.top)
  // The folder was in another root until now.
  const elsewhere = tree.get(nodeId)
  if (elsewhere !== undefined) tools.dropFolder(elsewhere)
  tree.addRoot(root, { nodeId, device, inode: folder.inode })
}

/** Writes what makes the root's node its folder; gives the node's id. */
function bindNode(tools: AttachRootTools, root: Root, found: FoundRoot): string {
  const { devices, trust } = tools.layout
  const { device, folder, before } = found
  // The row's number may be one of an earlier mount.
  const isRenumbered = before?.device === device && before.inode !== folder.inode && !doNumbersTell(devices, device)
  if (isRenumbered)
    tools.apply([{ kind: 'renumber', nodeId: before.nodeId, inode: folder.inode, birthTime: folder.birthTime }])
  const isOwn = (row: KnownNode) => row.nodeId === before?.nodeId
  const rows = tools.known.byInode(device, folder.inode).filter((row) => isOwn(row) || trust.tells(row))
  const { nodeId, decisions } = planRoot(root.key, found, {
    ...{ before, rows },
    // What was in the folder that this one takes the place of goes with it.
    isAway: (row) => isAway(tools, row) && !isBelow(tools.known, row, before),
    isIdTaken: (on, id) => isIdTaken(tools, on, id),
  })
  if (decisions.length > 0) tools.apply(decisions)
  for (const decision of decisions) tools.limbo.release(decision.nodeId)
  return nodeId
}

function isBelow({ byId }: NodeQueries, row: KnownNode, folder: Pick<KnownRoot, 'nodeId'> | null): boolean {
  for (let at: KnownNode | undefined = row; at !== undefined; at = byId(at.parentId)) {
    if (at.parentId === folder?.nodeId) return true
  }
  return false
}
