/** Where a known folder is: by the tree where it was met since the start, otherwise as the database has it. */
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'
import type { RootFolder, Tree } from '../../model/folder-tree.ts'
import type { KnownNode } from '../../model/known-node.ts'
import type { NodeQueries } from '../../store/node-queries.ts'
import type { Roots } from './roots.ts'

/**
 * - `online`: the folder is in a root that is there, as far as is known. - `away`: its root is not there, or nobody has
 * met it since the start (I7). - `gone`: it was removed, and what was in it too.
 */
export type Whereabouts = 'online' | 'away' | 'gone'

export type WhereaboutsTools = {
  readonly tree: Pick<Tree, 'get'>
  readonly known: Pick<NodeQueries, 'byId'>
  readonly roots: Pick<Roots, 'isOnline'>
}

export function whereaboutsOf(tools: WhereaboutsTools, folderId: string): Whereabouts {
  const { root, top } = wayUp(tools, folderId)
  if (root !== null) return tools.roots.isOnline(root) ? 'online' : 'away'
  return top === undefined ? 'gone' : 'away'
}

/**
 * Whether the row, or what is in it, is in a root that is away, or may be found to be: one that was not attached since the
 * start, or whose top was not listed since it was, may be suddenly empty.
 */
export function isAway(
  tools: WhereaboutsTools & { readonly roots: Pick<Roots, 'isConfigured'> },
  { nodeId, parentId, isDirectory }: KnownNode,
): boolean {
  const { root, top } = wayUp(tools, isDirectory ? nodeId : parentId)
  if (root !== null) return !root.isListed || !tools.roots.isOnline(root)
  // What is no longer configured goes soon.
  return top !== undefined && tools.roots.isConfigured(top)
}

/** The root of a known folder if that was met since the start, and otherwise its topmost folder; neither if it is not known. */
function wayUp(
  tools: Omit<WhereaboutsTools, 'roots'>,
  folderId: string,
): { readonly root: RootFolder | null; readonly top?: KnownNode | undefined } {
  for (let at = folderId; ; ) {
    const folder = tools.tree.get(at)
    if (folder !== undefined) return { root: folder.root }
    const parentId = at === SUPER_ROOT_ID ? null : parentOf(tools, at)
    if (parentId == null) return { root: null, top: tools.known.byId(at) }
    at = parentId
  }
}

/**
 * The folder that a known folder is in: null above a root, undefined for one that is not known. What moved while nobody
 * watched has not been met in the tree yet, nor has what is in it.
 */
export function parentOf(
  { tree, known }: Omit<WhereaboutsTools, 'roots'>,
  folderId: string,
): string | null | undefined {
  const folder = tree.get(folderId)
  if (folder !== undefined) return folder.parent?.nodeId ?? null
  const parentId = known.byId(folderId)?.parentId
  return parentId === SUPER_ROOT_ID ? null : parentId
}
