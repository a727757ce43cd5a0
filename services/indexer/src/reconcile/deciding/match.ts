/** Matches arrivals with rows: which row moved to an arrival's place, if one did. */
import type { KnownNode } from '../../model/known-node.ts'
import {
  hasOneName,
  isPresent,
  isSameThing,
  type Observation,
  type PresentSight,
  placeKey,
} from '../../model/observation.ts'
import { keepsId, likeliestFirst } from './identity.ts'
import type { Arrival, Knowledge, Plan, Presence } from './plan.ts'

/** Gives the rows whose own places must be looked at first: something with their inode number was seen elsewhere. */
export function rowsToLookAt(observations: readonly Observation[], rowsOf: Knowledge['rowsOf']): KnownNode[] {
  const seenPlaces = new Set(observations.map(placeKey))
  const rows = new Map<string, KnownNode>()
  for (const { sight, known } of observations) {
    if (!isPresent(sight) || (known !== undefined && isSameThing(known, sight))) continue
    for (const row of rowsOf(sight.facts)) if (!seenPlaces.has(placeKey(row))) rows.set(row.nodeId, row)
  }
  return [...rows.values()]
}

/**
 * Whether the sight at the row's place is the row's own thing under a new inode number. If numbers do not last, the kernel
 * may forget a file's number and give it another while it is mounted. The row counts as the same if it was looked for in
 * vain and no other row has the new number.
 */
export function isRenumbered(row: KnownNode, sight: PresentSight, { ends, numbersLast, rowsOf }: Knowledge): boolean {
  if (!ends.mayRemove.has(row.nodeId) || row.device !== sight.facts.device || numbersLast(row.device)) return false
  return row.isDirectory === (sight.kind === 'folder') && rowsOf(sight.facts).length === 0
}

/** What matching reads and adds to, by node id. */
export type Matching = {
  readonly departures: Map<string, KnownNode>
  /** Rows that are found: at their own place or at an arrival's. */
  readonly settled: Set<string>
  /** Rows whose inode number something else has by now, so what they are about is gone for good. */
  readonly dead: Map<string, KnownNode>
  /** Device and inode of each folder among the arrivals so far. */
  readonly arrivedFolders: Set<string>
  readonly knowledge: Knowledge
  readonly plan: Plan
}

/** Finds the row that moved to the arrival's place, if one did, and the rows that are dead since the arrival is there. */
export function matchRow(arrival: Arrival, matching: Matching): void {
  const { settled, dead, knowledge } = matching
  const { sight } = arrival
  if (sight.kind === 'folder' && isMountedTwice(arrival, matching)) {
    arrival.waits = 'twin'
    return
  }
  let isUnsure = false
  for (const row of likeliestFirst(arrival.rows, sight.facts)) {
    if (settled.has(row.nodeId)) {
      // The file moved between the looks, or its number went to another file. Another look tells which sight is the older.
      isUnsure ||= hasOneName(sight)
      continue
    }
    if (dead.has(row.nodeId) || keepsId(row, sight, knowledge.isAway)) continue
    if (!isSameThing(row, sight)) {
      // Some network filesystems give two things one number.
      if (!matching.departures.has(row.nodeId) && ['present', 'unreadable'].includes(knowledge.presenceOf(row)))
        continue
      // The inode number is used again, so what the row is about is gone for good. What was in a folder may have moved out
      // before, and gets time to turn up.
      if (isEmptyOrDue(row, knowledge)) dead.set(row.nodeId, row)
      else waitForDead(arrival, row, matching)
      continue
    }
    if (arrival.row !== null) continue
    const presence = presenceFor(row, arrival, matching)
    if (presence === 'present' && sight.kind === 'folder') {
      // The folder is mounted at two places, and is listed at the first.
      arrival.waits = 'twin'
      return
    }
    if (presence === 'unknown') isUnsure = true
    if (presence !== 'absent') continue
    arrival.row = row
    settled.add(row.nodeId)
  }
  if (isUnsure && arrival.row === null) arrival.waits = 'unsure'
}

/** Whether nothing that is still looked for would be removed with the row. */
function isEmptyOrDue(row: KnownNode, { ends, hasChildren }: Knowledge): boolean {
  return !row.isDirectory || ends.mayRemove.has(row.nodeId) || !hasChildren(row.nodeId)
}

/** Lets an arrival wait for its id, which a folder has that is not removed yet. */
function waitForDead(arrival: Arrival, row: KnownNode, { departures, plan }: Matching): void {
  // `unsure` has the place looked at again in any case: the row may go with a folder above it, without being looked at.
  arrival.waits = 'unsure'
  const { parentId, name } = arrival.observation
  plan.toLimbo.push({ row, blocks: true, heir: { parentId, name } })
  departures.delete(row.nodeId)
}

/**
 * Whether the folder was already seen at another place of this batch. A folder has no second name. If it were listed twice,
 * its files would seem to move to and fro, and its one watch would report changes of one place only.
 */
function isMountedTwice({ sight, rows }: Arrival, { settled, arrivedFolders }: Matching): boolean {
  const key = `${sight.facts.device}:${sight.facts.inode}`
  if (arrivedFolders.has(key)) return true
  arrivedFolders.add(key)
  return rows.some((row) => settled.has(row.nodeId) && isSameThing(row, sight))
}

/** What is known of a row's own place, with what was seen in this batch. */
function presenceFor(row: KnownNode, { sight }: Arrival, { departures, settled, knowledge }: Matching): Presence {
  if (departures.has(row.nodeId)) return 'absent'
  const presence = knowledge.presenceOf(row)
  // A file with one name is at the arrival's place alone, unless it was seen at its own place too: a file may be mounted at
  // another name, and some filesystems do not count links.
  if (hasOneName(sight)) return presence === 'present' ? 'present' : 'absent'
  return presence === 'unknown' && isInGoneFolder(row, departures, settled, knowledge) ? 'absent' : presence
}

/** Whether a folder above the row is about to be removed: what has not been found by now goes with it. */
function isInGoneFolder(
  row: KnownNode,
  departures: ReadonlyMap<string, KnownNode>,
  settled: ReadonlySet<string>,
  { ends, parentOf }: Knowledge,
): boolean {
  for (let at: string | null | undefined = row.parentId; at != null; at = parentOf(at)) {
    if (ends.mayRemove.has(at) && departures.has(at) && !settled.has(at)) return true
  }
  return false
}
