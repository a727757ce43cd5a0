/** Where a known folder is: by the tree if it was met since the start, otherwise by the database. */
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'
import type { RootFolder, Tree } from '../../model/folder-tree.ts'
import type { KnownNode } from '../../model/known-node.ts'
import type { NodeQueries } from '../../store/node-queries.ts'
import type { Roots } from './roots.ts'

/**
 * - `online`: the folder's root is there, as far as is known.
 * - `away`: its root is not there, or nobody has met it since the start (I7).
 * - `gone`: it was removed, with all that was in it.
 */
export type Whereabouts = 'online' | 'away' | 'gone'

export type WhereaboutsTools = {
  readonly layout: { readonly tree: Pick<Tree, 'get'>; readonly roots: Pick<Roots, 'isOnline' | 'isConfigured'> }
  readonly known: Pick<NodeQueries, 'byId'>
}

export function whereaboutsOf(tools: WhereaboutsTools, folderId: string): Whereabouts {
  const { root, top } = wayUp(tools, folderId)
  if (root !== null) return tools.layout.roots.isOnline(root) ? 'online' : 'away'
  return top === undefined ? 'gone' : 'away'
}

/**
 * Whether the row, or what is in it, is in a root that is away or may turn out to be: a root that was not attached since the
 * start, or whose top was not listed since it was attached, may be suddenly empty.
 */
export function isAway(tools: WhereaboutsTools, { nodeId, parentId, isDirectory }: KnownNode): boolean {
  const { roots } = tools.layout
  const { root, top } = wayUp(tools, isDirectory ? nodeId : parentId)
  if (root !== null) return !root.isListed || !roots.isOnline(root)
  // The nodes of a watch that left the config are removed soon.
  return top !== undefined && roots.isConfigured(top)
}

/** The root of a folder that was met since the start, otherwise the row of its topmost folder; neither if it is not known. */
function wayUp(
  tools: WhereaboutsTools,
  folderId: string,
): { readonly root: RootFolder | null; readonly top?: KnownNode | undefined } {
  for (let at = folderId; ; ) {
    const folder = tools.layout.tree.get(at)
    if (folder !== undefined) return { root: folder.root }
    const parentId = at === SUPER_ROOT_ID ? null : parentOf(tools, at)
    if (parentId == null) return { root: null, top: tools.known.byId(at) }
    at = parentId
  }
}

/**
 * The parent of a known folder: null for a root, undefined if the folder is not known. The tree does not have what moved
 * while nobody watched, nor what is in it, until that is met.
 */
export function parentOf({ layout, known }: WhereaboutsTools, folderId: string): string | null | undefined {
  const folder = layout.tree.get(folderId)
  if (folder !== undefined) return folder.parent?.nodeId ?? null
  const parentId = known.byId(folderId)?.parentId
  return parentId === SUPER_ROOT_ID ? null : parentId
}
