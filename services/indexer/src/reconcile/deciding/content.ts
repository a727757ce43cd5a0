/** What becomes of the bytes of a file, and of the facts of a folder, that is known. */
import type { Facts } from '../../model/decision.ts'
import type { Known } from '../../model/known-node.ts'
import { isReborn, isRewritten, isSameThing, type PresentSight, type Seen } from '../../model/seen.ts'
import type { Claim, Knowledge, Plan } from './plan.ts'

/** The thing is where it was; its bytes may be others. */
export function stay(seen: Seen, row: Known, sight: PresentSight, knowledge: Knowledge, plan: Plan): void {
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

export function takeNumber(seen: Seen, row: Known, sight: PresentSight, knowledge: Knowledge, plan: Plan): void {
  const { inode, birthTime } = sight.facts
  const known = { ...row, inode, birthTime }
  plan.decisions.push({ kind: 'renumber', nodeId: row.nodeId, inode, birthTime })
  // It may as well be another file that took its name.
  stay({ ...seen, known, cause: 'written' }, known, sight, knowledge, plan)
}

export function adoptReborn(row: Known, facts: Facts, plan: Pick<Plan, 'decisions' | 'reborn'>): void {
  if (!isReborn(row, facts)) return
  plan.reborn.push(row.nodeId)
  plan.decisions.push({ kind: 'adopt', nodeId: row.nodeId, facts })
}

export function rewriteIfNeeded(
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

/** A name that was written through is gone: the bytes are other ones at the other names too, which nothing tells. */
export function lookAtOthers({ known, cause }: Seen, { rowsOf }: Knowledge, plan: Plan): void {
  if (known === undefined || known.isDirectory || cause !== 'written') return
  for (const other of rowsOf(known)) {
    if (other.nodeId !== known.nodeId) plan.lookAt.push({ place: other, cause: 'linked' })
  }
}

/** Other names of a new one's file that may have been written through it before it was listed. */
export function staleNames({ seen, sight, rows }: Claim, dead: ReadonlyMap<string, Known>): Plan['lookAt'] {
  if (sight.kind === 'folder') return []
  const names = rows.filter((row) => !dead.has(row.nodeId) && isSameThing(row, sight))
  const stale = names.filter((row) => seen.cause === 'written' || isRewritten(row, sight.facts))
  return stale.map((place) => ({ place, cause: 'linked' }))
}
