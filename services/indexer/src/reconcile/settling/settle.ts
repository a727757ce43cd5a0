/** Settles observations: decides, writes the decisions in one transaction, then updates the tree and the queues. */
import type { Clock } from '../../model/clock.ts'
import type { Decision, Facts, MetadataDue } from '../../model/decision.ts'
import type { Folder } from '../../model/folder-tree.ts'
import type { KnownNode } from '../../model/known-node.ts'
import { isPresent, type Observation, type Place } from '../../model/observation.ts'
import type { Observer } from '../../scan/observer.ts'
import type { NodeQueries } from '../../store/node-queries.ts'
import { checkPlan } from '../deciding/check-plan.ts'
import { decide } from '../deciding/decide.ts'
import { rowsToLookAt } from '../deciding/match.ts'
import type { Ends, Knowledge, Plan } from '../deciding/plan.ts'
import { isIdTaken } from '../devices/taken-id.ts'
import { findPassing, lookAtRows } from '../looking/presence.ts'
import type { Pending } from '../pending/pending.ts'
import type { Layout } from '../roots/layout.ts'
import { isAway, parentOf } from '../roots/whereabouts.ts'
import { ensureInTree } from './place-folder.ts'

export type SettleTools = {
  readonly pending: Pick<Pending, 'limbo' | 'visits' | 'hint'>
  readonly layout: Layout
  readonly known: NodeQueries
  readonly apply: (decisions: readonly Decision[]) => void
  readonly clock: Pick<Clock, 'nowMs'>
  readonly look: Observer['look']
  readonly awaiting: (observation: Observation, facts: Facts) => MetadataDue
  /** Notes a second place of a folder that is listed elsewhere. */
  readonly noteTwin: (place: Place) => void
  /** Takes a folder and all below it out of the tree, with their watches. */
  readonly dropFolder: (folder: Folder) => void
}

/** Whether a missing row waits in limbo until every scan has ended. `blocks`: whether something waits for its place. */
export type WaitsForScan = (row: KnownNode, blocks: boolean) => boolean

export const NOTHING_ENDS: Ends = { mayRemove: new Set(), mustRemove: new Set() }

/**
 * Settles observations, and gives those that could not be settled and are tried again. Removes the rows of `ends` if the
 * sights confirm that they are gone.
 */
export async function settle(
  tools: SettleTools,
  observations: readonly Observation[],
  ends: Ends,
  waitsForScan: WaitsForScan,
): Promise<readonly Observation[]> {
  const { limbo } = tools.pending
  const { devices, trust } = tools.layout
  const rowsOf = rowsOfThose(tools, observations)
  const rows = rowsToLookAt(observations, rowsOf).filter((row) => !limbo.has(row.nodeId))
  const presences = await lookAtRows(tools, rows)
  const passing = await findPassing(
    tools,
    observations,
    rows.filter(({ nodeId }) => presences.get(nodeId) === 'present'),
  )
  const certain = passing.size === 0 ? observations : observations.filter((observation) => !passing.has(observation))
  const parentOf = rememberParents(tools)
  const plan = decide(certain, {
    rowsOf,
    presenceOf: (row) => (limbo.has(row.nodeId) ? 'absent' : (presences.get(row.nodeId) ?? 'unknown')),
    ends,
    parentOf,
    isAway: (row) => isAway(tools, row),
    hasChildren: tools.known.hasChildren,
    numbersLast: (device) => devices.numberKind(device) === 'lasting',
    carriesHash: trust.carriesHash,
    isIdTaken: (device, nodeId) => isIdTaken(tools, device, nodeId),
    awaiting: tools.awaiting,
  })
  checkPlan(plan, certain, parentOf)
  // Only this loop makes, moves and removes nodes, so the rows that were read above are still where they were.
  if (plan.decisions.length > 0) tools.apply(plan.decisions)
  for (const observation of passing) plan.again.push(observation)
  followUp(tools, plan, ends.mayRemove, waitsForScan)
  return plan.again
}

/** Asks for each folder once. Deciding and writing are one turn, so neither the tree nor a row changes between them. */
function rememberParents(tools: Pick<SettleTools, 'layout' | 'known'>): Knowledge['parentOf'] {
  const parents = new Map<string, string | null | undefined>()
  return (folderId) => {
    if (parents.has(folderId)) return parents.get(folderId)
    const parentId = parentOf(tools, folderId)
    parents.set(folderId, parentId)
    return parentId
  }
}

/**
 * Finds rows by inode. It asks once which inodes have rows at all, since nearly every inode of a first scan is new. If a
 * file was written to through a name that is gone, the inode of the name's row counts as well.
 */
function rowsOfThose(
  { known: nodes, layout: { trust } }: SettleTools,
  observations: readonly Observation[],
): (facts: Facts) => readonly KnownNode[] {
  const inodes: string[] = []
  for (const { sight, known, cause } of observations) {
    if (isPresent(sight)) inodes.push(sight.facts.inode)
    if (known !== undefined && cause === 'written') inodes.push(known.inode)
  }
  const withNames = nodes.inodesWithNames(inodes)
  return ({ device, inode }) => (withNames.has(inode) ? nodes.byInode(device, inode).filter(trust.tells) : [])
}

function followUp(tools: SettleTools, plan: Plan, mayRemove: ReadonlySet<string>, waitsForScan: WaitsForScan): void {
  const { limbo, hint } = tools.pending
  const { tree, trust } = tools.layout
  for (const nodeId of plan.found) limbo.release(nodeId)
  // The folder enters the tree again below, as one that is neither watched nor listed.
  for (const nodeId of plan.reborn) {
    const folder = tree.get(nodeId)
    if (folder !== undefined) tools.dropFolder(folder)
  }
  for (const decision of plan.decisions) follow(tools, decision)
  for (const { nodeId, place, facts } of plan.present) ensureInTree(tools, place, { nodeId, ...facts })
  const nowMs = tools.clock.nowMs()
  for (const { row, blocks, heir } of plan.toLimbo) {
    const isOfEarlierMount = !trust.isCurrent(row)
    limbo.put(row, { blocks, isAfterScan: waitsForScan(row, blocks), nowMs, heir, isOfEarlierMount })
    // Its time was over, but it was found at a place that is not free yet.
    if (mayRemove.has(row.nodeId)) limbo.defer(row.nodeId, 'occupied', nowMs)
  }
  for (const observation of plan.again) hint(observation, observation.cause, 'again')
  for (const place of plan.twins) tools.noteTwin(place)
  for (const { place, cause } of plan.lookAt) hint(place, cause, 'now')
}

function follow(tools: SettleTools, decision: Decision): void {
  const { limbo } = tools.pending
  if (decision.kind === 'create') {
    // Limbo may still have a row of this id: it was removed with a folder above, and its inode number is used again.
    limbo.release(decision.nodeId)
    if (decision.isDirectory) ensureInTree(tools, decision, { nodeId: decision.nodeId, ...decision.facts })
  } else if (decision.kind === 'move' && decision.isDirectory) {
    const row = tools.known.byId(decision.nodeId)
    if (row !== undefined) ensureInTree(tools, decision, row)
  } else if (decision.kind === 'remove') {
    limbo.release(decision.nodeId)
    const folder = tools.layout.tree.get(decision.nodeId)
    if (folder !== undefined) tools.dropFolder(folder)
  }
}
