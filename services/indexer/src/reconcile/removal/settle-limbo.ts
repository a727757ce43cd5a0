/** Settles a look at the places of rows in limbo: what is nowhere is removed. */
import { placeKey, type Seen } from '../../model/seen.ts'
import { sightAt } from '../../model/sights.ts'
import type { LookAnswer } from '../../scan/look.ts'
import type { LookReply } from '../../scan/observer.ts'
import { type Job, putOffUnplaced } from '../looking/jobs.ts'
import { type RawSeen, readSights } from '../looking/sight-reader.ts'
import { dueMsOf, type LimboEntry } from '../pending/limbo.ts'
import { isOverdue } from '../pending/limbo-times.ts'
import { notFound } from '../settling/folder-answer.ts'
import { type Ends, settle } from '../settling/settle.ts'
import { type SettleJobTools, whileDiscovering } from '../settling/tools.ts'
import { searchBelow, unplacedFolders } from './search.ts'

export async function settleLimbo(
  tools: SettleJobTools,
  { groups, unplaced }: Extract<Job, { kind: 'limbo' }>,
  { answers, sights }: LookReply,
): Promise<void> {
  const raws: RawSeen[] = []
  /** For each of those, whose place it is. */
  const owners: (LimboEntry | null)[] = []
  const due = new Map<string, LimboEntry>()
  const unseen = new Set<string>()
  /** Those whose folder is on its way, which is soon over. */
  const moving = new Set<string>()
  for (const [at, { folder, places }] of groups.entries()) {
    const answer = answers[at] as LookAnswer
    if (!folder.attached) continue
    for (const [offset, { name, entry }] of places.entries()) {
      if (entry !== null && dueMsOf(entry) <= tools.nowMs()) due.set(entry.row.nodeId, entry)
      const sight = answer.kind === 'seen' ? sightAt(sights, answer.from + offset) : null
      if (sight !== null && sight.kind !== 'unreadable') {
        raws.push({ folder, name, cause: 'touched', sight })
        owners.push(entry)
      } else if (entry !== null) {
        unseen.add(entry.row.nodeId)
        if (answer.kind === 'elsewhere' || answer.kind === 'later') moving.add(entry.row.nodeId)
      }
      if (sight?.kind === 'unreadable') tools.scans.unreadable(folder, { what: 'entry', problem: sight.problem })
    }
    if (answer.kind === 'elsewhere' || answer.kind === 'unreadable') notFound(tools, folder, answer)
  }
  for (const entry of unplaced) {
    if (dueMsOf(entry) <= tools.nowMs()) due.set(entry.row.nodeId, entry)
    unseen.add(entry.row.nodeId)
  }
  const seens = await readSights(tools, raws)
  for (const [at, seen] of seens.entries()) sortOwner(tools, owners[at] ?? null, seen, { due, unseen })
  const below = due.size === 0 ? [] : await searchBelow(tools, unplacedFolders(tools, raws, seens))
  // The place of one that could not be looked at may have been met below a folder that is on its way.
  for (const { known } of below ?? []) if (known !== undefined) unseen.delete(known.nodeId)
  // Only a place that could be looked at proves that nothing is there (I7).
  const unplacedById = new Map(unplaced.map((entry) => [entry.row.nodeId, entry]))
  for (const nodeId of below === null ? due.keys() : unseen) {
    const entry = unplacedById.get(nodeId)
    if (entry !== undefined) putOffUnplaced(tools, entry)
    else if (!moving.has(nodeId) || !tools.limbo.defer(nodeId, 'moving', tools.nowMs())) {
      tools.limbo.defer(nodeId, 'unknown', tools.nowMs())
    }
  }
  const sure = below === null ? [] : await confirm(tools, endingOf([...due.values()], unseen))
  // A place that was looked at is not seen again below a folder that got the id of the one it is in.
  const byPlace = new Map([...(below ?? []), ...seens].map((seen) => [placeKey(seen), seen]))
  await settle(tools, [...byPlace.values()], endsOf(sure, tools.nowMs()), whileDiscovering(tools))
}

/** What a look at a row's place says of the row before anything is decided: whether it is still there to be removed. */
function sortOwner(
  { limbo }: SettleJobTools,
  owner: LimboEntry | null,
  { known, sight }: Seen,
  { due, unseen }: { readonly due: Map<string, LimboEntry>; readonly unseen: Set<string> },
): void {
  if (owner === null) return
  const { nodeId } = owner.row
  if (known?.nodeId !== nodeId) {
    // It moved meanwhile, or went with a folder above it: its time is not over, and its id may be another row's.
    limbo.release(owner)
    due.delete(nodeId)
    // A filesystem is away there, or can't be asked what it is.
  } else if (sight.kind === 'unreadable') unseen.add(nodeId)
}

/** Whose time is over. Of a row with an heir that is sure: its inode number is another thing's by now. */
function endingOf(due: readonly LimboEntry[], unseen: ReadonlySet<string>): LimboEntry[] {
  return due.filter(({ row, heir }) => heir !== null || !unseen.has(row.nodeId))
}

/**
 * Those that are at no place even after all that happened by now: what moved on just before its places were looked at
 * was at none of them, but left a trace. Where there is any, they are looked at once more when that is settled.
 */
async function confirm(tools: SettleJobTools, entries: LimboEntry[]): Promise<LimboEntry[]> {
  if (entries.length === 0) return entries
  await tools.drained()
  if (!tools.hints.hasSince(tools.nowMs()) && !tools.areHintsUnderWay()) return entries
  return entries.filter(({ row }) => !tools.limbo.defer(row.nodeId, 'disturbed', tools.nowMs()))
}

function endsOf(entries: readonly LimboEntry[], nowMs: number): Ends {
  const ids = (some: readonly LimboEntry[]) => new Set(some.map(({ row }) => row.nodeId))
  return { mayRemove: ids(entries), mustRemove: ids(entries.filter((entry) => isOverdue(entry, nowMs))) }
}
