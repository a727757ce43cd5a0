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

/** Puts a folder at its place in the tree. Visits it if it is new there, or has to be listed. */
export function ensureInTree(
  tools: PlaceTools,
  place: Place,
  identity: { readonly nodeId: string; readonly device: string; readonly inode: string },
): void {
  const { tree } = tools.layout
  const { visits } = tools.pending
  const parent = tree.get(place.parentId)
  let folder = tree.get(identity.nodeId)
  // The parent left the tree during the look, and its next visit finds what is below it. The folder must not stay at its
  // old place until then: a folder that comes to be above it could be below it there, and the way up would have no end.
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
  if (folder.parent !== parent || folder.name !== place.name) {
    tree.relink(folder, parent, place.name)
    visits.addMoved(folder)
  }
  if (folder.needsVisit || leavesUnlisted) {
    folder.needsVisit = false
    visits.add(folder, true)
  }
}

/** Whether a deep visit will list the folder. What moves out of the folder before that is not listed with it. */
function isToBeListed(visits: Visits, folder: Folder | null): boolean {
  for (let at = folder; at !== null; at = at.parent) if (at.needsVisit || visits.isOpen(at)) return true
  return false
}
