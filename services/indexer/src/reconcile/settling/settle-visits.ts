/** Settles the listings of folders. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { isPassing } from '@drive-feed/shared/passing-errors.ts'
import type { Clock } from '../../model/clock.ts'
import type { Folder } from '../../model/folder-tree.ts'
import type { FileSight } from '../../model/sight.ts'
import { release } from '../../model/sights.ts'
import type { LookAnswer } from '../../scan/look.ts'
import type { LookReply } from '../../scan/observer.ts'
import { compareListing } from '../looking/listing.ts'
import type { RawObservation } from '../looking/sight-reader.ts'
import type { Visit } from '../pending/visits.ts'
import { addFiles, type FoundFiles } from './add-files.ts'
import type { NewFilesDue } from './metadata-due.ts'
import { ensureInTree } from './place-folder.ts'
import { NOTHING_ENDS } from './settle.ts'
import type { SettlingTools } from './tools.ts'

/** Differences settled in one transaction. */
const SETTLE_MAX = 16_000

/** A file that got its name within this time may still be open under its former name. */
const JUST_MADE_MS = 10_000

export async function settleVisits(
  tools: SettlingTools,
  visits: readonly Visit[],
  { answers, sights }: LookReply,
): Promise<void> {
  /** Folders in which a row could not be compared. */
  const unreadable = new Set<string>()
  const raws: RawObservation[] = []
  const files: FoundFiles[] = []
  for (const [at, visit] of visits.entries()) {
    const answer = answers[at] as LookAnswer
    const { folder } = visit
    if (!folder.attached) continue
    // One by one: there may be more in a folder than a call takes arguments.
    if (answer.kind === 'seen') for (const raw of readListing(tools, visit, answer, { sights, files })) raws.push(raw)
    else if (answer.kind !== 'later') tools.folderAnswers.notFound(folder, answer)
  }
  // Before anything is waited for: what is known of them now would be no longer true.
  for (const raw of addFiles(tools, files, sights)) raws.push(raw)
  // What is left is objects.
  release(sights)
  for (let from = 0; from < raws.length; from += SETTLE_MAX) {
    // Events and signals are taken in between two transactions.
    if (from > 0) await nextTurn()
    const observations = await tools.readSights(raws.slice(from, from + SETTLE_MAX))
    for (const { parentId, sight } of observations) if (sight.kind === 'unreadable') unreadable.add(parentId)
    await tools.settle(observations, NOTHING_ENDS, tools.layout.roots.isScanning)
  }
  for (const [at, visit] of visits.entries()) {
    if (answers[at]?.kind === 'seen') visit.folder.isCompared = !unreadable.has(visit.folder.nodeId)
    if (answers[at]?.kind === 'later') tools.pending.visits.putBack(visit)
    else tools.pending.visits.done(visit)
  }
}

/** Notes the folder's watch, and gives what differs from the rows. Plain new files go to `files`. */
function readListing(
  tools: SettlingTools,
  { folder, isDeep }: Visit,
  answer: Extract<LookAnswer, { kind: 'seen' }>,
  { sights, files }: { readonly sights: LookReply['sights']; readonly files: FoundFiles[] },
): RawObservation[] {
  const { pending, coverage, folderAnswers } = tools
  folderAnswers.takeWatch(folder, answer.watch)
  const isHeldBack = answer.watch.kind === 'not-asked' && folder.watch === null && folder.root.inotifyFd !== null
  if (isHeldBack) coverage.refused(folder, 'max_user_watches')
  folderAnswers.found(folder)
  coverage.listed(folder, problemIn(sights, answer))
  const known = tools.known.listedChildren(folder.nodeId)
  const isEmptied = folder.parent === null && answer.from === answer.to && known.length > 0
  if (isEmptied && !folderAnswers.mayBeEmpty(folder)) return []
  if (folder.parent === null) folder.root.isListed = true
  const { device, nodeId } = folder
  const deviceNumber = BigInt(answer.folder.deviceNumber)
  const newcomers = newFilesIn(tools, folder, answer.folder.deviceNumber)
  const { differences, sameFolders, newFiles, isChanged } = compareListing(
    sights,
    answer,
    known,
    { device, deviceNumber, changedBeforeMs: newcomers?.changedBeforeMs },
    pending.limbo.has,
  )
  if (newcomers !== null && newFiles.length > 0) files.push({ folder, indexes: newFiles, awaiting: newcomers.awaiting })
  if (isChanged) coverage.stirred(folder)
  for (const child of sameFolders) ensureInTree(tools, { parentId: nodeId, name: child.name }, child)
  if (isDeep) for (const child of folder.children.values()) pending.visits.add(child, true)
  return differences.map(({ name, sight, isNew }): RawObservation => {
    const raw = { folder, name, sight, cause: 'scan' } as const
    if (sight.kind === 'unreadable' && isPassing(sight.problem))
      pending.hint({ parentId: nodeId, name }, 'scan', 'again')
    if (isNew && sight.kind === 'file' && isJustMade(tools.clock, sight))
      pending.revisits.put(folder, name, sight, tools.clock.nowMs())
    return isNew ? { ...raw, known: undefined } : raw
  })
}

/**
 * When the plain new files in a folder are to be read, and before which time (ms since 1970, by the wall clock) they must
 * have changed last. Null if each must be decided about: inode numbers that pass may be those of other files.
 */
function newFilesIn(
  { layout: { devices }, clock, newFiles }: SettlingTools,
  folder: Folder,
  deviceNumber: string,
): NewFilesDue | null {
  if (devices.nameOf(deviceNumber) !== folder.device || devices.numberKind(folder.device) !== 'lasting') return null
  const { changedBeforeMs, awaiting } = newFiles.due(folder)
  return { awaiting, changedBeforeMs: Math.min(changedBeforeMs, clock.wallMs() - JUST_MADE_MS) }
}

/** Whether a file was made, linked or moved here a moment ago: it may be open under a name without a watch. */
function isJustMade({ wallMs }: Clock, { ctime }: FileSight): boolean {
  return Math.abs(wallMs() - ctime / 1000) < JUST_MADE_MS
}

/** Why the first entry that could not be looked at could not be; null if every entry could, or soon can. */
function problemIn({ problems }: LookReply['sights'], { from, to }: { from: number; to: number }): string | null {
  for (const [index, problem] of problems) if (index >= from && index < to && !isPassing(problem)) return problem
  return null
}
