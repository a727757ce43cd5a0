/** Which row a sight is: the one that moved to its place, if one did. */
import type { Known } from '../../model/known-node.ts'
import { hasOneName, isPresent, isSameThing, type PresentSight, placeKey, type Seen } from '../../model/seen.ts'
import { keepsId, likeliestFirst } from './identity.ts'
import type { Claim, Knowledge, Plan, Vacancy } from './plan.ts'

/** Rows whose own place must be looked at before `decide` can tell what became of them. */
export function rowsToLookAt(seens: readonly Seen[], rowsOf: Knowledge['rowsOf']): Known[] {
  const seenPlaces = new Set(seens.map(placeKey))
  const rows = new Map<string, Known>()
  for (const { sight, known } of seens) {
    if (!isPresent(sight) || (known !== undefined && isSameThing(known, sight))) continue
    for (const row of rowsOf(sight.facts)) if (!seenPlaces.has(placeKey(row))) rows.set(row.nodeId, row)
  }
  return [...rows.values()]
}

/**
 * Where numbers do not last, the kernel may forget a file's and give it another one while it is mounted. What is at the
 * place of a row whose thing was nowhere to be found is the row's then, if it is nothing else that is known.
 */
export function isRenumbered(row: Known, sight: PresentSight, { mayRemove, numbersLast, rowsOf }: Knowledge): boolean {
  if (!mayRemove.has(row.nodeId) || row.device !== sight.facts.device || numbersLast(row.device)) return false
  return row.isDirectory === (sight.kind === 'folder') && rowsOf(sight.facts).length === 0
}

export type Matching = {
  readonly loose: Map<string, Known>
  readonly settled: Set<string>
  readonly dead: Map<string, Known>
  /** Device and inode of each folder that was seen where it is not known. */
  readonly claimedFolders: Set<string>
  readonly knowledge: Knowledge
  readonly plan: Plan
}

/** Finds the row that moved to the claim's place, if one did. */
export function matchRow(claim: Claim, matching: Matching): void {
  const { settled, dead, knowledge } = matching
  const { sight } = claim
  if (sight.kind === 'folder' && isMountedTwice(claim, matching)) {
    claim.waits = 'twin'
    return
  }
  let isUnsure = false
  for (const row of likeliestFirst(claim.rows, sight.facts)) {
    if (settled.has(row.nodeId)) {
      // It moved while it was looked at, or its number went to another file: another look shows which sight is the older.
      isUnsure ||= hasOneName(sight)
      continue
    }
    if (dead.has(row.nodeId) || keepsId(row, sight, knowledge.isAway)) continue
    if (!isSameThing(row, sight)) {
      // Some network filesystems give one number to two things.
      if (!matching.loose.has(row.nodeId) && ['holds', 'unreadable'].includes(knowledge.vacancyOf(row))) continue
      // The inode number lives again as something else, so what the row was about is gone for good. Not so what was in a
      // folder, which may have moved out of it before: it gets the time to turn up.
      if (isEmptyOrDue(row, knowledge)) dead.set(row.nodeId, row)
      else waitForDead(claim, row, matching)
      continue
    }
    if (claim.row !== null) continue
    const vacancy = vacancyFor(row, claim, matching)
    if (vacancy === 'holds' && sight.kind === 'folder') {
      // The same folder is mounted at two places; it is listed at the first.
      claim.waits = 'twin'
      return
    }
    if (vacancy === 'unknown') isUnsure = true
    if (vacancy !== 'vacant') continue
    claim.row = row
    settled.add(row.nodeId)
  }
  if (isUnsure && claim.row === null) claim.waits = 'unsure'
}

function isEmptyOrDue(row: Known, { mayRemove, hasChildren }: Knowledge): boolean {
  return !row.isDirectory || mayRemove.has(row.nodeId) || !hasChildren(row.nodeId)
}

/** The claim has the id of a folder that is not removed yet. */
function waitForDead(claim: Claim, row: Known, { loose, plan }: Matching): void {
  // The row may also go with a folder above it, so it is not only looked at again when the row is.
  claim.waits = 'unsure'
  const { parentId, name } = claim.seen
  plan.toLimbo.push({ row, blocks: true, heir: { parentId, name } })
  loose.delete(row.nodeId)
}

/**
 * Whether the same folder was seen at another place of this batch already. A folder has no second name; listed twice,
 * its files would seem to move to and fro, and its one watch would tell of one of the places only.
 */
function isMountedTwice({ sight, rows }: Claim, { settled, claimedFolders }: Matching): boolean {
  const key = `${sight.facts.device}:${sight.facts.inode}`
  if (claimedFolders.has(key)) return true
  claimedFolders.add(key)
  return rows.some((row) => settled.has(row.nodeId) && isSameThing(row, sight))
}

function vacancyFor(row: Known, { sight }: Claim, { loose, settled, knowledge }: Matching): Vacancy {
  if (loose.has(row.nodeId)) return 'vacant'
  const vacancy = knowledge.vacancyOf(row)
  // It is nowhere else, unless it was seen there: a file may be mounted at another name, and some filesystems do not count.
  if (hasOneName(sight)) return vacancy === 'holds' ? 'holds' : 'vacant'
  return vacancy === 'unknown' && isInGoneFolder(row, loose, settled, knowledge) ? 'vacant' : vacancy
}

/** Whether a folder above the row has been looked for long enough: what is not found of it by now goes with it. */
function isInGoneFolder(
  row: Known,
  loose: ReadonlyMap<string, Known>,
  settled: ReadonlySet<string>,
  { mayRemove, parentOf }: Knowledge,
): boolean {
  for (let at: string | null | undefined = row.parentId; at != null; at = parentOf(at)) {
    if (mayRemove.has(at) && loose.has(at) && !settled.has(at)) return true
  }
  return false
}
