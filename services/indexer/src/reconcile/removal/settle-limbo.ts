/**
 * Settles a look at the places of rows in limbo, and removes the rows whose thing is nowhere. The steps:
 *
 * 1. `readAnswers` and `readPlaces` make one record a place: what was seen there, or why the place tells nothing.
 * 2. The search looks below folders that wait for their place, where a row's thing may be (`search.ts`).
 * 3. `judge` gives each row one verdict: `moved`, `deferred`, `removable`, or `waits`.
 * 4. Moved rows are released and deferred rows get more time.
 * 5. `confirm` drains the kernel's queue: a thing that moved just before the look left an event there.
 * 6. `settle` removes the removable rows, unless something that was seen is a row's thing after all.
 *
 * Each row that is due is released or deferred, exactly once. A row with neither would stay due, and the loop would look at
 * its place without a pause.
 */
import assert from 'node:assert/strict'
import { type Observation, placeKey } from '../../model/observation.ts'
import { sightAt } from '../../model/sights.ts'
import type { LookAnswer } from '../../scan/look.ts'
import type { LookReply } from '../../scan/observer.ts'
import type { Ends } from '../deciding/plan.ts'
import { deferUnmet, type Job } from '../looking/jobs.ts'
import type { RawObservation } from '../looking/sight-reader.ts'
import { dueMsOf, type LimboEntry } from '../pending/limbo.ts'
import { type DeferReason, isOverdue } from '../pending/limbo-times.ts'
import type { RemovalTools } from './tools.ts'

/** A place of the job, after the look. */
type Looked = {
  /** The row whose place it is; null at a place where something waits for a row's id. */
  readonly entry: LimboEntry | null
  readonly isDue: boolean
  /** Why the place does not tell whether the row is gone; null if it does. */
  readonly doubt: DeferReason | null
}
type Answered = Looked & { readonly raw: RawObservation | null }
type ReadPlace = Looked & { readonly observation: Observation | null }
type ReadRow = ReadPlace & { readonly entry: LimboEntry }

/**
 * - `moved`: the database has another row at the place, or none. - `deferred`: the look does not tell whether the row is gone.
 * - `removable`: the look proves that the place does not hold the row. - `waits`: the row is not due; another row's look needed
 * its place.
 */
export type Verdict =
  | { readonly kind: 'moved' | 'removable' | 'waits' }
  | { readonly kind: 'deferred'; readonly reason: DeferReason }

export async function settleLimbo(
  tools: RemovalTools,
  job: Extract<Job, { kind: 'limbo' }>,
  reply: LookReply,
): Promise<void> {
  const places = await readPlaces(tools, readAnswers(tools, job, reply))
  const observations = places.flatMap(({ observation }) => observation ?? [])
  const rows = places.filter(isOfRow)
  const below = rows.some((row) => row.isDue && !hasMoved(row)) ? await tools.search(observations) : []
  const removable = carryOut(tools, judgeAll(rows, below))
  const sure = await confirm(tools, removable)
  // The search meets a place of the job again if a folder that waits gets the id of the place's own folder.
  const byPlace = new Map(
    [...(below ?? []), ...observations].map((observation) => [placeKey(observation), observation]),
  )
  await tools.settle([...byPlace.values()], endsOf(sure, tools.nowMs()))
  // Settling leaves a row whose heir is gone too, or whose place held something that is on its way.
  for (const row of sure) if (isStillDue(tools, row)) defer(tools, row, row.doubt ?? 'unknown')
}

/**
 * Reads the answers of the observer thread. The rows of a folder that left the tree stay due, and the next job finds the
 * folder. A row that left limbo since the job was made was found by the job before; if its place has lost it again, its grace
 * begins anew.
 */
function readAnswers(
  tools: RemovalTools,
  { groups, unmet }: Extract<Job, { kind: 'limbo' }>,
  { answers, sights }: LookReply,
): Answered[] {
  const nowMs = tools.nowMs()
  const isInLimbo = (entry: LimboEntry) => tools.limbo.get(entry.row.nodeId) === entry
  const rowOf = (place: LimboEntry | null) => {
    const entry = place !== null && isInLimbo(place) ? place : null
    return { entry, isDue: entry !== null && dueMsOf(entry) <= nowMs }
  }
  const answered: Answered[] = []
  for (const [at, { folder, places }] of groups.entries()) {
    const answer = answers[at] as LookAnswer
    if (!folder.attached) continue
    for (const [offset, { name, entry }] of places.entries()) {
      const sight = answer.kind === 'seen' ? sightAt(sights, answer.from + offset) : null
      if (sight?.kind === 'unreadable') tools.unreadable(folder, sight.problem)
      const isRead = sight !== null && sight.kind !== 'unreadable'
      const raw = isRead ? { folder, name, sight, cause: 'touched' as const } : null
      answered.push({ ...rowOf(entry), raw, doubt: isRead ? null : doubtOf(answer) })
    }
    if (answer.kind === 'elsewhere' || answer.kind === 'unreadable') tools.notFound(folder, answer)
  }
  for (const entry of unmet) answered.push({ ...rowOf(entry), raw: null, doubt: 'unmet' })
  return answered
}

