/** Says when a file's metadata is read: not before the file has been quiet for a while. */
import type { Facts, MetadataDue } from '../../model/decision.ts'
import { isPresent, isSameThing, type Observation, type Place } from '../../model/observation.ts'
import type { Streak } from '../pending/writers.ts'

/** After the first and the second look at writes without a close. Each is longer than the pause before the next look. */
const WRITTEN_QUIET_MS = [1_500, 6_000] as const
/**
 * A file that someone keeps writing to is left alone for a tenth of the time since the writes began, within these limits.
 * So a recording of an hour is not read each time the recorder pauses for half a minute.
 */
const OPEN_QUIET_MIN_MS = 30_000
const OPEN_QUIET_MAX_MS = 600_000

/** Listed, and left alone until it changes. */
const SKIPPED: MetadataDue = { state: 'skipped', dueMs: 0 }

export type ScheduleTools = {
  /** How long a file that nobody writes to must have been quiet. */
  readonly quietMs: number
  /** Writes at the place without a close, see `pending/writers.ts`. */
  readonly writes: (place: Place, inode: string) => Streak | null
  /** Whether the kernel reports writes to the files in the folder. */
  readonly areWritesReported: (folderId: string) => boolean
  /** The earliest time to read a file that was tried in vain, ms since 1970; 0 for any other file. */
  readonly notBeforeMs: (nodeId: string) => number
  readonly nowMs: () => number
  /** The clock that the times of files go by, which may be set at any moment; what is due goes by `nowMs`. */
  readonly wallMs: () => number
}

export type Schedule = {
  /**
   * `isScanning`: what a scan finds is backlog, and fresh changes go first. `skipsBeforeMs`: a new file that a scan finds
   * is skipped if it is older than this, by the wall clock; null if none is.
   */
  readonly awaiting: (
    observation: Observation,
    facts: Facts,
    isScanning: boolean,
    skipsBeforeMs: number | null,
  ) => MetadataDue
  /** The same for all new files that a scan finds, and to which nobody writes. */
  readonly newFiles: (isScanning: boolean, skipsBeforeMs: number | null) => NewFilesDue
}

/** `changedBeforeMs`: it holds for those with an earlier ctime; ms since 1970, by the wall clock. */
export type NewFilesDue = { readonly changedBeforeMs: number; readonly awaiting: MetadataDue }

export function createSchedule(tools: ScheduleTools): Schedule {
  const { quietMs, writes, areWritesReported, nowMs, wallMs } = tools
  const awaitingQuiet: Schedule['awaiting'] = (observation, { ctime, birthTime, inode }, isScanning, skipsBeforeMs) => {
    const { cause } = observation
    const isFirstFound = cause === 'scan' && observation.known === undefined
    if (isFirstFound && skipsBeforeMs !== null && ctime / 1000 < skipsBeforeMs) return SKIPPED
    const now = Math.floor(nowMs())
    const streak = cause === 'written' ? null : writes(observation, inode)
    if (streak !== null) return { state: 'fresh', dueMs: now + streakQuietMs(streak, now) }
    if (cause === 'modified') return { state: 'fresh', dueMs: now + WRITTEN_QUIET_MS[0] }
    // Another file at the place, as programs save theirs, has no writer to wait for.
    if (cause === 'stale' && isOfRow(observation))
      return { state: 'fresh', dueMs: now + openQuietMs(wallMs(), birthTime) }
    const ageMs = wallMs() - ctime / 1000
    const isRecent = ageMs < OPEN_QUIET_MIN_MS
    // Without events of writes, a listing that finds an unread file changed again shows that the file grows.
    if (cause === 'scan' && isRecent && isStillUnread(observation) && !areWritesReported(observation.parentId)) {
      return { state: 'fresh', dueMs: now + openQuietMs(wallMs(), birthTime) }
    }
    const isQuiet = ageMs > quietMs || ageMs < 0
    const state = cause === 'scan' && isScanning ? 'backlog' : 'fresh'
    return { state, dueMs: cause === 'scan' && isQuiet ? now : now + quietMs }
  }
  return {
    awaiting: (observation, facts, isScanning, skipsBeforeMs) => {
      const { state, dueMs } = awaitingQuiet(observation, facts, isScanning, skipsBeforeMs)
      // A file that was tried in vain keeps its pause, however often it is written to and closed during the pause.
      const notBeforeMs =
        observation.known !== undefined && isOfRow(observation) ? tools.notBeforeMs(observation.known.nodeId) : 0
      return { state, dueMs: Math.max(dueMs, Math.floor(notBeforeMs)) }
    },
    newFiles: (isScanning, skipsBeforeMs) => {
      const changedBeforeMs = Math.min(wallMs() - quietMs, skipsBeforeMs ?? Number.POSITIVE_INFINITY)
      if (skipsBeforeMs !== null) return { changedBeforeMs, awaiting: SKIPPED }
      return { changedBeforeMs, awaiting: { state: isScanning ? 'backlog' : 'fresh', dueMs: Math.floor(nowMs()) } }
    },
  }
}

/** Whether this very file was seen before and not read since. Another file under its name did not grow. */
function isStillUnread(observation: Observation): boolean {
  return observation.known?.metadataState === 'fresh' && isOfRow(observation)
}

/** Whether the file at the place is the one that its row is about. */
function isOfRow({ known, sight }: Observation): boolean {
  return known !== undefined && isPresent(sight) && isSameThing(known, sight)
}

function streakQuietMs({ looks, sinceMs }: Streak, nowMs: number): number {
  return WRITTEN_QUIET_MS[looks - 1] ?? tenthOf(nowMs - sinceMs)
}

/** @param birthTime µs since 1970; 0 if the filesystem keeps none */
function openQuietMs(nowMs: number, birthTime: number): number {
  return tenthOf(birthTime === 0 ? 0 : nowMs - birthTime / 1000)
}

function tenthOf(ms: number): number {
  return Math.min(Math.max(Math.floor(ms / 10), OPEN_QUIET_MIN_MS), OPEN_QUIET_MAX_MS)
}
