/**
 * Asserts on a plan before it is written. A database that breaks an invariant stays broken; a process that ends is started
 * again. `decide` promises all of this, and nothing here depends on how it keeps the promise.
 *
 * The cost is linear in the decisions. The checks ask for no folder that `decide` did not ask for. Node ids are left to the
 * database, whose primary key refuses an id that is created twice.
 */
import type { Decision } from '../../model/decision.ts'
import type { KnownNode } from '../../model/known-node.ts'
import type { Observation, Place } from '../../model/observation.ts'
import type { Knowledge, Plan } from './plan.ts'

type Placing = Extract<Decision, { kind: 'create' | 'move' }>

/**
 * @param observations what the plan was made from
 * @throws if the plan would leave two nodes at one place (I11), a node without its folder (I3) or a folder below itself, or
 *   if it removes what it keeps. That is a bug in `decide`, and the process must end without writing the plan.
 */
export function checkPlan(plan: Plan, observations: readonly Observation[], parentOf: Knowledge['parentOf']): void {
  const { decisions } = plan
  const removes = decisions.some(({ kind }) => kind === 'remove')
  if (!removes && !decisions.some(isPlacing)) return
  if (removes) checkRemovals(plan)
  checkFolders(decisions, parentOf)
  checkPlaces(plan, observations)
}

function isPlacing(decision: Decision): decision is Placing {
  return decision.kind === 'create' || decision.kind === 'move'
}

/**
 * Nothing is both removed and kept. A removal takes along all that is in a folder, so that what is done to other nodes comes
 * before it, but for new nodes and what has moved out by then.
 */
function checkRemovals({ decisions, found, toLimbo, present, reborn }: Plan): void {
  const removals = new Map<string, Decision>()
  const [created, moved] = [new Set<string>(), new Set<string>()]
  for (const decision of decisions) {
    const { kind, nodeId } = decision
    if (kind === 'remove') {
      if (created.has(nodeId)) fail('a node is created and then removed', decision)
      removals.set(nodeId, decision)
    } else if (kind === 'create') created.add(nodeId)
    else if (kind === 'move' && removals.size === 0) moved.add(nodeId)
    else if (removals.size > 0 && !moved.has(nodeId))
      fail('a removal comes first that may take the node along', decision)
  }
  const keep = (nodeId: string, ...others: readonly Decision[]) => {
    const removal = removals.get(nodeId)
    if (removal !== undefined) fail('a node is removed and kept', removal, ...others)
  }
  for (const decision of decisions) {
    if (decision.kind !== 'remove' && decision.kind !== 'create') keep(decision.nodeId, decision)
  }
  for (const nodeId of found) keep(nodeId)
  for (const nodeId of reborn) keep(nodeId)
  for (const { nodeId } of present) keep(nodeId)
  for (const { row } of toLimbo) keep(row.nodeId)
}

/** Every node's folder is there when the node comes to its place, and at the end (I3). No folder is ever below itself. */
function checkFolders(decisions: readonly Decision[], parentOf: Knowledge['parentOf']): void {
  /** Where the plan puts folders, and with which of its steps. */
  const links = new Map<string, { readonly parentId: string; readonly step: number }>()
  /** The step that removes a node. */
  const removals = new Map<string, number>()
  /** Folders that are there. The folders above them are in this set too. */
  const attached = new Set<string>()
  /** Whether a folder is still there with what came into it at `step`, -1 for what was in it before the plan. */
  const isKept = (id: string, step: number): boolean => {
    const removal = removals.get(id)
    return removal === undefined || Math.min(step, links.get(id)?.step ?? -1) > removal
  }
  const check = (decision: Placing, atStep: number): void => {
    const { nodeId, isDirectory, kind } = decision
    const isFolderMove = isDirectory && kind === 'move'
    const way: string[] = []
    let step = atStep
    for (let at: string | null | undefined = decision.parentId; at !== null; ) {
      if (isFolderMove && at === nodeId) fail('a folder moves below itself', decision)
      if (at === undefined || !isKept(at, step)) fail('a node has no folder (I3)', decision)
      // Folders above a moved one are asked for to the last: the moved one may be among them.
      if (!isFolderMove && attached.has(at)) break
      way.push(at)
      const link = links.get(at)
      step = link?.step ?? -1
      at = link === undefined ? parentOf(at) : link.parentId
    }
    for (const id of way) attached.add(id)
  }
  for (const [step, decision] of decisions.entries()) {
    const { nodeId } = decision
    if (decision.kind === 'remove') {
      removals.set(nodeId, step)
      attached.clear()
    }
    if (!isPlacing(decision)) continue
    check(decision, step)
    if (!decision.isDirectory) continue
    if (decision.kind === 'create' && attached.has(nodeId)) fail('a folder is created though it is there', decision)
    links.set(nodeId, { parentId: decision.parentId, step })
  }
  if (removals.size === 0) return
  for (const [step, decision] of decisions.entries()) if (isPlacing(decision)) check(decision, step)
}

/** At the end no two nodes are at one place (I11), as far as the places were seen. */
function checkPlaces({ decisions, toLimbo }: Plan, observations: readonly Observation[]): void {
  const namesOf = new Map<string, Set<string>>()
  const left = new Set<string>()
  const placingAt = ({ parentId, name }: Place) =>
    decisions.filter((decision) => isPlacing(decision) && decision.parentId === parentId && decision.name === name)
  for (const decision of decisions) {
    if (decision.kind === 'move' || decision.kind === 'remove') left.add(decision.nodeId)
    if (!isPlacing(decision)) continue
    const names = namesOf.get(decision.parentId) ?? new Set()
    if (names.has(decision.name)) fail('two nodes get one place (I11)', ...placingAt(decision))
    if (names.size === 0) namesOf.set(decision.parentId, names)
    names.add(decision.name)
  }
  const checkLeft = (row: KnownNode) => {
    if (left.has(row.nodeId) || namesOf.get(row.parentId)?.has(row.name) !== true) return
    fail(`a node gets the place of ${row.nodeId}, which stays there (I11)`, ...placingAt(row))
  }
  for (const { known } of observations) if (known !== undefined) checkLeft(known)
  for (const { row } of toLimbo) checkLeft(row)
}

function fail(what: string, ...decisions: readonly Decision[]): never {
  throw new Error(`a bug in deciding: ${what}, so the plan is not written: ${decisions.map(described).join('; ')}`)
}

function described(decision: Decision): string {
  const { kind, nodeId } = decision
  if (!isPlacing(decision)) return `${kind} ${nodeId}`
  return `${kind} ${nodeId} as ${JSON.stringify(decision.name)} in ${decision.parentId}`
}
