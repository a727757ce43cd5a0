/** Settling what the looking thread answered to a job. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { foldingKey } from '@drive-feed/shared/folding-key.ts'
import { isPassing } from '@drive-feed/shared/passing-errors.ts'
import type { LookAnswer } from '../scan/look.ts'
import type { LookReply } from '../scan/observer.ts'
import type { FileSight, Sight } from '../scan/sight.ts'
import { sightAt } from '../scan/sights.ts'
import type { Known } from '../store/known.ts'
import type { Folder } from '../watch/tree.ts'
import type { Backoff } from './backoff.ts'
import type { EventIntake } from './event-intake.ts'
import type { Hint, Hints } from './hints.ts'
import { type Job, type JobTools, putOffUnplaced } from './jobs.ts'
import { type LimboEntry, PATIENCE_MS } from './limbo.ts'
import { compareListing } from './listing.ts'
import type { Revisits } from './revisits.ts'
import type { Scans } from './scans.ts'
import { searchBelow, unplacedFolders } from './search.ts'
import { placeKey, type Seen } from './seen.ts'
import { type Ends, ensureInTree, type SettleTools, settle } from './settle.ts'
import { type RawSeen, readSights, type SightReaderTools } from './sight-reader.ts'
import type { Visit } from './visits.ts'
import type { Writers } from './writers.ts'

/** Differences settled in one transaction. */
const SETTLE_MAX = 16_000
/** A file that came to its name this long ago or less may still be open under the one it had. */
const JUST_MADE_MS = 10_000
/** What waits this long or less need not wait. */
const PROMPT_MS = 50
/** In place of a name: the folder itself is not where it should be. */
const WHEREABOUTS = '.'
const NEVER: Ends = { mayRemove: new Set(), mustRemove: new Set() }

export type SettleJobTools = Omit<JobTools, 'scans'> &
  SettleTools &
  SightReaderTools & {
    readonly hints: Hints
    readonly intake: EventIntake
    readonly scans: Scans
    readonly retries: Backoff<Folder>
    readonly writers: Writers
    readonly revisits: Revisits
    /** Resolves when every event queued by now has been taken in. */
    readonly drained: () => Promise<void>
    /** Whether places are being looked at that were told of by events. */
    readonly areHintsUnderWay: () => boolean
    /** The folder of a root is not where it was. */
    readonly onRootGone: (top: Folder) => void
    /** The folder of a root holds nothing any more. Whether that may be. */
    readonly mayBeEmpty: (top: Folder) => boolean
    /** A look was put off because the system has nothing left to open a folder with. */
    readonly onExhausted: (problem: string) => void
    /** errno of inotify_add_watch when `max_user_watches` is reached. */
    readonly watchLimitErrno: number
  }

export async function settleJob(tools: SettleJobTools, job: Job): Promise<void> {
  const reply = await job.reply
  const exhausted = reply.answers.find((answer) => answer.kind === 'later' && answer.problem !== null)
  if (exhausted?.kind === 'later') tools.onExhausted(exhausted.problem ?? '')
  if (job.kind === 'hints') await settleHints(tools, job.groups, reply)
  else if (job.kind === 'visits') await settleVisits(tools, job.visits, reply)
  else await settleLimbo(tools, job, reply)
}

