/**
 * The gate lets rows out of limbo to be looked at, and maybe removed, only when everything that happened before they were
 * due is taken in and settled; whether one then goes is said by `settle-limbo.ts`. Else a row would be removed whose thing
 * has moved to a place of which a hint already tells.
 *
 * | barrier  | what it waits for                                                        | then                             |
 * |----------|--------------------------------------------------------------------------|----------------------------------|
 * | `none`   | a row that is due                                                        | `asked`                          |
 * | `asked`  | the kernel's queue to be drained                                         | `passed`                         |
 * | `passed` | every hint known by then to be settled, and every visit but for a scan's | the rows go; the barrier is gone |
 *
 * Visits count because what went into a new folder is found by the visit of the folder. A scan has too many of them.
 */
import type { Hints } from '../pending/hints.ts'
import type { Limbo, LimboEntry } from '../pending/limbo.ts'
import { TURBULENT_MS } from '../pending/limbo-times.ts'
import type { Visits } from '../pending/visits.ts'
import type { Roots } from '../roots/roots.ts'
import { areSettled } from './tools.ts'

export type LimboGateTools = {
  readonly limbo: Pick<Limbo, 'due' | 'defer' | 'nextDeadlineMs'>
  readonly hints: Pick<Hints, 'size' | 'hasSince'>
  readonly visits: Pick<Visits, 'areOpen'>
  readonly roots: Pick<Roots, 'isDiscovering' | 'isScanning'>
  readonly nowMs: () => number
  /** Resolves when every event queued by now has been taken in. */
  readonly drained: () => Promise<void>
  /** Whether places are being looked at that events told of. */
  readonly areHintsUnderWay: () => boolean
}

export type LimboGate = {
  /** Rows that may be looked at now; none while the gate waits. */
  readonly takeDue: () => readonly LimboEntry[]
  /** When `takeDue` is to be called next, ms since 1970; Infinity while a call of `wake` will tell, and for never. */
  readonly nextMs: () => number
}

type Barrier =
  | { readonly kind: 'none' }
  | { readonly kind: 'asked' }
  | { readonly kind: 'passed'; readonly askedMs: number; readonly passedMs: number }

/** @param wake called when the barrier is passed, so that `takeDue` may give something */
export function createLimboGate(tools: LimboGateTools, wake: () => void): LimboGate {
  const { limbo, hints, visits, roots, nowMs } = tools
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
   * Whether a row waits for the places that are tried again: what moved while a root was scanned for the first time may be
   * behind them. At any other time nothing waits for those.
   */
  const isDeferred = ({ row }: LimboEntry): boolean => {
    const isTurbulent = nowMs() - discoveredMs <= TURBULENT_MS
    return isTurbulent && hints.size() > 0 && limbo.defer(row.nodeId, 'unsettled', nowMs())
  }
  return {
    takeDue: () => {
      if (roots.isDiscovering()) discoveredMs = nowMs()
      if (barrier.kind === 'none' && limbo.due(nowMs()).length > 0) void ask()
      if (barrier.kind !== 'passed' || !areSettled(tools, barrier.passedMs)) return []
      if (visits.areOpen() && !roots.isScanning()) return []
      const due = limbo.due(barrier.askedMs)
      barrier = { kind: 'none' }
      return due.filter((entry) => !isDeferred(entry))
    },
    nextMs: () =>
      barrier.kind === 'none' ? (limbo.nextDeadlineMs() ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY,
  }
}
