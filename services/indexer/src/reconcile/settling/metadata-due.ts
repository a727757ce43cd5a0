/** When a file's metadata is read: not before it has been quiet for a moment. */

import type { Facts, MetadataDue } from '../../model/decision.ts'
import { isPresent, isSameThing, type Observation, type Place } from '../../model/observation.ts'
import type { Streak } from '../pending/writers.ts'

/** After the first and the second look at writes without a close: longer than until the next look, should there be more. */
const WRITTEN_QUIET_MS = [1_500, 6_000] as const
/**
 * How long a file that someone keeps writing to is left alone: a tenth of the time for which that went on, within these.
 * What has been recorded for an hour is not read every time the recorder pauses for half a minute.
 */
const OPEN_QUIET_MIN_MS = 30_000
const OPEN_QUIET_MAX_MS = 600_000

/** Listed, and left alone until it changes. */
const SKIPPED: MetadataDue = { state: 'skipped', dueMs: 0 }

export type ScheduleTools = {
  /** How long a file that nobody writes to must have been quiet. */
  readonly quietMs: number
  /** Writes at the place without a close, see `reconcile/writers.ts`. */
  readonly writes: (place: Place) => Streak | null
  /** Whether the kernel would tell of a write to what is in the folder. */
  readonly areWritesTold: (folderId: string) => boolean
  /** Not before when a file may be read that was tried in vain, ms since 1970; 0 for any other. */
  readonly notBeforeMs: (nodeId: string) => number
  readonly nowMs: () => number
  /** The clock that the times of files go by, which may be set at any moment; what is due goes by `nowMs`. */
  readonly wallMs: () => number
}

export type Schedule = {
  /**
   * `isScanning`: what a scan finds is backlog, which fresh changes overtake. `skipsBeforeMs`: new files that a scan finds
   * are not to be read where they are older than this, by the clock on the wall; null for all are.
   */
  readonly awaiting: (
    observation: Observation,
    facts: Facts,
    isScanning: boolean,
    skipsBeforeMs: number | null,
  ) => MetadataDue
}

export function createSchedule(tools: ScheduleTools): Schedule {
  const { quietMs, writes, areWritesTold, nowMs, wallMs } = tools
  const awaitingQuiet: Schedule['awaiting'] = (observation, { ctime, birthTime }, isScanning, skipsBeforeMs) => {
    const { cause } = observation
    const isFirstFound = cause === 'scan' && observation.known === undefined
    if (isFirstFound && skipsBeforeMs !== null && ctime / 1000 < skipsBeforeMs) return SKIPPED
    const now = Math.floor(nowMs())
    const streak = cause === 'written' ? null : writes(observation)
    if (streak !== null) return { state: 'fresh', dueMs: now + streakQuietMs(streak, now) }
    if (cause === 'modified') return { state: 'fresh', dueMs: now + WRITTEN_QUIET_MS[0] }
    // Another file that has its place by now, as programs save theirs, is nobody's to wait for.
    if (cause === 'stale' && isOfRow(observation))
      return { state: 'fresh', dueMs: now + openQuietMs(wallMs(), birthTime) }
    const ageMs = wallMs() - ctime / 1000
    const isRecent = ageMs < OPEN_QUIET_MIN_MS
    // Where nothing is told of writers, a listing that finds it changed again before it was read says that it grows.
    if (cause === 'scan' && isRecent && isStillUnread(observation) && !areWritesTold(observation.parentId)) {
      return { state: 'fresh', dueMs: now + openQuietMs(wallMs(), birthTime) }
    }
    const isQuiet = ageMs > quietMs || ageMs < 0
    const state = cause === 'scan' && isScanning ? 'backlog' : 'fresh'
    return { state, dueMs: cause === 'scan' && isQuiet ? now : now + quietMs }
  }
  return {
    awaiting: (observation, facts, isScanning, skipsBeforeMs) => {
      const { state, dueMs } = awaitingQuiet(observation, facts, isScanning, skipsBeforeMs)
      // A file that was tried in vain keeps its pause, however often it changes and is closed meanwhile.
      const notBeforeMs =
        observation.known !== undefined && isOfRow(observation) ? tools.notBeforeMs(observation.known.nodeId) : 0
      return { state, dueMs: Math.max(dueMs, Math.floor(notBeforeMs)) }
    },
  }
}

/** Whether the very file was seen before and not read since. Another one that has its name by now did not grow. */
function isStillUnread(observation: Observation): boolean {
  return observation.known?.metadataState === 'fresh' && isOfRow(observation)
}

/** Whether the file that is there is the one that was known there. */
function isOfRow({ known, sight }: Observation): boolean {
  return known !== undefined && isPresent(sight) && isSameThing(known, sight)
}

function streakQuietMs({ looks, sinceMs }: Streak, nowMs: number): number {
  return WRITTEN_QUIET_MS[looks - 1] ?? tenthOf(nowMs - sinceMs)
}

/** @param birthTime µs since 1970; 0 where the filesystem keeps none */
function openQuietMs(nowMs: number, birthTime: number): number {
  return tenthOf(birthTime === 0 ? 0 : nowMs - birthTime / 1000)
}

function tenthOf(ms: number): number {
  return Math.min(Math.max(Math.floor(ms / 10), OPEN_QUIET_MIN_MS), OPEN_QUIET_MAX_MS)
}