async function settleHints(
  tools: SettleJobTools,
  groups: Extract<Job, { kind: 'hints' }>['groups'],
  { answers, sights }: LookReply,
): Promise<void> {
  const raws: RawSeen[] = []
  for (const [at, { folder, hints }] of groups.entries()) {
    const answer = answers[at] as LookAnswer
    if (!folder.attached) continue
    if (answer.kind === 'seen') {
      tools.retries.clear(folder)
      tools.retries.clear(folder, WHEREABOUTS)
      folder.folds ||= answer.folds === true
      const alike = createAlike(tools, folder)
      for (const [offset, hint] of hints.entries()) {
        const sight = sightAt(sights, answer.from + offset)
        if (sight.kind === 'unreadable') tryAgain(tools, hint, sight.problem)
        for (const name of otherSpellings(alike, hint, answer.respelled)) {
          tools.hints.add({ ...hint, name }, tools.nowMs(), tools.nowMs())
        }
        const child = sight.kind === 'folder' ? folder.children.get(hint.name) : undefined
        if (child !== undefined) tools.scans.stirred(child)
        if (isToBeSettled(tools, hint, sight)) raws.push({ folder, name: hint.name, cause: hint.cause, sight })
      }
      continue
    }
    const now = tools.nowMs()
    const dueMs = answer.kind === 'later' ? now : now + tools.retries.next(folder)
    // The time it was noticed stays: what is in limbo waits for every hint of before its time was over.
    for (const hint of hints) tools.hints.add(hint, answer.kind === 'later' ? hint.addedMs : now, dueMs)
    if (answer.kind !== 'later') notFound(tools, folder, answer)
  }
  const seens = await readSights(tools, raws)
  const again = await settle(tools, seens, NEVER, whileDiscovering(tools))
  const left = new Set([...again, ...seens.filter(({ sight }) => sight.kind === 'unreadable')].map(placeKey))
  for (const { folder, name } of raws) {
    if (!left.has(placeKey({ parentId: folder.nodeId, name }))) tools.retries.clear(folder, name)
  }
}

/**
 * How what is meant by a name is spelled on the disk, or was: an event may tell of it under another spelling, and what is
 * renamed to `Holiday.jpg` takes the place of `holiday.jpg`, of which then nothing is told.
 */
function otherSpellings(
  alike: (name: string) => readonly string[],
  { folder, name }: Hint,
  respelled: ReadonlyMap<string, string> | undefined,
): readonly string[] {
  const spelling = respelled?.get(name)
  if (spelling !== undefined) return [spelling]
  return folder.folds ? alike(name) : []
}

/** Finds the known names in a folder that a name which is not known there may stand for. Reads them once, when needed. */
function createAlike({ known }: SettleJobTools, folder: Folder): (name: string) => readonly string[] {
  let byKey: Map<string, string[]> | null = null
  return (name) => {
    if (known.childAt(folder.nodeId, name) !== undefined) return []
    byKey ??= Map.groupBy(
      known.children(folder.nodeId).map((row) => row.name),
      foldingKey,
    )
    return byKey.get(foldingKey(name)) ?? []
  }
}

/** What could not be looked at is looked at again; said is what does not pass by itself. */
function tryAgain(tools: SettleJobTools, { folder, name, cause }: Hint, problem: string): void {
  if (!isPassing(problem)) tools.scans.unreadable(folder, { what: 'entry', problem })
  tools.hint({ parentId: folder.nodeId, name }, cause, 'again')
}

/**
 * Whether a look goes on to be compared with the row. Not one at a file that may be written to under another name, and was
 * not. Which files those are is noted here.
 */
function isToBeSettled({ known, revisits, writers, nowMs }: SettleJobTools, hint: Hint, sight: Sight): boolean {
  if (sight.kind !== 'file') return true
  const { folder, name, cause } = hint
  const place = { parentId: folder.nodeId, name }
  if (cause === 'revisited') {
    // What is not known there is news, unchanged or not.
    const isKnown = known.childAt(folder.nodeId, name)?.inode === sight.inode
    if (revisits.isUnchanged(sight, nowMs()) && isKnown) return false
    // Someone writes of whom nothing is told: the file is held back as if it were.
    writers.wrote(place, nowMs())
  }
  // Opened by this name, its writes are told of.
  const isOpenedElsewhere = cause === 'created' && writers.streak(place, nowMs()) === null
  if (isOpenedElsewhere) revisits.put(folder, name, sight, nowMs())
  else if (cause === 'touched') revisits.relocate(folder, name, sight)
  return true
}

