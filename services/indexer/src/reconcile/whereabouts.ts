/** Where a known folder is: by the tree where it was met since the start, otherwise as the database has it. */
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'
import type { Known, KnownNodes } from '../store/known.ts'
import type { Tree } from '../watch/tree.ts'
import type { Scans } from './scans.ts'

/**
 * - `online`: the folder is in a root that is there, as far as is known. - `away`: its root is not there, or nobody has
 * met it since the start (I7). - `gone`: it was removed, and what was in it too.
 */
export type Whereabouts = 'online' | 'away' | 'gone'

export type WhereaboutsTools = {
  readonly tree: Pick<Tree, 'get'>
  readonly known: Pick<KnownNodes, 'byId'>
  readonly scans: Pick<Scans, 'isOnline'>
}

/** Whether the row is in a root that is not there, or is its folder. */
export function isAway(tools: WhereaboutsTools, { nodeId, parentId, isDirectory }: Known): boolean {
  return whereaboutsOf(tools, isDirectory ? nodeId : parentId) === 'away'
}

export function whereaboutsOf(tools: WhereaboutsTools, folderId: string): Whereabouts {
  let at: string | null | undefined = folderId === SUPER_ROOT_ID ? null : folderId
  while (at != null) {
    const folder = tools.tree.get(at)
    if (folder !== undefined) return tools.scans.isOnline(folder.root) ? 'online' : 'away'
    at = parentOf(tools, at)
  }
  return at === null ? 'away' : 'gone'
}

/**
 * The folder that a known folder is in: null above a root, undefined for one that is not known. What moved while nobody
 * watched has not been met in the tree yet, nor has what is in it.
 */
export function parentOf(
  { tree, known }: Omit<WhereaboutsTools, 'scans'>,
  folderId: string,
): string | null | undefined {
  const folder = tree.get(folderId)
  if (folder !== undefined) return folder.parent?.nodeId ?? null
  const parentId = known.byId(folderId)?.parentId
  return parentId === SUPER_ROOT_ID ? null : parentId
}
