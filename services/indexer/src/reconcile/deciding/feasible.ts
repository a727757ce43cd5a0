/** Which claims can be carried out in this plan, and in which order: the others wait. */
import type { Known } from '../../model/known-node.ts'
import { idOfNew } from './identity.ts'
import { type Claim, isGoing, type Knowledge } from './plan.ts'

type Waiting = {
  readonly removed: Set<string>
  readonly dead: ReadonlyMap<string, Known>
  readonly knowledge: Knowledge
}

/**
 * Lets every claim wait that can't be carried out, then those that counted on one of them, and so on:
 *
 * - its place is still a row's that is not leaving;
 * - it is below a folder on its way out: it was seen there before the folder was seen to be gone;
 * - it would be below itself: the sights were not of one moment;
 * - its folder is neither known nor made here, or is made only after removals that would take the moving row with them;
 * - it would have the id of a dead row that is not removed yet.
 *
 * A folder is not removed while something in it was found elsewhere and can't move there yet: it is taken from `removed`,
 * unless it has waited too long.
 */
export function makeWait(claims: readonly Claim[], { removed, dead, knowledge }: Waiting): void {
  for (let changed = true; changed; ) {
    changed = false
    const going = claims.filter(isGoing)
    const wayOf = createWays(treeAfter(going, dead, knowledge), removed, dead)
    const leaving = new Set(removed)
    for (const { row } of going) if (row !== null) leaving.add(row.nodeId)
    for (const claim of going) {
      const { known } = claim.seen
      const way = known === undefined || leaving.has(known.nodeId) ? wayOf(claim) : 'blocked'
      if (way === 'free') continue
      claim.waits = way === 'circle' ? 'unsure' : 'unfree'
      if (claim.row !== null && !removed.has(claim.row.nodeId)) leaving.delete(claim.row.nodeId)
      changed = true
    }
    for (const { waits, row } of claims)
      if (waits !== null && row !== null && spareAbove(row, removed, knowledge)) changed = true
  }
}

/** Whether a folder above the row was to be removed. */
function spareAbove(row: Known, removed: Set<string>, { parentOf, mustRemove }: Knowledge): boolean {
  let isSpared = false
  for (let at: string | null | undefined = row.parentId; at != null; at = parentOf(at)) {
    if (!mustRemove.has(at) && removed.delete(at)) isSpared = true
  }
  return isSpared
}

/** Where folders will be: those of the plan by their new places, the others where they are. */
export type TreeAfter = {
  readonly made: ReadonlySet<string>
  readonly parentOf: (folderId: string) => string | null | undefined
  /** Whether a folder of the plan is above anything else in it. */
  readonly isDeep: boolean
}

export function treeAfter(
  going: readonly Claim[],
  dead: ReadonlyMap<string, Known>,
  knowledge: Pick<Knowledge, 'parentOf' | 'isIdTaken'>,
): TreeAfter {
  const placed = new Map<string, string>()
  const made = new Set<string>()
  let isDeep = false
  for (const claim of going) {
    const { sight, row, seen } = claim
    if (sight.kind !== 'folder') continue
    const nodeId = row?.nodeId ?? idOfNew(claim, dead, knowledge)
    placed.set(nodeId, seen.parentId)
    if (row === null) made.add(nodeId)
    else isDeep = true
  }
  isDeep ||= going.some(({ seen }) => made.has(seen.parentId))
  return { made, isDeep, parentOf: (folderId) => placed.get(folderId) ?? knowledge.parentOf(folderId) }
}

type Way = 'free' | 'circle' | 'blocked'

/** Deeper than any tree; only what would be below itself has no end. */
const CLIMB_MAX = 10_000

/** Whether the way from a claim's place up to its root will be there, and does not lead through the claim itself. */
function createWays(
  tree: TreeAfter,
  removed: ReadonlySet<string>,
  dead: ReadonlyMap<string, Known>,
): (claim: Claim) => Way {
  const climb = (from: string, own: string | undefined, isMove: boolean): Way => {
    let at: string | null | undefined = from
    let isKnown = isMove
    for (let steps = 0; at !== null; steps += 1) {
      if (at === undefined || steps > CLIMB_MAX) return 'blocked'
      if (at === own) return 'circle'
      const isMade = tree.made.has(at)
      // What has the id of a dead row is made only after that one is removed, and all that is known below it.
      if (isMade ? isKnown && dead.has(at) : removed.has(at)) return 'blocked'
      isKnown ||= !isMade
      at = tree.parentOf(at)
    }
    return 'free'
  }
  // A first scan asks for every file there is, folder by folder.
  const ofNew = new Map<string, Way>()
  return ({ seen, row, rows, sight }) => {
    const { parentId } = seen
    if (row === null && rows.some(({ nodeId }) => dead.has(nodeId) && !removed.has(nodeId))) return 'blocked'
    if (row !== null) return climb(parentId, sight.kind === 'folder' ? row.nodeId : undefined, true)
    const known = ofNew.get(parentId) ?? climb(parentId, undefined, false)
    ofNew.set(parentId, known)
    return known
  }
}

/** In the order of their depth in the tree as it will be, where that makes a difference. */
export function fromTheTop(going: readonly Claim[], tree: TreeAfter): readonly Claim[] {
  if (!tree.isDeep) return going
  const depthOf = ({ seen }: Claim) => {
    let depth = 0
    for (let at = tree.parentOf(seen.parentId); at != null; at = tree.parentOf(at)) depth += 1
    return depth
  }
  const depths = new Map(going.map((claim) => [claim, depthOf(claim)]))
  return going.toSorted((a, b) => (depths.get(a) ?? 0) - (depths.get(b) ?? 0))
}

/** New folders that something moves into, however deep. */
export function foldersNeeded(going: readonly Claim[], tree: TreeAfter): ReadonlySet<string> {
  const needed = new Set<string>()
  if (!tree.isDeep) return needed
  for (const { row, seen } of going) {
    if (row === null) continue
    for (let at: string | null | undefined = seen.parentId; at != null; at = tree.parentOf(at)) {
      if (tree.made.has(at)) needed.add(at)
    }
  }
  return needed
}
