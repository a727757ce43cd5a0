/** What a client asked to see of the log: which nodes, and with what. */
import { type Places, placesIn } from './places.ts'
import type { ChangeRow, Queries } from './queries.ts'

export type View = {
  /** Only this node and what is below it. */
  readonly under: string | null
  readonly type: 'file' | 'directory' | null
  /** Without files that wait for their hash. */
  readonly isSettled: boolean
  readonly hasPaths: boolean
}

/**
 * A change as the client sees it. `path` is there where it was asked for; of a removal then `name`, too, both null where
 * nobody knows any more.
 */
export type SeenChange = ChangeRow & { readonly path?: string | null; readonly name?: string | null }

/** Everything, as it is in the log. */
export const WHOLE: View = { under: null, type: null, isSettled: false, hasPaths: false }

/** From the query's parameters. */
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
 * Makes of one page's rows what the client sees of them. A row that is left out is left out for good, so each reason has
 * to hold for every client that passes it:
 *
 * - What is outside of the subtree is removed for a client that may know it from inside: it had heard of the node
 *   (`firstChangeId`), and the node is not where it was first seen (`movedChangeId`). The cursor does not tell whether
 *   the client has been told: a move that was followed by another change has only that one's row, which may be beyond a
 *   page that ended between the two. So it may be told twice, and removing what one does not have is nothing.
 * - What is of the other type is removed likewise for a client that may know its id from a life before (`formerKinds`):
 *   inode numbers are used again, and the removal between the two lives has no row any more.
 * - A pending file gets another row when its hash is known, or that it can't be.
 *
 * That also holds for an answer that is read while the writer goes on: what makes a row visible or not comes only with a
 * new row, beyond the answer's end, for the node itself and for all below it.
 *
 * @param places of this very read, which others may share
 */
export function createPageView(
  view: View,
  cursor: number,
  queries: Queries,
  places: Places = placesIn(queries),
): (row: ChangeRow) => SeenChange | null {
  const gone = (row: ChangeRow): SeenChange => {
    if (!view.hasPaths) return row
    // What only left the view is somewhere else now, and where it was is not kept.
    const { path = null, name = null } = row.isRemoved ? (queries.removal(row.changeId) ?? {}) : {}
    return { ...row, path, name }
  }
  return (row) => {
    const { node, nodeId } = row
    if (node === null) return gone(row)
    const mayBeKnown = row.firstChangeId <= cursor
    if (view.under !== null && !places.isUnder(nodeId, node, view.under)) {
      const isFromInside = (row.movedChangeId ?? 0) > row.firstChangeId
      return mayBeKnown && isFromInside ? { ...gone(row), isRemoved: true, node: null } : null
    }
    if (view.type !== null && node.isDirectory !== (view.type === 'directory')) {
      const wasWanted = ((row.formerKinds ?? 0) & KINDS[view.type]) !== 0
      return mayBeKnown && wasWanted ? { ...gone(row), isRemoved: true, node: null } : null
    }
    if (view.isSettled && row.isPending === 1) return null
    return view.hasPaths ? { ...row, path: places.pathOf(nodeId, node) } : row
  }
}

const KINDS = { file: 1, directory: 2 } as const
