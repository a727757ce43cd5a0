/**
 * The gate lets rows that are due be looked at only after everything that happened before they were due is settled. The
 * rows stay in limbo until then; `settle-limbo.ts` decides what becomes of a row after the look. Without the gate the indexer would remove a row whose thing has moved
 * to a place that a hint already names.
 *
 * | barrier  | what it waits for                                                        | then                             |
 * |----------|--------------------------------------------------------------------------|----------------------------------|
 * | `none`   | a row that is due                                                        | `asked`                          |
 * | `asked`  | the kernel's queue to be drained                                         | `passed`                         |
 * | `passed` | every hint known by then to be settled, and every visit but for a scan's | the rows go; the barrier is gone |
 *
 * Visits count because the visit of a new folder finds what moved into the folder. A scan has too many visits to wait for.
 */
import type { Hints } from '../pending/hints.ts'
import type { Limbo, LimboEntry } from '../pending/limbo.ts'
import { TURBULENT_MS } from '../pending/limbo-times.ts'
import type { Visits } from '../pending/visits.ts'
import type { Roots } from '../roots/roots.ts'

export type LimboGateTools = {
  readonly pending: {
    readonly limbo: Pick<Limbo, 'due' | 'defer' | 'nextDeadlineMs'>
    readonly hints: Pick<Hints, 'size' | 'areSettled'>
    readonly visits: Pick<Visits, 'areOpen'>
  }
  readonly roots: Pick<Roots, 'isDiscovering' | 'isScanning'>
  readonly nowMs: () => number
  /** Resolves when every event queued by now has been taken in. */
  readonly drained: () => Promise<void>
}

export type LimboGate = {
  /** The rows that may be looked at now. None while the gate waits. */
  readonly takeDue: () => readonly LimboEntry[]
  /** When to call `takeDue` again, ms since 1970. Infinity if `wake` will say, or if limbo is empty. */
  readonly nextMs: () => number
}

type Barrier =
  | { readonly kind: 'none' }
  | { readonly kind: 'asked' }
  | { readonly kind: 'passed'; readonly askedMs: number; readonly passedMs: number }

/** @param wake called when the barrier is passed, so that `takeDue` may give rows */
export function createLimboGate(tools: LimboGateTools, wake: () => void): LimboGate {
  const { roots, nowMs } = tools
  const { limbo, hints, visits } = tools.pending
  let barrier: Barrier = { kind: 'none' }
  let discoveredMs = Number.NEGATIVE_INFINITY
  const ask = async () => {
    const askedMs = nowMs()
    barrier = { kind: 'asked' }
    await tools.drained()
    barrier = { kind: 'passed', askedMs, passedMs: nowMs() }
    wake()
  }
  /**
   * Whether a row waits for places that are tried again. A thing that moved during the first scan of a root may be behind
   * such a place. At any other time no row waits for them.
   */
  const isDeferred = ({ row }: LimboEntry): boolean => {
    const isTurbulent = nowMs() - discoveredMs <= TURBULENT_MS
    return isTurbulent && hints.size() > 0 && limbo.defer(row.nodeId, 'unsettled', nowMs())
  }
  return {
    takeDue: () => {
      if (roots.isDiscovering()) discoveredMs = nowMs()
      if (barrier.kind === 'none' && limbo.due(nowMs()).length > 0) void ask()
      if (barrier.kind !== 'passed' || !hints.areSettled(barrier.passedMs)) return []
      if (visits.areOpen() && !roots.isScanning()) return []
      const due = limbo.due(barrier.askedMs)
      barrier = { kind: 'none' }
      return due.filter((entry) => !isDeferred(entry))
    },
    nextMs: () =>
      barrier.kind === 'none' ? (limbo.nextDeadlineMs() ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY,
  }
}
