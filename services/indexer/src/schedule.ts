/** When a file's metadata is read: not before it has been quiet for a moment. */
import type { Seen } from './reconcile/seen.ts'
import type { Awaiting, Facts } from './store/store.ts'

/**
 * How long a file that no writer has closed, as far as is known, is left alone: a tenth of its age, within these. What has
 * been recorded for an hour is not read every time the recorder pauses for half a minute.
 */
const OPEN_QUIET_MIN_MS = 30_000
const OPEN_QUIET_MAX_MS = 600_000

/** Listed, and left alone until it changes. */
const SKIPPED: Awaiting = { state: 'skipped', dueMs: 0 }

export type Schedule = {
  /**
   * `isScanning`: what a scan finds is backlog, which fresh changes overtake. `skipsBeforeMs`: new files that a scan finds
   * are not to be read where they are older than this, by the clock on the wall; null for all are.
   */
  readonly awaiting: (seen: Seen, facts: Facts, isScanning: boolean, skipsBeforeMs: number | null) => Awaiting
}

/** @param wallMs the clock that the times of files go by, which may be set at any moment; what is due goes by `nowMs` */
export function createSchedule(settleMs: number, nowMs: () => number, wallMs: () => number): Schedule {
  return {
    awaiting: ({ cause, sight, known }, { ctime, birthTime }, isScanning, skipsBeforeMs) => {
      const isFirstFound = cause === 'scan' && known === undefined
      if (isFirstFound && skipsBeforeMs !== null && ctime / 1000 < skipsBeforeMs) return SKIPPED
      const now = Math.floor(nowMs())
      const isLinked = sight.kind === 'file' && sight.links > 1
      const ageMs = wallMs() - ctime / 1000
      // A listing finds it changed again before it could be read: it grows, in a folder that is not watched.
      const isGrowing = cause === 'scan' && known?.metadataState === 'fresh' && ageMs < OPEN_QUIET_MIN_MS
      if ((cause === 'created' && !isLinked) || cause === 'stale' || isGrowing) {
        return { state: 'fresh', dueMs: now + openQuietMs(wallMs(), birthTime) }
      }
      const isQuiet = ageMs > settleMs || ageMs < 0
      const state = cause === 'scan' && isScanning ? 'backlog' : 'fresh'
      return { state, dueMs: cause === 'scan' && isQuiet ? now : now + settleMs }
    },
  }
}

/** @param birthTime µs since 1970; 0 where the filesystem keeps none */
function openQuietMs(wallMs: number, birthTime: number): number {
  const tenthMs = birthTime === 0 ? 0 : Math.floor((wallMs - birthTime / 1000) / 10)
  return Math.min(Math.max(tenthMs, OPEN_QUIET_MIN_MS), OPEN_QUIET_MAX_MS)
}
