/**
 * From what was seen at some places to what has to be written: the heart of the program, and pure.
 *
 * A row is *loose* when its place no longer holds it; a sight is a *claim* when its place's row, if any, is not about it.
 * A loose row and a claim of the same inode are a move. A claim left over is a new node; a loose row left over goes to
 * limbo and, when it does not turn up in time, is removed.
 *
 * A claim on a place whose row has not left yet must wait (I11: one place, one node): the row goes to limbo too, and the
 * place is looked at again when that is settled. In a swap of two names each row leaves for the other's place, nobody
 * waits, and both moves are one transaction.
 *
 * What is decided together is judged by the tree as it will be, and carried out from its top: a folder may move into one
 * that is made, or moves, in the same plan.
 */

import type { Awaiting, Decision, Facts } from '../../model/decision.ts'
import type { Known } from '../../model/known-node.ts'
import {
  hasOneName,
  isPresent,
  isReborn,
  isRewritten,
  isSameThing,
  type Place,
  type PresentSight,
  placeKey,
  type Seen,
} from '../../model/seen.ts'
import { keepsId, likeliestFirst, newNodeId } from './identity.ts'

/**
 * - `holds`: its place still holds it. - `vacant`: it is somewhere else, or nowhere. - `unreadable`: its place can't be
 * read, so that it stays there as far as is known. - `unknown`: can't be told now.
 */
export type Vacancy = 'holds' | 'vacant' | 'unreadable' | 'unknown'

export type Knowledge = {
  /** All names of an inode. */
  readonly rowsOf: (facts: Facts) => readonly Known[]
  /** What is known of a row's own place, where that place is not among those just seen. */
  readonly vacancyOf: (row: Known) => Vacancy
  /** Rows whose time in limbo is over. */
  readonly mayRemove: ReadonlySet<string>
  /** Those of them that have waited so long that they go even if they were found where they can't be placed. */
  readonly mustRemove: ReadonlySet<string>
  /** The folder that a known folder is in now: null above a root, undefined for one that is not known. */
  readonly parentOf: (folderId: string) => string | null | undefined
  /** Whether the row's root is not there, or may be found to be empty, so that nothing it holds may be removed (I7). */
  readonly isAway: (row: Known) => boolean
  /** Whether inode numbers on the device outlast a mount, and the kernel's memory of a file. */
  readonly numbersLast: (device: string) => boolean
  /** Whether what has a row's number at another place has its bytes too, as far as can be told without reading. */
  readonly carriesHash: (row: Known) => boolean
  /** Whether an id is a node's that may have another inode number by now. */
  readonly isIdTaken: (device: string, nodeId: string) => boolean
  /** Whether anything known is in the folder. */
  readonly hasChildren: (folderId: string) => boolean
  readonly awaiting: (seen: Seen, facts: Facts) => Awaiting
}

export type Plan = {
  readonly decisions: Decision[]
  /**
   * Rows that are not where they were. `blocks`: something else already is, or, at the place `heir`, something that gets
   * the row's id, its inode number being used again.
   */
  readonly toLimbo: { readonly row: Known; readonly blocks: boolean; readonly heir: Place | null }[]
  /** Rows that were found, whether they were in limbo or not. */
  readonly found: string[]
  /** Places to look at again soon: they could not be settled. */
  readonly again: Seen[]
  /** Places to look at now, because of what was found elsewhere; `linked` ones hold other names of a changed inode. */
  readonly lookAt: { readonly place: Place; readonly cause: 'touched' | 'linked' }[]
  /** Places of folders that are listed elsewhere, which nothing tells of when they are not any more. */
  readonly twins: Place[]
  /** Folders that are others than before under the same id. */
  readonly reborn: string[]
  /** Folders that are in the listing and in the database alike. */
  readonly present: { readonly nodeId: string; readonly place: Place; readonly facts: Facts }[]
}

/**
 * Why a claim is not carried out now. - `unfree`: its place, its folder or its id is not free. - `unsure`: it can't be
 * told yet what it is. - `twin`: the same folder is listed elsewhere.
 */
type Wait = 'unfree' | 'unsure' | 'twin'

type Claim = {
  readonly seen: Seen
  readonly sight: PresentSight
  readonly rows: readonly Known[]
  row: Known | null
  waits: Wait | null
}

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

