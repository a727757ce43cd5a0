/**
 * The way up from nodes to their root. Remembers every folder that it read, and counts what a read costs: a tree may have
 * thousands of levels, and a climb through them is several reads.
 */
import type { Place, Queries } from './queries.ts'

export type Ancestors = {
  /**
   * Reads the node's ancestors, as far as one read may. False if the rest, or everything that depends on it, belongs into
   * another read, which goes on where this one ended.
   */
  readonly climb: (place: Place) => boolean
  /** Undefined for a node that is not there. @param steps how far this climb has come */
  readonly placeOf: (nodeId: string, steps: number) => Place | undefined
  /** Every folder above a place, from the bottom up. */
  readonly foldersAbove: (place: Place) => Generator<string>
  /** The cost of this read, in folders that were read from the database. */
  readonly cost: () => number
  readonly beginRead: () => void
  /** Folders that are remembered. */
  readonly size: () => number
  /** What one read of the next state may cost, and the climbs that are still to reach their end. */
  readonly forNextState: () => Patience
}

/**
 * A climb that was cut in a read that did nothing else begins anew in the next state, and may cost twice as much there.
 * `unfinished`: where such climbs began, and for how many further states they are remembered: other reads may see the states
 * between two reads of one climb.
 */
export type Patience = { readonly costMax: number; readonly unfinished: ReadonlyMap<string, number> }

// Folders may be nested deeper than PATH_MAX (4,096 bytes) allows, but not by thousands of levels. In a damaged file there
// may be a cycle, and the climb has to end there too.
export const CLIMB_MAX = 65_536
/** Hardly any folder is deeper, and the nodes of a page share most of their ancestors. */
const STEPS_ONE_BY_ONE = 32
/** Folders that one read reads, about 5 ms if each is read by itself. */
const COST_MAX = 2_000
/** States without a read of an unfinished climb, after which it is forgotten: its client is gone. */
const STATES_MAX = 256
const UNFINISHED_MAX = 100
/** The cost of passing a folder that is remembered. */
const COST_OF_PASSING = 0.1

/**
 * The nodes of a page are mostly in the same few folders, so every folder is read once, not once for each node.
 *
 * @param costMax what one read may cost, in folders that are read
 */
export function createAncestors(queries: Pick<Queries, 'place' | 'ancestors'>, patience?: Patience): Ancestors {
  const { costMax, unfinished: before } = patience ?? { costMax: COST_MAX, unfinished: new Map<string, number>() }
  const unfinished = new Map(
    Array.from(before, ([id, states]): [string, number] => [id, states - 1]).filter(([, n]) => n > 0),
  )
  const cut = new Set<string>()
  let isFirst = true
  const known = new Map<string, Place | undefined>()
  /** Folders whose ancestors are all known. */
  const climbed = new Set<string>()
  let cost = 0

  function read(nodeId: string, steps: number): void {
    // For a deep folder, single reads take four times as long as one recursive query.
    const above = steps >= STEPS_ONE_BY_ONE ? queries.ancestors(nodeId) : []
    for (const { id, ...place } of above) known.set(id, place)
    if (above.length === 0) known.set(nodeId, queries.place(nodeId))
    cost += Math.max(1, above.length)
  }

  function placeOf(nodeId: string, steps: number): Place | undefined {
    cost += COST_OF_PASSING
    if (!known.has(nodeId)) read(nodeId, steps)
    return known.get(nodeId)
  }

  function climb(place: Place): boolean {
    const isDone = climbUp(place)
    if (place.parentId !== null) {
      if (isDone) unfinished.delete(place.parentId)
      else if (isFirst && (unfinished.has(place.parentId) || unfinished.size < UNFINISHED_MAX)) {
        unfinished.set(place.parentId, STATES_MAX)
        cut.add(place.parentId)
      }
      if (isDone) cut.delete(place.parentId)
    }
    isFirst = false
    return isDone
  }

  function climbUp({ parentId }: Place): boolean {
    const way: string[] = []
    for (let id = parentId; id !== null && !climbed.has(id) && way.length < CLIMB_MAX; ) {
      if (!known.has(id)) {
        if (cost >= costMax) return false
        read(id, way.length)
      }
      way.push(id)
      // Passing what an earlier read read costs nothing here: however deep the tree is, each read gets further.
      id = known.get(id)?.parentId ?? null
    }
    for (const folder of way) climbed.add(folder)
    return way.length === 0 || cost < costMax
  }

  function* foldersAbove(place: Place): Generator<string> {
    let above = place.parentId
    for (let steps = 0; above !== null && steps < CLIMB_MAX; steps += 1) {
      yield above
      above = placeOf(above, steps)?.parentId ?? null
    }
  }

  return {
    ...{ climb, placeOf, foldersAbove },
    cost: () => cost,
    beginRead: () => {
      cost = 0
      isFirst = true
    },
    size: () => known.size,
    forNextState: () => ({
      costMax: cut.size > 0 ? 2 * costMax : unfinished.size > 0 ? costMax : COST_MAX,
      unfinished,
    }),
  }
}
