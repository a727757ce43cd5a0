/** When a file's metadata is read: not before it has been quiet for a moment. */
import type { Seen } from './reconcile/seen.ts'
import type { Awaiting, Facts } from './store/store.ts'

/** How long a file that no writer has closed, as far as is known, is left alone. */
const OPEN_QUIET_MS = 30_000

export type Schedule = {
  /** `isScanning`: what a scan finds is backlog, which fresh changes overtake. */
  readonly awaiting: (seen: Seen, facts: Facts, isScanning: boolean) => Awaiting
}

export function createSchedule(settleMs: number, nowMs: () => number): Schedule {
  return {
    awaiting: ({ cause, sight }, { ctime }, isScanning) => {
      const now = Math.floor(nowMs())
      const isLinked = sight.kind === 'file' && sight.links > 1
      if ((cause === 'created' && !isLinked) || cause === 'stale') return { state: 'fresh', dueMs: now + OPEN_QUIET_MS }
      const ageMs = now - ctime / 1000
      const isQuiet = ageMs > settleMs || ageMs < 0
      const state = cause === 'scan' && isScanning ? 'backlog' : 'fresh'
      return { state, dueMs: cause === 'scan' && isQuiet ? now : now + settleMs }
    },
  }
}