export function decide(seens: readonly Seen[], knowledge: Knowledge): Plan {
  const plan: Plan = {
    decisions: [],
    toLimbo: [],
    found: [],
    again: [],
    lookAt: [],
    twins: [],
    reborn: [],
    present: [],
  }
  const loose = new Map<string, Known>()
  const claims: Claim[] = []
  const settled = new Set<string>()
  for (const seen of seens) {
    const { sight, known } = seen
    if (sight.kind === 'unreadable') continue
    if (known !== undefined && isPresent(sight) && isSameThing(known, sight)) {
      settled.add(known.nodeId)
      stay(seen, known, sight, knowledge, plan)
      continue
    }
    if (known !== undefined && isPresent(sight) && isRenumbered(known, sight, knowledge)) {
      settled.add(known.nodeId)
      takeNumber(seen, known, sight, knowledge, plan)
      continue
    }
    lookAtOthers(seen, knowledge, plan)
    if (known !== undefined) loose.set(known.nodeId, known)
    if (isPresent(sight)) claims.push({ seen, sight, rows: knowledge.rowsOf(sight.facts), row: null, waits: null })
  }
  const dead = new Map<string, Known>()
  const matching: Matching = { loose, settled, dead, claimedFolders: new Set(), knowledge, plan }
  // Folders first: whether a hard link may still be in one depends on that one.
  for (const claim of claims) if (claim.sight.kind === 'folder') matchRow(claim, matching)
  for (const claim of claims) if (claim.sight.kind === 'file') matchRow(claim, matching)
  const found = new Set(claims.map((claim) => claim.row?.nodeId))
  const { mayRemove, mustRemove } = knowledge
  const due = [...loose.keys()].filter((id) => mayRemove.has(id) && (!found.has(id) || mustRemove.has(id)))
  const removed = new Set([...dead.keys(), ...due])
  makeWait(claims, { removed, dead, knowledge })
  for (const [nodeId, row] of dead) if (!removed.has(nodeId)) loose.set(nodeId, row)
  carryOut(claims, { loose, dead, knowledge, plan }, removed)
  return plan
}

/** The thing is where it was; its bytes may be others. */
function stay(seen: Seen, row: Known, sight: PresentSight, knowledge: Knowledge, plan: Plan): void {
  const { nodeId } = row
  plan.found.push(nodeId)
  if (sight.kind === 'folder') {
    plan.present.push({ nodeId, place: seen, facts: sight.facts })
    // Its times stay: clients see them, and nothing tells them of new ones.
    const facts = { ...sight.facts, mtime: row.mtime, ctime: row.ctime }
    if (row.device === '') plan.decisions.push({ kind: 'adopt', nodeId, facts })
    else adoptReborn(row, facts, plan)
    return
  }
  rewriteIfNeeded(seen, row, sight, knowledge, plan)
}

/**
 * Where numbers do not last, the kernel may forget a file's and give it another one while it is mounted. What is at the
 * place of a row whose thing was nowhere to be found is the row's then, if it is nothing else that is known.
 */
function isRenumbered(row: Known, sight: PresentSight, { mayRemove, numbersLast, rowsOf }: Knowledge): boolean {
  if (!mayRemove.has(row.nodeId) || row.device !== sight.facts.device || numbersLast(row.device)) return false
  return row.isDirectory === (sight.kind === 'folder') && rowsOf(sight.facts).length === 0
}

function takeNumber(seen: Seen, row: Known, sight: PresentSight, knowledge: Knowledge, plan: Plan): void {
  const { inode, birthTime } = sight.facts
  const known = { ...row, inode, birthTime }
  plan.decisions.push({ kind: 'renumber', nodeId: row.nodeId, inode, birthTime })
  // It may as well be another file that took its name.
  stay({ ...seen, known, cause: 'written' }, known, sight, knowledge, plan)
}

function adoptReborn(row: Known, facts: Facts, plan: Pick<Plan, 'decisions' | 'reborn'>): void {
  if (!isReborn(row, facts)) return
  plan.reborn.push(row.nodeId)
  plan.decisions.push({ kind: 'adopt', nodeId: row.nodeId, facts })
}

function rewriteIfNeeded(
  seen: Seen,
  row: Known,
  sight: Extract<PresentSight, { kind: 'file' }>,
  knowledge: Knowledge,
  plan: Plan,
): void {
  const { facts } = sight
  const { nodeId } = row
  if (row.device === '')
    plan.decisions.push({ kind: 'adopt', nodeId, facts: { ...facts, size: row.size, ctime: row.ctime } })
  const rewritten = isRewritten(row, facts)
  if (rewritten) plan.decisions.push({ kind: 'rewrite', nodeId, facts, awaiting: knowledge.awaiting(seen, facts) })
  else if (mayHoldOtherBytes(seen, row, facts)) {
    plan.decisions.push({ kind: 'recheck', nodeId, awaiting: knowledge.awaiting(seen, facts) })
  } else return
  // A write through one name gives no event at the others, and not every filesystem counts them.
  if (seen.cause !== 'linked') {
    for (const other of knowledge.rowsOf(facts)) {
      if (other.nodeId !== nodeId && isSameThing(other, sight)) plan.lookAt.push({ place: other, cause: 'linked' })
    }
  }
}

