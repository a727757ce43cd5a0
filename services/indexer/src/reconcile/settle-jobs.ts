/** Settling what the looking thread answered to a job. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { LookAnswer } from '../scan/look.ts'
import type { LookReply } from '../scan/observer.ts'
import { sightAt } from '../scan/sights.ts'
import type { Folder } from '../watch/tree.ts'
import type { Backoff } from './backoff.ts'
import type { EventIntake } from './event-intake.ts'
import type { Hints } from './hints.ts'
import type { Job, JobTools } from './jobs.ts'
import { compareListing } from './listing.ts'
import type { Scans } from './scans.ts'
import { ensureInTree, type SettleTools, settle } from './settle.ts'
import { type RawSeen, readSights, type SightReaderTools } from './sight-reader.ts'
import type { Visit } from './visits.ts'

/** Differences settled in one transaction. */
const SETTLE_MAX = 16_000

export type SettleJobTools = Omit<JobTools, 'scans'> &
  SettleTools &
  SightReaderTools & {
    readonly hints: Hints
    readonly intake: EventIntake
    readonly scans: Scans
    readonly retries: Backoff<string>
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
  else await settleLimbo(tools, job.groups, reply)
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
      tools.retries.clear(folder.nodeId)
      for (const [offset, { name, cause }] of hints.entries()) {
        raws.push({ folder, name, cause, sight: sightAt(sights, answer.from + offset) })
      }
      continue
    }
    const now = tools.nowMs()
    const dueMs = answer.kind === 'later' ? now : now + tools.retries.next(folder.nodeId)
    // The time it was noticed stays: what is in limbo waits for every hint of before its time was over.
    for (const hint of hints) tools.hints.add(hint, answer.kind === 'later' ? hint.addedMs : now, dueMs)
    if (answer.kind !== 'later') notFound(tools, folder, answer)
  }
  await settle(tools, await readSights(tools, raws), new Set(), false)
}

async function settleLimbo(
  tools: SettleJobTools,
  groups: Extract<Job, { kind: 'limbo' }>['groups'],
  { answers, sights }: LookReply,
): Promise<void> {
  const raws: RawSeen[] = []
  const mayRemove = new Set<string>()
  for (const [at, { folder, entries }] of groups.entries()) {
    const answer = answers[at] as LookAnswer
    if (!folder.attached) continue
    for (const [offset, { row, deadlineMs }] of entries.entries()) {
      const sight = answer.kind === 'seen' ? sightAt(sights, answer.from + offset) : null
      // Only a place that could be looked at proves that nothing is there (I7).
      if (sight === null || sight.kind === 'unreadable') {
        if (sight !== null) tools.scans.unreadable(folder, sight.problem)
        tools.limbo.extend(row.nodeId, tools.nowMs())
        continue
      }
      if (deadlineMs <= tools.nowMs()) mayRemove.add(row.nodeId)
      raws.push({ folder, name: row.name, cause: 'touched', sight })
    }
    if (answer.kind === 'elsewhere' || answer.kind === 'unreadable') notFound(tools, folder, answer)
  }
  await settle(tools, await readSights(tools, raws), mayRemove, false)
}

async function settleVisits(
  tools: SettleJobTools,
  visits: readonly Visit[],
  { answers, sights }: LookReply,
): Promise<void> {
  const raws: RawSeen[] = []
  for (const [at, visit] of visits.entries()) {
    const answer = answers[at] as LookAnswer
    const { folder } = visit
    if (!folder.attached) continue
    if (answer.kind === 'seen') raws.push(...readListing(tools, visit, answer, sights))
    else if (answer.kind !== 'later') notFound(tools, folder, answer)
  }
  for (let from = 0; from < raws.length; from += SETTLE_MAX) {
    // Events and signals are taken in between.
    if (from > 0) await nextTurn()
    await settle(
      tools,
      await readSights(tools, raws.slice(from, from + SETTLE_MAX)),
      new Set(),
      tools.scans.isScanning(),
    )
  }
  for (const [at, visit] of visits.entries()) {
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
  tools.retries.clear(folder.nodeId)
  tools.scans.listed(folder, problemIn(sights, answer))
  const known = tools.known.listedChildren(folder.nodeId)
  const isEmptied = folder.parent === null && answer.from === answer.to && known.length > 0
  if (isEmptied && !tools.mayBeEmpty(folder)) return []
  const { device, nodeId } = folder
  const deviceNumber = BigInt(answer.folder.deviceNumber)
  const { differences, sameFolders } = compareListing(sights, answer, known, { device, deviceNumber }, tools.limbo.has)
  for (const child of sameFolders) ensureInTree(tools, { parentId: nodeId, name: child.name }, child)
  if (isDeep) for (const child of folder.children.values()) tools.visits.add(child, true)
  return differences.map(({ name, sight, isNew }): RawSeen => {
    const raw = { folder, name, sight, cause: 'scan' } as const
    return isNew ? { ...raw, known: undefined } : raw
  })
}

/** Why something that is listed could not be looked at, the first of them; null if all could. */
function problemIn({ problems }: LookReply['sights'], { from, to }: { from: number; to: number }): string | null {
  for (const [index, problem] of problems) if (index >= from && index < to) return problem
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
  if (answer.kind === 'unreadable') {
    takeWatch(tools, folder, answer.watch)
    tools.scans.unreadable(folder, answer.problem)
  }
  if (folder.parent === null) tools.onRootGone(folder)
  else if (answer.kind === 'elsewhere') {
    tools.hint({ parentId: folder.parent.nodeId, name: folder.name }, 'touched', 'now')
  }
}
