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
 */

import { nameToBytes } from '@drive-feed/shared/entry-name.ts'
import { furtherNodeId, plainNodeId } from '@drive-feed/shared/node-id.ts'
import type { Known } from '../store/known.ts'
import type { Awaiting, Decision, Facts } from '../store/store.ts'
import { isPresent, isRewritten, isSameThing, type Place, type PresentSight, placeKey, type Seen } from './seen.ts'

/** - `holds`: its place still holds it. - `vacant`: it is somewhere else, or nowhere. - `unknown`: can't be told now. */
export type Vacancy = 'holds' | 'vacant' | 'unknown'

export type Knowledge = {
  /** All names of an inode. */
  readonly rowsOf: (facts: Facts) => readonly Known[]
  /** What is known of a row's own place, where that place is not among those just seen. */
  readonly vacancyOf: (row: Known) => Vacancy
  /** Rows whose time in limbo is over. */
  readonly mayRemove: ReadonlySet<string>
  /** Whether moving the folder there would put it below itself; then the sights were not of one moment. */
  readonly isBelow: (parentId: string, folderId: string) => boolean
  readonly isLive: (nodeId: string) => boolean
  readonly awaiting: (seen: Seen, facts: Facts) => Awaiting
}

export type Plan = {
  readonly decisions: Decision[]
  /** Rows that are not where they were. `blocks`: something else already is. */
  readonly toLimbo: { readonly row: Known; readonly blocks: boolean }[]
  /** Rows that were found, whether they were in limbo or not. */
  readonly found: string[]
  /** Places to look at again soon: they could not be settled. */
  readonly again: Seen[]
  /** Places to look at now, because of what was found elsewhere; `linked` ones hold other names of a changed inode. */
  readonly lookAt: { readonly place: Place; readonly cause: 'touched' | 'linked' }[]
  /** Folders that are in the listing and in the database alike. */
  readonly present: { readonly nodeId: string; readonly place: Place; readonly facts: Facts }[]
}

type Claim = {
  readonly seen: Seen
  readonly sight: PresentSight
  readonly rows: readonly Known[]
  row: Known | null
  waits: boolean
}

/** Rows whose own place must be looked at before `decide` can tell a move from a further name. */
export function rowsToLookAt(seens: readonly Seen[], rowsOf: Knowledge['rowsOf']): Known[] {
  const seenPlaces = new Set(seens.map(placeKey))
  const rows = new Map<string, Known>()
  for (const { sight, known } of seens) {
    if (!isPresent(sight) || (known !== undefined && isSameThing(known, sight))) continue
    // A file with one link that is here is nowhere else.
    if (sight.kind === 'file' && sight.links === 1) continue
    for (const row of rowsOf(sight.facts)) {
      if (isSameThing(row, sight) && !seenPlaces.has(placeKey(row))) rows.set(row.nodeId, row)
    }
  }
  return [...rows.values()]
}

export function decide(seens: readonly Seen[], knowledge: Knowledge): Plan {
  const plan: Plan = { decisions: [], toLimbo: [], found: [], again: [], lookAt: [], present: [] }
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
    if (known !== undefined) loose.set(known.nodeId, known)
    if (isPresent(sight)) claims.push({ seen, sight, rows: knowledge.rowsOf(sight.facts), row: null, waits: false })
  }
  const dead = new Map<string, Known>()
  const matching: Matching = { loose, settled, dead, claimedFolders: new Set(), knowledge, plan }
  for (const claim of claims) matchRow(claim, matching)
  const found = new Set(claims.map((claim) => claim.row?.nodeId))
  const due = [...loose.keys()].filter((id) => knowledge.mayRemove.has(id) && !found.has(id))
  const leaving = new Set([...dead.keys(), ...due])
  spareFrom(claims, leaving, { loose, dead, knowledge })
  makeWait(claims, leaving)
  carryOut(claims, { loose, dead, knowledge, plan }, leaving)
  return plan
}

