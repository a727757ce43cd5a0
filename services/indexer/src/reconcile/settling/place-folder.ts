/** Puts folders that were seen at their places in the tree. */
import type { Folder, Tree } from '../../model/folder-tree.ts'
import type { Place } from '../../model/observation.ts'
import type { Visits } from '../pending/visits.ts'

export type PlaceTools = {
  readonly layout: { readonly tree: Tree }
  readonly pending: { readonly visits: Visits }
  /** Takes a folder and all below it out of the tree, with their watches. */
  readonly dropFolder: (folder: Folder) => void
}

/** Puts a folder at its place in the tree; one that was not there, or has no watch, is visited. */
export function ensureInTree(
  tools: PlaceTools,
  place: Place,
  identity: { readonly nodeId: string; readonly device: string; readonly inode: string },
): void {
  const { tree } = tools.layout
  const { visits } = tools.pending
  const parent = tree.get(place.parentId)
  let folder = tree.get(identity.nodeId)
  // The parent left the tree while this was under way; what is below it is visited with it when it is back. At its old
  // place the folder must not stay meanwhile: what comes to be above it may come below it there, and the way up has no end.
  if (parent === undefined) {
    if (folder !== undefined) tools.dropFolder(folder)
    return
  }
  if (folder !== undefined && (folder.root !== parent.root || folder.inode !== identity.inode)) {
    tools.dropFolder(folder)
    folder = undefined
  }
  if (folder === undefined) {
    const { nodeId, device, inode } = identity
    folder = tree.add(parent, place.name, { nodeId, device, inode })
    visits.add(folder, true)
    return
  }
  const leavesUnlisted = folder.parent !== parent && isToBeListed(visits, folder.parent)
  if (folder.parent !== parent || folder.name !== place.name) tree.relink(folder, parent, place.name)
  if (folder.needsVisit || leavesUnlisted) {
    folder.needsVisit = false
    visits.add(folder, true)
  }
}

/** Whether a folder is yet to be listed with all below it, which what moves out of it is no longer. */
function isToBeListed(visits: Visits, folder: Folder | null): boolean {
  for (let at = folder; at !== null; at = at.parent) if (at.needsVisit || visits.isOpen(at)) return true
  return false
}
