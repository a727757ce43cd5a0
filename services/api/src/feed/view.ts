/** The view of a client: which nodes it asked for, and with which keys. */

import type { ChangeRow, PlainChange } from './change-row.ts'
import { type Places, placesIn } from './places.ts'
import type { Queries } from './queries.ts'

export type View = {
  /** Only this node and the nodes below it. */
  readonly under: string | null
  readonly type: 'file' | 'directory' | null
  /** Leaves out files that wait for their hash. */
  readonly isSettled: boolean
  readonly hasPaths: boolean
}

/**
 * A change as the client sees it. `path` is present if the client asked for it; for a removal, `name` too. Both are null if
 * the place of the removed node was forgotten.
 */
export type SeenChange = PlainChange & { readonly path?: string | null; readonly name?: string | null }

/** Every node, without paths. */
export const WHOLE: View = { under: null, type: null, isSettled: false, hasPaths: false }

/** @param asked the parameters of the request */
export function viewOf(asked: {
  readonly include: 'path' | undefined
  readonly under: string | undefined
  readonly type: 'file' | 'directory' | undefined
  readonly settled: boolean | undefined
}): View {
  return {
    under: asked.under ?? null,
    type: asked.type ?? null,
    isSettled: asked.settled ?? false,
    hasPaths: asked.include === 'path',
  }
}

export function isFiltered({ under, type, isSettled }: View): boolean {
  return under !== null || type !== null || isSettled
}

/**
 * Turns the rows of one page into the changes that the client sees. A row that is left out never comes again, so the reason
 * must hold for every client that passes it:
 *
 * - A node outside the subtree is listed as removed if the client may have it from inside: the client may have received the
 *   node (`firstChangeId`), and the node has moved since it first appeared (`movedChangeId`). The cursor does not show
 *   whether the client received the move: if the node changed again, it has only the row of that change, which may be beyond
 *   a page that ended between the two. So a client may receive a removal twice, or for a node that it never had.
 * - A node of the other type is listed as removed if the client may have its id from an earlier node (`formerKinds`): inode
 *   numbers are reused, and the removal between the two has no row any more.
 * - A file that waits for its hash gets another row with the hash or with the error.
 *
 * This also holds for an answer that is read while the indexer writes: whatever makes a row visible or invisible comes with
 * a new row beyond the answer's end, for the node and for every node below it.
 *
 * @param places of this read; other reads of the same state may share them
 */
export function createPageView(
  view: View,
  cursor: number,
  queries: Queries,
  places: Places = placesIn(queries),
): (row: ChangeRow) => SeenChange | null {
  const gone = (row: ChangeRow): SeenChange => {
    if (!view.hasPaths) return row
    // A node that only left the view has another place now, and its former place is not stored.
    const { path = null, name = null } = row.isRemoved ? (queries.removal(row.changeId) ?? {}) : {}
    return { ...row, path, name }
  }
  return (row) => {
    const { node, nodeId } = row
    if (node === null) return gone(row)
    const mayBeKnown = row.firstChangeId <= cursor
    if (view.under !== null && !places.isUnder(nodeId, node, view.under)) {
      const isFromInside = (row.movedChangeId ?? 0) > row.firstChangeId
      return mayBeKnown && isFromInside ? { ...gone(row), isRemoved: true, shown: null } : null
    }
    if (view.type !== null && node.isDirectory !== (view.type === 'directory')) {
      const wasWanted = ((row.formerKinds ?? 0) & KINDS[view.type]) !== 0
      return mayBeKnown && wasWanted ? { ...gone(row), isRemoved: true, shown: null } : null
    }
    if (view.isSettled && row.isPending === 1) return null
    return view.hasPaths ? { ...row, path: places.pathOf(nodeId, node) } : row
  }
}

const KINDS = { file: 1, directory: 2 } as const