/** Why an answer tells nothing of a place. A look soon meets a folder that is on its way, or whose turn did not come. */
function doubtOf({ kind }: LookAnswer): DeferReason {
  return kind === 'elsewhere' || kind === 'later' ? 'moving' : 'unknown'
}

async function readPlaces({ readSights }: RemovalTools, answered: readonly Answered[]): Promise<ReadPlace[]> {
  const raws = answered.flatMap(({ raw }) => raw ?? [])
  const observations = await readSights(raws)
  const observationOf = new Map(raws.map((raw, at) => [raw, observations[at] as Observation]))
  return answered.map(({ raw, doubt, ...place }) => {
    const observation = raw === null ? undefined : observationOf.get(raw)
    if (observation === undefined) return { ...place, doubt, observation: null }
    // The filesystem at the place is away, or the system does not say which one it is.
    const isUnknown = observation.sight.kind === 'unreadable'
    return { ...place, doubt: isUnknown ? 'unknown' : doubt, observation }
  })
}

function isOfRow(place: ReadPlace): place is ReadRow {
  return place.entry !== null
}

/** Whether the row moved since it entered limbo, or went with a folder above it. Its id may be another row's by now. */
function hasMoved({ entry, observation }: ReadRow): boolean {
  return observation !== null && observation.known?.nodeId !== entry.row.nodeId
}

function judgeAll(rows: readonly ReadRow[], below: readonly Observation[] | null): Map<ReadRow, Verdict> {
  const met = below === null ? null : new Set(below.flatMap(({ known }) => known?.nodeId ?? []))
  const nodeIds = new Set(rows.map(({ entry }) => entry.row.nodeId))
  assert.equal(nodeIds.size, rows.length, 'a row is judged once a look')
  return new Map(rows.map((row) => [row, judge(row, met)]))
}

/**
 * What a look says of a row.
 *
 * @param met ids of rows whose places the search met; null if it could not look everywhere
 */
export function judge(row: ReadRow, met: ReadonlySet<string> | null): Verdict {
  const { entry, isDue, doubt } = row
  if (hasMoved(row)) return { kind: 'moved' }
  if (met === null) return isDue ? { kind: 'deferred', reason: doubt ?? 'unknown' } : { kind: 'waits' }
  // The search may have seen the place below a folder that waits. A row with an heir is gone: its number is another thing's.
  const isSure = doubt === null || met.has(entry.row.nodeId) || (isDue && entry.heir !== null)
  // Only a place that could be looked at proves that nothing is there (I7).
  if (!isSure) return { kind: 'deferred', reason: doubt }
  return { kind: isDue ? 'removable' : 'waits' }
}

/** Releases and defers rows by their verdicts. Returns the removable ones. */
function carryOut(tools: RemovalTools, verdicts: ReadonlyMap<ReadRow, Verdict>): ReadRow[] {
  const removable: ReadRow[] = []
  for (const [row, verdict] of verdicts) {
    if (verdict.kind === 'moved') tools.limbo.release(row.entry)
    else if (verdict.kind === 'deferred') defer(tools, row, verdict.reason)
    else if (verdict.kind === 'removable') removable.push(row)
  }
  return removable
}

function defer(tools: RemovalTools, { entry }: ReadRow, reason: DeferReason): void {
  const { limbo, nowMs } = tools
  const { nodeId } = entry.row
  if (reason === 'unmet') deferUnmet(limbo, nodeId, nowMs())
  else if (!limbo.defer(nodeId, reason, nowMs())) limbo.defer(nodeId, 'unknown', nowMs())
}

/**
 * The rows that are still removable after everything that happened by now is taken in. A thing that moved just before the look
 * was at none of the places, but left an event: the next look comes after that event is settled.
 */
async function confirm({ limbo, nowMs, isQuiet }: RemovalTools, removable: ReadRow[]): Promise<ReadRow[]> {
  if (removable.length === 0 || (await isQuiet())) return removable
  return removable.filter(({ entry }) => !limbo.defer(entry.row.nodeId, 'disturbed', nowMs()))
}

function endsOf(rows: readonly ReadRow[], nowMs: number): Ends {
  const entries = rows.map(({ entry }) => entry)
  // A bug beyond this line is written to the database.
  assert.ok(
    entries.every((entry) => dueMsOf(entry) <= nowMs),
    'a row that was deferred is not removed by the same look',
  )
  const idsOf = (some: readonly LimboEntry[]) => new Set(some.map(({ row }) => row.nodeId))
  return { mayRemove: idsOf(entries), mustRemove: idsOf(entries.filter((entry) => isOverdue(entry, nowMs))) }
}

function isStillDue({ limbo, nowMs }: RemovalTools, { entry }: ReadRow): boolean {
  return limbo.get(entry.row.nodeId) === entry && dueMsOf(entry) <= nowMs()
}