/**
 * What moves while a root is scanned for the first time may have gone where nobody has looked yet. But a file that stands
 * in for another, as programs save theirs, is not held up for that: only a hash could be lost by it.
 */
function whileDiscovering({ scans }: SettleJobTools): (row: Known, blocks: boolean) => boolean {
  return (row, blocks) => scans.isDiscovering() && (row.isDirectory || !blocks)
}

async function settleLimbo(
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
      if (entry !== null && entry.deadlineMs <= tools.nowMs()) due.set(entry.row.nodeId, entry)
      const sight = answer.kind === 'seen' ? sightAt(sights, answer.from + offset) : null
      if (sight !== null && sight.kind !== 'unreadable') {
        raws.push({ folder, name, cause: 'touched', sight })
        owners.push(entry)
      } else if (entry !== null) {
        unseen.add(entry.row.nodeId)
        const isNew = entry.sinceMs + PATIENCE_MS > tools.nowMs()
        if (isNew && (answer.kind === 'elsewhere' || answer.kind === 'later')) moving.add(entry.row.nodeId)
      }
      if (sight?.kind === 'unreadable') tools.scans.unreadable(folder, { what: 'entry', problem: sight.problem })
    }
    if (answer.kind === 'elsewhere' || answer.kind === 'unreadable') notFound(tools, folder, answer)
  }
  for (const entry of unplaced) {
    if (entry.deadlineMs <= tools.nowMs()) due.set(entry.row.nodeId, entry)
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
    else if (moving.has(nodeId)) tools.limbo.hold(nodeId, tools.nowMs())
    else tools.limbo.extend(nodeId, tools.nowMs())
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
    limbo.drop(owner)
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
  return entries.filter(({ row }) => !tools.limbo.postpone(row.nodeId, tools.nowMs()))
}

function endsOf(entries: readonly LimboEntry[], nowMs: number): Ends {
  const ids = (some: readonly LimboEntry[]) => new Set(some.map(({ row }) => row.nodeId))
  return { mayRemove: ids(entries), mustRemove: ids(entries.filter(({ sinceMs }) => sinceMs + PATIENCE_MS <= nowMs)) }
}

async function settleVisits(
  tools: SettleJobTools,
  visits: readonly Visit[],
  { answers, sights }: LookReply,
): Promise<void> {
  /** Folders in which something known could not be compared. */
  const unreadable = new Set<string>()
  const raws: RawSeen[] = []
  for (const [at, visit] of visits.entries()) {
    const answer = answers[at] as LookAnswer
    const { folder } = visit
    if (!folder.attached) continue
    // One by one: there may be more in a folder than a call takes arguments.
    if (answer.kind === 'seen') for (const raw of readListing(tools, visit, answer, sights)) raws.push(raw)
    else if (answer.kind !== 'later') notFound(tools, folder, answer)
  }
  for (let from = 0; from < raws.length; from += SETTLE_MAX) {
    // Events and signals are taken in between.
    if (from > 0) await nextTurn()
    const seens = await readSights(tools, raws.slice(from, from + SETTLE_MAX))
    for (const { parentId, sight } of seens) if (sight.kind === 'unreadable') unreadable.add(parentId)
    await settle(tools, seens, NEVER, tools.scans.isScanning)
  }
  for (const [at, visit] of visits.entries()) {
    if (answers[at]?.kind === 'seen') visit.folder.isCompared = !unreadable.has(visit.folder.nodeId)
    if (answers[at]?.kind === 'later') tools.visits.putBack(visit)
    else tools.visits.done(visit)
  }
}

