/** What becomes of the content of known files: read anew or not, and which other names are to be looked at. */
import type { Facts } from '../../model/decision.ts'
import type { KnownNode } from '../../model/known-node.ts'
import { isReborn, isRewritten, isSameThing, type Observation, type PresentSight } from '../../model/observation.ts'
import type { Arrival, Knowledge, Plan } from './plan.ts'

/** Settles a row whose thing is where it was. The bytes of a file may have changed. */
export function stay(
  observation: Observation,
  row: KnownNode,
  sight: PresentSight,
  knowledge: Knowledge,
  plan: Plan,
): void {
  const { nodeId } = row
  plan.found.push(nodeId)
  if (sight.kind === 'folder') {
    plan.present.push({ nodeId, place: observation, facts: sight.facts })
    // The row keeps its times: clients see them, and get no event about new ones.
    const facts = { ...sight.facts, mtime: row.mtime, ctime: row.ctime }
    if (row.device === '') plan.decisions.push({ kind: 'adopt', nodeId, facts })
    else adoptReborn(row, facts, plan)
    return
  }
  rewriteIfNeeded(observation, row, sight, knowledge, plan)
}

/** Gives a row the inode number that its thing has by now. */
export function takeNumber(
  observation: Observation,
  row: KnownNode,
  sight: PresentSight,
  knowledge: Knowledge,
  plan: Plan,
): void {
  const { inode, birthTime } = sight.facts
  const known = { ...row, inode, birthTime }
  plan.decisions.push({ kind: 'renumber', nodeId: row.nodeId, inode, birthTime })
  // Another file may have taken the name, so the bytes are read.
  stay({ ...observation, known, cause: 'written' }, known, sight, knowledge, plan)
}

/** Takes over the facts of a folder that is another one under the same inode number, and has it compared as a whole. */
export function adoptReborn(row: KnownNode, facts: Facts, plan: Pick<Plan, 'decisions' | 'reborn'>): void {
  if (!isReborn(row, facts)) return
  plan.reborn.push(row.nodeId)
  plan.decisions.push({ kind: 'adopt', nodeId: row.nodeId, facts })
}

/** Has a file read again if its bytes may have changed. */
export function rewriteIfNeeded(
  observation: Observation,
  row: KnownNode,
  sight: Extract<PresentSight, { kind: 'file' }>,
  knowledge: Knowledge,
  plan: Plan,
): void {
  const { facts } = sight
  const { nodeId } = row
  if (row.device === '')
    plan.decisions.push({ kind: 'adopt', nodeId, facts: { ...facts, size: row.size, ctime: row.ctime } })
  const rewritten = isRewritten(row, facts)
  if (rewritten)
    plan.decisions.push({ kind: 'rewrite', nodeId, facts, awaiting: knowledge.awaiting(observation, facts) })
  else if (mayHoldOtherBytes(observation, row, facts)) {
    plan.decisions.push({ kind: 'recheck', nodeId, awaiting: knowledge.awaiting(observation, facts) })
  } else return
  // A write through one name gives no event at the others. Not every filesystem counts links, so the rows tell the names.
  if (observation.cause !== 'linked') {
    for (const other of knowledge.rowsOf(facts)) {
      if (other.nodeId !== nodeId && isSameThing(other, sight)) plan.lookAt.push({ place: other, cause: 'linked' })
    }
  }
}

/**
 * Whether the bytes may have changed though size and time are equal: a writer can set the time back. A file that could not
 * be read may be readable now. A file that is held back for its writer need not wait longer once the writer closed it.
 */
function mayHoldOtherBytes({ cause }: Observation, row: KnownNode, facts: Facts): boolean {
  if (row.metadataState === 'unreadable') return true
  // The ctime does not tell: write(2) sets it before it copies the bytes, and a write through mmap(2) to a page that is
  // dirty already does not set it.
  if (cause === 'written') return true
  if (row.metadataState === 'fresh' || row.metadataState === 'backlog') return false
  if (facts.ctime === row.ctime) return false
  // A hash is in doubt if someone may have been writing while it was taken. A skipped file has no hash.
  return cause === 'linked' || cause === 'modified' || (cause === 'revisited' && row.metadataState !== 'skipped')
}

/** Has the other names looked at if a name is gone through which the file was written: no event tells of them. */
export function lookAtOthers({ known, cause }: Observation, { rowsOf }: Knowledge, plan: Plan): void {
  if (known === undefined || known.isDirectory || cause !== 'written') return
  for (const other of rowsOf(known)) {
    if (other.nodeId !== known.nodeId) plan.lookAt.push({ place: other, cause: 'linked' })
  }
}

/** Gives other names of an arrival's file: it may have been written through the new name before that was listed. */
export function staleNames(
  { observation, sight, rows }: Arrival,
  dead: ReadonlyMap<string, KnownNode>,
): Plan['lookAt'] {
  if (sight.kind === 'folder') return []
  const names = rows.filter((row) => !dead.has(row.nodeId) && isSameThing(row, sight))
  const stale = names.filter((row) => observation.cause === 'written' || isRewritten(row, sight.facts))
  return stale.map((place) => ({ place, cause: 'linked' }))
}
