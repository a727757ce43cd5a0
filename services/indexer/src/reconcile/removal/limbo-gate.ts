/** When rows may leave limbo. */
import type { LimboEntry } from '../pending/limbo.ts'
import { TURBULENT_MS } from '../pending/limbo-times.ts'
import type { SettleJobTools } from '../settling/tools.ts'

/**
 * Lets rows out of limbo only when everything that happened before their time was over has been taken in and looked at:
 * the kernel's queue is drained first, then every hint of that time is settled. What went into a new folder is found by
 * its visit, so those are waited for too, but for the many of a scan.
 */
export function createLimboGate(tools: SettleJobTools, wake: () => void) {
  const { limbo, hints, visits, roots, nowMs, drained, areHintsUnderWay } = tools
  let discoveredMs = Number.NEGATIVE_INFINITY
  /**
   * Whether a row waits on. What moved while a root was scanned for the first time may be behind places that are still
   * being tried again; at any other time nothing waits for those.
   */
  const waitsOn = ({ row }: LimboEntry, now: number): boolean =>
    now - discoveredMs <= TURBULENT_MS && hints.size() > 0 && limbo.defer(row.nodeId, 'unsettled', now)
  let barrier: { readonly askedMs: number; passedMs: number | null } | null = null
  return {
    takeDue: (): LimboEntry[] => {
      if (roots.isDiscovering()) discoveredMs = nowMs()
      if (barrier === null) {
        if (limbo.due(nowMs()).length === 0) return []
        const asked: { askedMs: number; passedMs: number | null } = { askedMs: nowMs(), passedMs: null }
        barrier = asked
        void drained().then(() => {
          asked.passedMs = nowMs()
          wake()
        })
      }
      if (barrier.passedMs === null || hints.hasSince(barrier.passedMs) || areHintsUnderWay()) return []
      if (visits.areOpen() && !roots.isScanning()) return []
      const due = limbo.due(barrier.askedMs)
      barrier = null
      return due.filter((entry) => !waitsOn(entry, nowMs()))
    },
    /** When there may be something to take, ms since 1970. */
    nextMs: () => (barrier === null ? (limbo.nextDeadlineMs() ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY),
  }
}
