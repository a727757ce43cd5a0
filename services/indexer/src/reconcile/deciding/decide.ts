/**
 * Turns sights of some places into a plan of what to write: the heart of the program, and pure.
 *
 * A row is a *departure* if its place no longer holds it. A sight is an *arrival* if its place's row, if any, is not about
 * it. A departure and an arrival of one inode are a move. An arrival left over is a new node. A departure left over goes to
 * limbo, and is removed if it does not turn up in time.
 *
 * An arrival at a place whose row does not leave yet waits (I11: one place, one node). That row goes to limbo too, and the
 * place is looked at again when the row leaves. In a swap of two names each row leaves for the other's place: nobody waits,
 * and both moves are one transaction.
 *
 * All arrivals are judged by the tree after the plan, and carried out from its top: a folder may move into one that the
 * same plan makes or moves.
 *
 * The functions of this room read nothing but their arguments. They add to the plan, and to the sets of matching, that
 * `decide` gives them.
 */

import type { Decision, MetadataDue } from '../../model/decision.ts'
import type { KnownNode } from '../../model/known-node.ts'
import { hasOneName, isPresent, isRewritten, isSameThing, type Observation, placeKey } from '../../model/observation.ts'
import { adoptReborn, lookAtOthers, rewriteIfNeeded, staleNames, stay, takeNumber } from './content.ts'
import { foldersNeeded, fromTheTop, makeWait, treeAfter } from './feasible.ts'
import { idOfNew } from './identity.ts'
import { isRenumbered, type Matching, matchRow } from './match.ts'
import { type Arrival, emptyPlan, isFeasible, type Knowledge, type Plan } from './plan.ts'

/** @param observations one for each place, as it was seen and as the database has it */
export function decide(observations: readonly Observation[], knowledge: Knowledge): Plan {
  const plan = emptyPlan()
  const departures = new Map<string, KnownNode>()
  const arrivals: Arrival[] = []
  const settled = new Set<string>()
  for (const observation of observations) {
    const { sight, known } = observation
    if (sight.kind === 'unreadable') continue
    if (known !== undefined && settleInPlace(observation, known, knowledge, plan)) {
      settled.add(known.nodeId)
      continue
    }
    lookAtOthers(observation, knowledge, plan)
    if (known !== undefined) departures.set(known.nodeId, known)
    if (isPresent(sight))
      arrivals.push({ observation, sight, rows: knowledge.rowsOf(sight.facts), row: null, waits: null })
  }
  const dead = new Map<string, KnownNode>()
  const matching: Matching = { departures, settled, dead, arrivedFolders: new Set(), knowledge, plan }
  // Folders come first: whether a hard link may still be in a folder depends on where that folder is.
  for (const arrival of arrivals) if (arrival.sight.kind === 'folder') matchRow(arrival, matching)
  for (const arrival of arrivals) if (arrival.sight.kind === 'file') matchRow(arrival, matching)
  const found = new Set(arrivals.map((arrival) => arrival.row?.nodeId))
  const { mayRemove, mustRemove } = knowledge.ends
  const due = [...departures.keys()].filter((id) => mayRemove.has(id) && (!found.has(id) || mustRemove.has(id)))
  const removed = new Set([...dead.keys(), ...due])
  makeWait(arrivals, { removed, dead, knowledge })
  for (const [nodeId, row] of dead) if (!removed.has(nodeId)) departures.set(nodeId, row)
  carryOut(arrivals, { departures, dead, knowledge, plan }, removed)
  return plan
}

/** Settles a sight of the very thing that its place's row is about. False if it is something else, or nothing. */
function settleInPlace(observation: Observation, row: KnownNode, knowledge: Knowledge, plan: Plan): boolean {
  const { sight } = observation
  if (!isPresent(sight)) return false
  if (isSameThing(row, sight)) stay(observation, row, sight, knowledge, plan)
  else if (isRenumbered(row, sight, knowledge)) takeNumber(observation, row, sight, knowledge, plan)
  else return false
  return true
}

type Carrying = Omit<Matching, 'settled' | 'arrivedFolders'>

/**
 * Puts the decisions in order: moves with the new folders that they need; removals, which spare what has moved out; new
 * nodes; changed bytes. Moves and new nodes come from the top of the tree after the plan, so that every folder is there
 * before what is in it (I3) and no folder is ever below itself.
 */