/** The thing is where it was; its bytes may be others. */
function stay(seen: Seen, row: Known, sight: PresentSight, knowledge: Knowledge, plan: Plan): void {
  const { nodeId } = row
  plan.found.push(nodeId)
  if (sight.kind === 'folder') {
    plan.present.push({ nodeId, place: seen, facts: sight.facts })
    if (row.device === '')
      plan.decisions.push({ kind: 'adopt', nodeId, facts: { ...sight.facts, mtime: row.mtime, ctime: row.ctime } })
    return
  }
  rewriteIfNeeded(seen, row, sight, knowledge, plan)
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
  // A write through one name gives no event at the others.
  if (sight.links > 1 && seen.cause !== 'linked') {
    for (const other of knowledge.rowsOf(facts)) {
      if (other.nodeId !== nodeId) plan.lookAt.push({ place: other, cause: 'linked' })
    }
  }
}

/**
 * Size and time are equal, and still the bytes may be others: a writer can set the time back. A write always moves the
 * ctime. A file that could not be read may be readable now, and one still held back for its writer need not wait longer.
 */
function mayHoldOtherBytes({ cause }: Seen, row: Known, facts: Facts): boolean {
  if (row.metadataState === 'unreadable') return true
  if (cause !== 'written' && cause !== 'linked') return false
  if (row.metadataState === 'fresh' || row.metadataState === 'backlog') return cause === 'written'
  return facts.ctime !== row.ctime
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
  const { loose, settled, dead, knowledge, plan } = matching
  const { sight } = claim
  if (sight.kind === 'folder' && isMountedTwice(claim, matching)) {
    claim.waits = true
    return
  }
  let isUnsure = false
  for (const row of plainFirst(claim.rows, sight.facts)) {
    if (settled.has(row.nodeId) || dead.has(row.nodeId)) continue
    if (!isSameThing(row, sight)) {
      // The inode number lives again as something else, so what the row was about is gone for good.
      dead.set(row.nodeId, row)
      continue
    }
    if (claim.row !== null) continue
    const vacancy = vacancyFor(row, claim, loose, knowledge)
    if (vacancy === 'holds' && sight.kind === 'folder') {
      // The same folder is mounted at two places; it is listed at the first.
      claim.waits = true
      return
    }
    if (vacancy === 'unknown') isUnsure = true
    if (vacancy !== 'vacant') continue
    claim.row = row
    settled.add(row.nodeId)
  }
  if (isUnsure && claim.row === null) {
    claim.waits = true
    plan.again.push(claim.seen)
  }
  if (claim.row !== null && sight.kind === 'folder' && knowledge.isBelow(claim.seen.parentId, claim.row.nodeId)) {
    claim.waits = true
    plan.again.push(claim.seen)
  }
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

function vacancyFor(row: Known, { sight }: Claim, loose: Map<string, Known>, knowledge: Knowledge): Vacancy {
  if (loose.has(row.nodeId)) return 'vacant'
  if (sight.kind === 'file' && sight.links === 1) return 'vacant'
  return knowledge.vacancyOf(row)
}

function plainFirst(rows: readonly Known[], { device, inode }: Facts): readonly Known[] {
  if (rows.length < 2) return rows
  const plain = plainNodeId(device, inode)
  return [...rows].sort((a, b) => Number(b.nodeId === plain) - Number(a.nodeId === plain))
}

/** Lets every claim wait that is below a folder on its way out: it was seen there before the folder was seen to be gone. */
function spareFrom(
  claims: readonly Claim[],
  leaving: ReadonlySet<string>,
  { loose, dead, knowledge }: Pick<Matching, 'loose' | 'dead' | 'knowledge'>,
): void {
  const folders = [...leaving].filter((id) => (dead.get(id) ?? loose.get(id))?.isDirectory)
  if (folders.length === 0) return
  for (const claim of claims) {
    if (folders.some((id) => knowledge.isBelow(claim.seen.parentId, id))) claim.waits = true
  }
}

/** Lets every claim wait whose place is still a row's that is not leaving, and then those that waited for such a row. */
function makeWait(claims: readonly Claim[], leaving: Set<string>): void {
  for (const claim of claims) if (claim.row !== null && !claim.waits) leaving.add(claim.row.nodeId)
  for (let changed = true; changed; ) {
    changed = false
    for (const claim of claims) {
      const { known } = claim.seen
      if (claim.waits || known === undefined || leaving.has(known.nodeId)) continue
      claim.waits = true
      if (claim.row !== null) leaving.delete(claim.row.nodeId)
      changed = true
    }
  }
}

type Carrying = Omit<Matching, 'settled' | 'claimedFolders'>

/** Moves, then removals (what was moved out is spared), then new nodes, then other bytes. */
function carryOut(
  claims: readonly Claim[],
  { loose, dead, knowledge, plan }: Carrying,
  leaving: ReadonlySet<string>,
): void {
  const going = claims.filter((claim) => !claim.waits)
  const creations: Decision[] = []
  const moved = new Set<string>()
  const taken = new Set<string>()
  const rewrites: Plan = { ...plan, decisions: [] }
  for (const claim of going) {
    const { seen, sight, row } = claim
    if (row === null) {
      creations.push(creation(claim, knowledge, { dead, taken }))
      continue
    }
    const { nodeId } = row
    const { parentId, name } = seen
    moved.add(nodeId)
    plan.found.push(nodeId)
    const isDirectory = sight.kind === 'folder'
    plan.decisions.push({ kind: 'move', nodeId, parentId, name, isDirectory, ctime: sight.facts.ctime })
    if (sight.kind === 'file') rewriteIfNeeded(seen, row, sight, knowledge, rewrites)
    else if (row.device === '') rewrites.decisions.push({ kind: 'adopt', nodeId, facts: sight.facts })
    // Nobody looked at where it was: something else may be there by now.
    if (!loose.has(nodeId)) plan.lookAt.push({ place: row, cause: 'touched' })
  }
  for (const [nodeId, row] of dead) {
    plan.decisions.push({ kind: 'remove', nodeId })
    // Something may have been waiting there for the row to leave.
    if (!loose.has(nodeId)) plan.lookAt.push({ place: row, cause: 'touched' })
  }
  const blocked = new Set(claims.filter((claim) => claim.waits).map(({ seen }) => placeKey(seen)))
  for (const row of loose.values()) {
    if (moved.has(row.nodeId) || dead.has(row.nodeId)) continue
    // What was found at a place that is not free yet is not gone, though its time is over.
    if (leaving.has(row.nodeId)) plan.decisions.push({ kind: 'remove', nodeId: row.nodeId })
    else plan.toLimbo.push({ row, blocks: blocked.has(placeKey(row)) })
  }
  plan.decisions.push(...creations, ...rewrites.decisions)
}

function creation(
  { seen, sight, rows }: Claim,
  knowledge: Knowledge,
  { dead, taken }: { dead: ReadonlyMap<string, Known>; taken: Set<string> },
): Decision {
  const { kind, facts } = sight
  const { parentId, name } = seen
  const siblings = rows.filter((row) => !dead.has(row.nodeId))
  const plain = plainNodeId(facts.device, facts.inode)
  const isFree = (id: string) => {
    if (taken.has(id)) return false
    return dead.has(id) || (id === plain ? siblings.every((row) => row.nodeId !== plain) : !knowledge.isLive(id))
  }
  let nodeId = plain
  for (let attempt = 0; !isFree(nodeId); attempt += 1) {
    nodeId = furtherNodeId(facts.device, facts.inode, parentId, nameToBytes(name), attempt)
  }
  taken.add(nodeId)
  const twin = siblings.find((row) => !row.isDirectory && !isRewritten(row, facts) && row.hash !== '')
  const copyOf = kind === 'file' && twin !== undefined ? twin.nodeId : null
  const awaiting: Awaiting = kind === 'folder' ? { state: 'ready', dueMs: 0 } : knowledge.awaiting(seen, facts)
  return { kind: 'create', nodeId, parentId, name, isDirectory: kind === 'folder', facts, awaiting, copyOf }
}
