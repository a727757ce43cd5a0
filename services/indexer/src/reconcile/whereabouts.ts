/** Whether a known folder is in a root that is there. */
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'
import type { KnownNodes } from '../store/known.ts'
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

export function whereaboutsOf({ tree, known, scans }: WhereaboutsTools, folderId: string): Whereabouts {
  for (let at = folderId; at !== SUPER_ROOT_ID; ) {
    const folder = tree.get(at)
    if (folder !== undefined) return scans.isOnline(folder.root) ? 'online' : 'away'
    const row = known.byId(at)
    if (row === undefined) return 'gone'
    at = row.parentId
  }
  return 'away'
}