function carryOut(
  arrivals: readonly Arrival[],
  { departures, dead, knowledge, plan }: Carrying,
  removed: ReadonlySet<string>,
): void {
  const unsorted = arrivals.filter(isFeasible)
  const tree = treeAfter(unsorted, dead, knowledge)
  const feasible = fromTheTop(unsorted, tree)
  const needed = foldersNeeded(feasible, tree)
  const creations: Decision[] = []
  const moved = new Set<string>()
  // The tree is judged by the ids of its folders, so a file that is created first leaves them alone.
  const taken = new Set(tree.made)
  const rewrites: Plan = { ...plan, decisions: [] }
  for (const arrival of feasible) {
    const { observation, sight, row } = arrival
    if (row === null) {
      const created = creation(arrival, knowledge, { dead, taken })
      if (created === null) plan.again.push(observation)
      else if (needed.has(created.nodeId)) plan.decisions.push(created)
      else creations.push(created)
      if (created !== null) plan.lookAt.push(...staleNames(arrival, dead))
      continue
    }
    const { nodeId } = row
    const { parentId, name } = observation
    moved.add(nodeId)
    plan.found.push(nodeId)
    const isDirectory = sight.kind === 'folder'
    plan.decisions.push({ kind: 'move', nodeId, parentId, name, isDirectory, ctime: sight.facts.ctime })
    if (sight.kind === 'file') {
      // If the number may be another file's by now, only reading tells.
      const cause = knowledge.carriesHash(row) ? observation.cause : 'written'
      rewriteIfNeeded({ ...observation, cause }, row, sight, knowledge, rewrites)
    } else if (row.device === '') rewrites.decisions.push({ kind: 'adopt', nodeId, facts: sight.facts })
    else adoptReborn(row, sight.facts, rewrites)
    // The row's own place is not among those seen, and something else may be there by now.
    if (!departures.has(nodeId)) plan.lookAt.push({ place: row, cause: 'touched' })
  }
  removeOrKeep(arrivals, { departures, dead, plan }, { moved, removed })
  // One by one: there may be more than a call takes arguments.
  for (const decision of [creations, rewrites.decisions].flat()) plan.decisions.push(decision)
}

/** Removes dead rows and departures or has them wait in limbo, and has the places of arrivals that wait looked at again. */
function removeOrKeep(
  arrivals: readonly Arrival[],
  { departures, dead, plan }: Pick<Carrying, 'departures' | 'dead' | 'plan'>,
  { moved, removed }: { moved: ReadonlySet<string>; removed: ReadonlySet<string> },
): void {
  for (const [nodeId, row] of dead) {
    if (!removed.has(nodeId)) continue
    plan.decisions.push({ kind: 'remove', nodeId })
    // Something may be waiting there for the row to leave.
    if (!departures.has(nodeId)) plan.lookAt.push({ place: row, cause: 'touched' })
  }
  const waiting = arrivals.filter((arrival) => !isFeasible(arrival))
  const blocked = new Set(waiting.map(({ observation }) => placeKey(observation)))
  const kept = new Set<string>()
  for (const row of departures.values()) {
    if (moved.has(row.nodeId) || (dead.has(row.nodeId) && removed.has(row.nodeId))) continue
    // A row that was found at a place that is not free is not gone, though its time is over.
    if (removed.has(row.nodeId)) plan.decisions.push({ kind: 'remove', nodeId: row.nodeId })
    else {
      kept.add(row.nodeId)
      plan.toLimbo.push({ row, blocks: blocked.has(placeKey(row)), heir: null })
    }
  }
  for (const { waits, observation } of waiting) {
    if (waits === 'twin') plan.twins.push(observation)
    // The place is looked at again with the row that is kept there.
    const isWithRow = observation.known !== undefined && kept.has(observation.known.nodeId)
    if (waits === 'unsure' || (waits === 'unfree' && !isWithRow)) plan.again.push(observation)
  }
}

/** Creates an arrival's node. Null for a file with one name that another arrival creates: it moved between the looks. */
function creation(
  arrival: Arrival,
  knowledge: Knowledge,
  { dead, taken }: { dead: ReadonlyMap<string, KnownNode>; taken: Set<string> },
): Decision | null {
  const { observation, sight, rows } = arrival
  const { kind, facts } = sight
  const { parentId, name } = observation
  const firstId = idOfNew(arrival, dead, knowledge)
  if (kind === 'folder') {
    const awaiting: MetadataDue = { state: 'ready', dueMs: 0 }
    return { kind: 'create', nodeId: firstId, parentId, name, isDirectory: true, facts, awaiting, copyOf: null }
  }
  if (taken.has(firstId) && hasOneName(sight)) return null
  const nodeId = taken.has(firstId) ? idOfNew(arrival, dead, knowledge, taken) : firstId
  taken.add(nodeId)
  const twins = rows.filter((row) => !dead.has(row.nodeId) && isSameThing(row, sight) && !isRewritten(row, facts))
  const twin =
    twins.find((row) => row.hash !== '' && knowledge.carriesHash(row)) ??
    twins.find(({ metadataState }) => metadataState === 'skipped')
  const [awaiting, copyOf] = [knowledge.awaiting(observation, facts), twin?.nodeId ?? null]
  return { kind: 'create', nodeId, parentId, name, isDirectory: false, facts, awaiting, copyOf }
}
