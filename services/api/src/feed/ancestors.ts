/**
 * The way up from nodes to their root. Remembers every folder that it read, and counts what a read costs: a tree may have
 * thousands of levels, and a climb through them is several reads.
 */
import type { Place, Queries } from './queries.ts'

export type Ancestors = {
  /**
   * Reads the node's ancestors, as far as one read may. False if the rest, or everything that depends on the ancestors, is
   * left to another read, which goes on where this one ended.
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
 * What the reads of one state hand to those of the next, where every climb begins anew. `costMax`: what one read may cost, in
 * folders that are read; twice as much if a read of this state did nothing but begin a climb. `unfinished`: where such climbs
 * began, and for how many further states they are remembered: other reads may see the states between two reads of one climb.
 */
export type Patience = { readonly costMax: number; readonly unfinished: ReadonlyMap<string, number> }

// Folders may be nested deeper than PATH_MAX (4,096 bytes) allows, but not by thousands of levels. In a damaged file there
// may be a cycle, and the climb has to end there too.
export const CLIMB_MAX = 65_536
/** Hardly any folder is deeper, and the nodes of a page share most of their ancestors. */
const STEPS_ONE_BY_ONE = 32
/** Folders that one read reads, about 5 ms if each is read by itself. */
const COST_MAX = 2_000
const AT_FIRST: Patience = { costMax: COST_MAX, unfinished: new Map() }
/** An unfinished climb is forgotten after so many states in which no read went on with it: its client is gone. */
const STATES_MAX = 256
const UNFINISHED_MAX = 100
/** The cost of passing a folder that is remembered. */
const COST_OF_PASSING = 0.1

/**
 * The nodes of a page are mostly in the same few folders, so every folder is read once, not once for each node.
 *
 * @param patience what the reads of the state before left
 */
export function createAncestors(
  queries: Pick<Queries, 'place' | 'ancestors'>,
  { costMax, unfinished: before }: Patience = AT_FIRST,
): Ancestors {
  const unfinished = new Map<string, number>()
  for (const [folderId, states] of before) if (states > 1) unfinished.set(folderId, states - 1)
  /** Those of `unfinished` that a read of this state left. */
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

  function climb({ parentId }: Place): boolean {
    const wasFirst = isFirst
    isFirst = false
    if (parentId === null) return true
    const isDone = reachTop(parentId)
    if (isDone) {
      unfinished.delete(parentId)
      cut.delete(parentId)
    } else if (wasFirst && (unfinished.has(parentId) || unfinished.size < UNFINISHED_MAX)) {
      unfinished.set(parentId, STATES_MAX)
      cut.add(parentId)
    }
    return isDone
  }

  function reachTop(folderId: string): boolean {
    const way: string[] = []
    for (let id: string | null = folderId; id !== null && !climbed.has(id) && way.length < CLIMB_MAX; ) {
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
