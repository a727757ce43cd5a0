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

import type { Awaiting, Decision } from '../../model/decision.ts'
import type { Known } from '../../model/known-node.ts'
import { hasOneName, isPresent, isRewritten, isSameThing, placeKey, type Seen } from '../../model/seen.ts'
import { adoptReborn, lookAtOthers, rewriteIfNeeded, staleNames, stay, takeNumber } from './content.ts'
import { foldersNeeded, fromTheTop, makeWait, treeAfter } from './feasible.ts'
import { idOfNew } from './identity.ts'
import { isRenumbered, type Matching, matchRow } from './match.ts'
import { type Claim, isGoing, type Knowledge, type Plan } from './plan.ts'

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