/** Takes the watch in, and gives what differs from what is known. */
function readListing(
  tools: SettleJobTools,
  { folder, isDeep }: Visit,
  answer: Extract<LookAnswer, { kind: 'seen' }>,
  sights: LookReply['sights'],
): RawSeen[] {
  takeWatch(tools, folder, answer.watch)
  const isHeldBack = answer.watch.kind === 'not-asked' && folder.watch === null && folder.root.inotifyFd !== null
  if (isHeldBack) tools.scans.refused(folder, 'max_user_watches')
  tools.retries.clear(folder)
  tools.retries.clear(folder, WHEREABOUTS)
  tools.scans.listed(folder, problemIn(sights, answer))
  const known = tools.known.listedChildren(folder.nodeId)
  const isEmptied = folder.parent === null && answer.from === answer.to && known.length > 0
  if (isEmptied && !tools.mayBeEmpty(folder)) return []
  if (folder.parent === null) folder.root.isListed = true
  const { device, nodeId } = folder
  const deviceNumber = BigInt(answer.folder.deviceNumber)
  const { differences, sameFolders, isChanged } = compareListing(
    sights,
    answer,
    known,
    { device, deviceNumber },
    tools.limbo.has,
  )
  if (isChanged) tools.scans.stirred(folder)
  for (const child of sameFolders) ensureInTree(tools, { parentId: nodeId, name: child.name }, child)
  if (isDeep) for (const child of folder.children.values()) tools.visits.add(child, true)
  return differences.map(({ name, sight, isNew }): RawSeen => {
    const raw = { folder, name, sight, cause: 'scan' } as const
    if (sight.kind === 'unreadable' && isPassing(sight.problem)) tools.hint({ parentId: nodeId, name }, 'scan', 'again')
    if (isNew && sight.kind === 'file' && isJustMade(tools, sight))
      tools.revisits.put(folder, name, sight, tools.nowMs())
    return isNew ? { ...raw, known: undefined } : raw
  })
}

/** Made, linked or moved here a moment ago: its writer may have it open under a name that was never watched. */
function isJustMade({ wallMs }: SettleJobTools, { ctime }: FileSight): boolean {
  return Math.abs(wallMs() - ctime / 1000) < JUST_MADE_MS
}

/** Why something that is listed could not be looked at, the first of them; null if all could, or soon can. */
function problemIn({ problems }: LookReply['sights'], { from, to }: { from: number; to: number }): string | null {
  for (const [index, problem] of problems) if (index >= from && index < to && !isPassing(problem)) return problem
  return null
}

function takeWatch(tools: SettleJobTools, folder: Folder, watch: Extract<LookAnswer, { kind: 'seen' }>['watch']): void {
  if (watch.kind === 'watched') {
    tools.intake.watched(folder, watch.watch)
    tools.scans.watched(folder)
  } else if (watch.kind === 'refused') {
    tools.scans.refused(folder, watch.errno === tools.watchLimitErrno ? 'max_user_watches' : 'unknown')
  }
}

/** The folder could not be found or read: it is visited when it is next seen, and its own place is looked at now. */
function notFound(
  tools: SettleJobTools,
  folder: Folder,
  answer: Exclude<LookAnswer, { kind: 'seen' | 'later' }>,
): void {
  folder.needsVisit = true
  const willPass = answer.kind === 'unreadable' && isPassing(answer.problem)
  if (answer.kind === 'unreadable') {
    takeWatch(tools, folder, answer.watch)
    if (!willPass) tools.scans.unreadable(folder, { what: 'folder', problem: answer.problem })
  }
  if (folder.parent === null) tools.onRootGone(folder)
  else if (answer.kind === 'elsewhere' || willPass) lookForFolder(tools, folder, folder.parent)
}

/** Its own place says where the folder is. If that says again and again that it is there, it is asked ever less often. */
function lookForFolder({ hints, retries, nowMs }: SettleJobTools, folder: Folder, parent: Folder): void {
  const now = nowMs()
  const delayMs = retries.next(folder, WHEREABOUTS)
  hints.add({ folder: parent, name: folder.name, cause: 'touched' }, now, now + (delayMs <= PROMPT_MS ? 0 : delayMs))
}