/** A name that was written through is gone: the bytes are other ones at the other names too, which nothing tells. */
function lookAtOthers({ known, cause }: Seen, { rowsOf }: Knowledge, plan: Plan): void {
  if (known === undefined || known.isDirectory || cause !== 'written') return
  for (const other of rowsOf(known)) {
    if (other.nodeId !== known.nodeId) plan.lookAt.push({ place: other, cause: 'linked' })
  }
}

/**
 * Size and time are equal, and still the bytes may be others: a writer can set the time back. A file that could not be
 * read may be readable now, and one still held back for its writer need not wait longer.
 */
function mayHoldOtherBytes({ cause }: Seen, row: Known, facts: Facts): boolean {
  if (row.metadataState === 'unreadable') return true
  // Not even the ctime tells: a write sets it before it copies its bytes, and one through mmap(2) to a page that is dirty
  // already does not move it.
  if (cause === 'written') return true
  if (row.metadataState === 'fresh' || row.metadataState === 'backlog') return false
  if (facts.ctime === row.ctime) return false
  // A hash that was taken while someone may have been writing is in doubt; one that was never taken is not.
  return cause === 'linked' || cause === 'modified' || (cause === 'revisited' && row.metadataState !== 'skipped')
}

type Matching = {
  readonly loose: Map<string, Known>
  readonly settled: Set<string>
  readonly dead: Map<string, Known>
  /** Device and inode of each folder that was seen where it is not known. */
  readonly claimedFolders: Set<string>
  readonly knowledge: Knowledge
  readonly plan: Plan
}

