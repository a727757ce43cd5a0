/** Which arrivals this plan carries out, and in which order. The others wait. */
import type { KnownNode } from '../../model/known-node.ts'
import { idOfNew } from './identity.ts'
import { type Arrival, isFeasible, type Knowledge } from './plan.ts'

type Waiting = {
  /** Ids of rows that this plan removes. */
  readonly removed: Set<string>
  readonly dead: ReadonlyMap<string, KnownNode>
  readonly knowledge: Knowledge
}

/**
 * Lets every arrival wait that can't be carried out, then those that depend on one of them, and so on. An arrival waits if
 *
 * - a row that does not leave is at its place;
 * - a folder above it is removed: the arrival was seen before the folder was seen to be gone;
 * - it would be below itself: the sights are not of one moment;
 * - its folder is neither known nor made by this plan, or is made after removals that would take the moving row along;
 * - it gets the id of a dead row that is not removed yet.
 *
 * A folder is not removed while something in it was found elsewhere and can't move there yet. Such a folder leaves
 * `removed`, unless it has waited too long.
 */
export function makeWait(arrivals: readonly Arrival[], { removed, dead, knowledge }: Waiting): void {
  for (let changed = true; changed; ) {
    changed = false
    const feasible = arrivals.filter(isFeasible)
    const wayOf = createWays(treeAfter(feasible, dead, knowledge), removed, dead)
    const leaving = new Set(removed)
    for (const { row } of feasible) if (row !== null) leaving.add(row.nodeId)
    for (const arrival of feasible) {
      const { known } = arrival.observation
      const way = known === undefined || leaving.has(known.nodeId) ? wayOf(arrival) : 'blocked'
      if (way === 'free') continue
      arrival.waits = way === 'circle' ? 'unsure' : 'unfree'
      if (arrival.row !== null && !removed.has(arrival.row.nodeId)) leaving.delete(arrival.row.nodeId)
      changed = true
    }
    for (const { waits, row } of arrivals)
      if (waits !== null && row !== null && spareAbove(row, removed, knowledge)) changed = true
  }
}

/** Takes the folders above the row from those to be removed. Whether there were any. */
function spareAbove(row: KnownNode, removed: Set<string>, { parentOf, ends }: Knowledge): boolean {
  let isSpared = false
  for (let at: string | null | undefined = row.parentId; at != null; at = parentOf(at)) {
    if (!ends.mustRemove.has(at) && removed.delete(at)) isSpared = true
  }
  return isSpared
}

/** The tree of folders after the plan: folders that it moves or makes are at their new places, the others where they are. */
export type TreeAfter = {
  /** Ids of the folders that the plan makes. */
  readonly made: ReadonlySet<string>
  readonly parentOf: (folderId: string) => string | null | undefined
  /** Whether a folder of the plan may be above something else in it, so that the order matters. */
  readonly isDeep: boolean
}

export function treeAfter(
  feasible: readonly Arrival[],
  dead: ReadonlyMap<string, KnownNode>,
  knowledge: Pick<Knowledge, 'parentOf' | 'isIdTaken'>,
): TreeAfter {
  const placed = new Map<string, string>()
  const made = new Set<string>()
  let isDeep = false
  for (const arrival of feasible) {
    const { sight, row, observation } = arrival
    if (sight.kind !== 'folder') continue
    const nodeId = row?.nodeId ?? idOfNew(arrival, dead, knowledge)
    placed.set(nodeId, observation.parentId)
    if (row === null) made.add(nodeId)
    else isDeep = true
  }
  isDeep ||= feasible.some(({ observation }) => made.has(observation.parentId))
  return { made, isDeep, parentOf: (folderId) => placed.get(folderId) ?? knowledge.parentOf(folderId) }
}

/** - `circle`: the way up leads through the arrival itself. - `blocked`: a folder on the way will not be there. */
type Way = 'free' | 'circle' | 'blocked'

/** Prepares to tell whether the way from an arrival's place up to its root will be there. */
function createWays(
  tree: TreeAfter,
  removed: ReadonlySet<string>,
  dead: ReadonlyMap<string, KnownNode>,
): (arrival: Arrival) => Way {
  const climb = (from: string, own: string | undefined, isMove: boolean): Way => {
    let at: string | null | undefined = from
    let isKnown = isMove
    // A way may lead into a circle that the arrival is not in. A folder on it is met again after twice as many steps, at the
    // latest; a tree of any depth is climbed to its top.
    let mark = from
    for (let [steps, nextMark] = [1, 2]; at !== null; steps += 1) {
      if (at === undefined || (at === mark && steps > 1)) return 'blocked'
      if (at === own) return 'circle'
      if (steps === nextMark) {
        mark = at
        nextMark *= 2
      }
      const isMade = tree.made.has(at)
      // A folder that gets a dead row's id is made after that row is removed, along with all that is known below it.
      if (isMade ? isKnown && dead.has(at) : removed.has(at)) return 'blocked'
      isKnown ||= !isMade
      at = tree.parentOf(at)
    }
    return 'free'
  }
  // A first scan asks for every new file, and all files of a folder have the same way.
  const ofNew = new Map<string, Way>()
  return ({ observation, row, rows, sight }) => {
    const { parentId } = observation
    if (row === null && rows.some(({ nodeId }) => dead.has(nodeId) && !removed.has(nodeId))) return 'blocked'
    if (row !== null) return climb(parentId, sight.kind === 'folder' ? row.nodeId : undefined, true)
    const known = ofNew.get(parentId) ?? climb(parentId, undefined, false)
    ofNew.set(parentId, known)
    return known
  }
}

/** Sorts arrivals by their depth in the tree after the plan, if the order matters. */
export function fromTheTop(feasible: readonly Arrival[], tree: TreeAfter): readonly Arrival[] {
  if (!tree.isDeep) return feasible
  const depthOf = ({ observation }: Arrival) => {
    let depth = 0
    for (let at = tree.parentOf(observation.parentId); at != null; at = tree.parentOf(at)) depth += 1
    return depth
  }
  const depths = new Map(feasible.map((arrival) => [arrival, depthOf(arrival)]))
  return feasible.toSorted((a, b) => (depths.get(a) ?? 0) - (depths.get(b) ?? 0))
}

/** Gives the ids of new folders that something moves into, at any depth. */
export function foldersNeeded(feasible: readonly Arrival[], tree: TreeAfter): ReadonlySet<string> {
  const needed = new Set<string>()
  if (!tree.isDeep) return needed
  for (const { row, observation } of feasible) {
    if (row === null) continue
    for (let at: string | null | undefined = observation.parentId; at != null; at = tree.parentOf(at)) {
      if (tree.made.has(at)) needed.add(at)
    }
  }
  return needed
}