/** Finds the row that moved to the claim's place, if one did. */
function matchRow(claim: Claim, matching: Matching): void {
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

type Waiting = Pick<Matching, 'dead' | 'knowledge'> & { readonly removed: Set<string> }

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
function makeWait(claims: readonly Claim[], { removed, dead, knowledge }: Waiting): void {
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

function isGoing({ waits }: Claim): boolean {
  return waits === null
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
type TreeAfter = {
  readonly made: ReadonlySet<string>
  readonly parentOf: (folderId: string) => string | null | undefined
  /** Whether a folder of the plan is above anything else in it. */
  readonly isDeep: boolean
}

function treeAfter(
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

/** The id of the claim's new node: not in `taken`, and not of another row of its inode, unless that is dead. */
function idOfNew(
  { seen, sight, rows }: Claim,
  dead: ReadonlyMap<string, Known>,
  { isIdTaken }: Pick<Knowledge, 'isIdTaken'>,
  taken: ReadonlySet<string> = NONE,
): string {
  const { device } = sight.facts
  return newNodeId(sight.facts, seen, (id) => {
    if (taken.has(id)) return true
    return (!dead.has(id) && rows.some(({ nodeId }) => nodeId === id)) || isIdTaken(device, id)
  })
}

const NONE: ReadonlySet<string> = new Set()

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

type Carrying = Omit<Matching, 'settled' | 'claimedFolders'>

/**
 * Moves, with the new folders they need; then removals, which spare what was moved out; then new nodes; then other bytes.
 * Moves and new nodes from the top of the tree as it will be, so that every parent is there before its children (I3) and
 * no folder is ever below itself.
 */
function carryOut(
  claims: readonly Claim[],
  { loose, dead, knowledge, plan }: Carrying,
  removed: ReadonlySet<string>,
): void {
  const unsorted = claims.filter(isGoing)
  const tree = treeAfter(unsorted, dead, knowledge)
  const going = fromTheTop(unsorted, tree)
  const needed = foldersNeeded(going, tree)
  const creations: Decision[] = []
  const moved = new Set<string>()
  // Folders have the ids that the tree was judged by, whichever is created first.
  const taken = new Set(tree.made)
  const rewrites: Plan = { ...plan, decisions: [] }
  for (const claim of going) {
    const { seen, sight, row } = claim
    if (row === null) {
      const created = creation(claim, knowledge, { dead, taken })
      if (created === null) plan.again.push(seen)
      else if (needed.has(created.nodeId)) plan.decisions.push(created)
      else creations.push(created)
      if (created !== null) plan.lookAt.push(...staleNames(claim, dead))
      continue
    }
    const { nodeId } = row
    const { parentId, name } = seen
    moved.add(nodeId)
    plan.found.push(nodeId)
    const isDirectory = sight.kind === 'folder'
    plan.decisions.push({ kind: 'move', nodeId, parentId, name, isDirectory, ctime: sight.facts.ctime })
    if (sight.kind === 'file') {
      // Only reading tells whether it is the file that had this number before.
      const cause = knowledge.carriesHash(row) ? seen.cause : 'written'
      rewriteIfNeeded({ ...seen, cause }, row, sight, knowledge, rewrites)
    } else if (row.device === '') rewrites.decisions.push({ kind: 'adopt', nodeId, facts: sight.facts })
    else adoptReborn(row, sight.facts, rewrites)
    // Nobody looked at where it was: something else may be there by now.
    if (!loose.has(nodeId)) plan.lookAt.push({ place: row, cause: 'touched' })
  }
  removeOrKeep(claims, { loose, dead, plan }, { moved, removed })
  plan.decisions.push(...creations, ...rewrites.decisions)
}

/** What the dead rows' and the loose rows' end is, now that all that moved is out of them, and what is looked at again. */
function removeOrKeep(
  claims: readonly Claim[],
  { loose, dead, plan }: Pick<Carrying, 'loose' | 'dead' | 'plan'>,
  { moved, removed }: { moved: ReadonlySet<string>; removed: ReadonlySet<string> },
): void {
  for (const [nodeId, row] of dead) {
    if (!removed.has(nodeId)) continue
    plan.decisions.push({ kind: 'remove', nodeId })
    // Something may have been waiting there for the row to leave.
    if (!loose.has(nodeId)) plan.lookAt.push({ place: row, cause: 'touched' })
  }
  const waiting = claims.filter((claim) => !isGoing(claim))
  const blocked = new Set(waiting.map(({ seen }) => placeKey(seen)))
  const kept = new Set<string>()
  for (const row of loose.values()) {
    if (moved.has(row.nodeId) || (dead.has(row.nodeId) && removed.has(row.nodeId))) continue
    // What was found at a place that is not free yet is not gone, though its time is over.
    if (removed.has(row.nodeId)) plan.decisions.push({ kind: 'remove', nodeId: row.nodeId })
    else {
      kept.add(row.nodeId)
      plan.toLimbo.push({ row, blocks: blocked.has(placeKey(row)), heir: null })
    }
  }
  for (const { waits, seen } of waiting) {
    // What waits for the row at its place is looked at with that one.
    if (waits === 'twin') plan.twins.push(seen)
    const isWithRow = seen.known !== undefined && kept.has(seen.known.nodeId)
    if (waits === 'unsure' || (waits === 'unfree' && !isWithRow)) plan.again.push(seen)
  }
}

/** In the order of their depth in the tree as it will be, where that makes a difference. */
function fromTheTop(going: readonly Claim[], tree: TreeAfter): readonly Claim[] {
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
function foldersNeeded(going: readonly Claim[], tree: TreeAfter): ReadonlySet<string> {
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

/** Other names of a new one's file that may have been written through it before it was listed. */
function staleNames({ seen, sight, rows }: Claim, dead: ReadonlyMap<string, Known>): Plan['lookAt'] {
  if (sight.kind === 'folder') return []
  const names = rows.filter((row) => !dead.has(row.nodeId) && isSameThing(row, sight))
  const stale = names.filter((row) => seen.cause === 'written' || isRewritten(row, sight.facts))
  return stale.map((place) => ({ place, cause: 'linked' }))
}

/** Null for a file with one name that another claim creates: it moved while it was looked at. */
function creation(
  claim: Claim,
  knowledge: Knowledge,
  { dead, taken }: { dead: ReadonlyMap<string, Known>; taken: Set<string> },
): Decision | null {
  const { seen, sight, rows } = claim
  const { kind, facts } = sight
  const { parentId, name } = seen
  const firstId = idOfNew(claim, dead, knowledge)
  if (kind === 'folder') {
    const awaiting: Awaiting = { state: 'ready', dueMs: 0 }
    return { kind: 'create', nodeId: firstId, parentId, name, isDirectory: true, facts, awaiting, copyOf: null }
  }
  if (taken.has(firstId) && hasOneName(sight)) return null
  const nodeId = taken.has(firstId) ? idOfNew(claim, dead, knowledge, taken) : firstId
  taken.add(nodeId)
  const twins = rows.filter((row) => !dead.has(row.nodeId) && isSameThing(row, sight) && !isRewritten(row, facts))
  const twin =
    twins.find((row) => row.hash !== '' && knowledge.carriesHash(row)) ??
    twins.find(({ metadataState }) => metadataState === 'skipped')
  const [awaiting, copyOf] = [knowledge.awaiting(seen, facts), twin?.nodeId ?? null]
  return { kind: 'create', nodeId, parentId, name, isDirectory: false, facts, awaiting, copyOf }
}
