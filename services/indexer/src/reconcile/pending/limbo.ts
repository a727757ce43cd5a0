/**
 * Limbo has the rows whose place no longer holds them. Such a row stays visible where it was until it turns up elsewhere (a
 * move) or a look confirms that it is gone (a removal). Its stay is a state machine; `limbo-times.ts` has the times.
 *
 * | state        | meaning                                                       | the row is due                |
 * |--------------|---------------------------------------------------------------|-------------------------------|
 * | `after-scan` | a scan is under way and may meet the row anywhere             | never                         |
 * | `grace`      | the row may turn up elsewhere                                 | after 500 ms                  |
 * | `blocking`   | the same, and something waits for the row's place or id       | after 50 ms                   |
 * | `deferred`   | `times` looks in a row could not tell whether the row is gone | after 500 ms, 1 s, 2 s … 60 s |
 *
 * | event                        | `after-scan`       | `grace`                | `blocking` | `deferred`       |
 * |------------------------------|--------------------|------------------------|------------|------------------|
 * | `put`                        |                    |                        |            | `was`, in 500 ms |
 * | `put`, blocks                | `blocking`         | `blocking`             |            | `was`, in 500 ms |
 * | `put`, blocks, is after scan | `next`: `blocking` | `blocking`, due as now |            | `was`, in 500 ms |
 * | `scanEnded`                  | `next`             |                        |            |                  |
 * | `defer`, a reason that grows |                    | `deferred`             | `deferred` | `times` + 1      |
 * | `defer`, another reason      |                    | due then               | due then   | due then         |
 * | `release`                    | leaves             | leaves                 | leaves     | leaves           |
 *
 * An empty cell changes nothing. A `put` never makes a row due later than it was. The first `put` begins a stay, in
 * `after-scan` if the option says so, else in `blocking` if the row blocks, else in `grace`. The age of a stay (`sinceMs`)
 * bounds reasons to defer it; it counts from that `put`, or from when the stay leaves `after-scan`.
 *
 * Rows are released by `settling/settle.ts` (found, made anew or removed), `removal/settle-limbo.ts` (moved), `looking/jobs.ts`
 * (the row is gone, or its folder stays unmet) and `roots/attach-root.ts` (decided with the root).
 */

import type { KnownNode } from '../../model/known-node.ts'
import type { Place } from '../../model/observation.ts'
import { DEFERRALS, type DeferReason, type Deferral, GRACE_MS } from './limbo-times.ts'

type GraceKind = keyof typeof GRACE_MS

/** Times are ms since 1970. */
export type LimboState =
  | { readonly kind: 'after-scan'; readonly next: GraceKind }
  | { readonly kind: GraceKind; readonly dueMs: number }
  | { readonly kind: 'deferred'; readonly was: GraceKind; readonly times: number; readonly dueMs: number }

/** The stay of a row in limbo. Only limbo changes it. */
export type LimboEntry = {
  readonly row: KnownNode
  readonly state: LimboState
  /** Since when the row may be settled, ms since 1970. */
  readonly sinceMs: number
  /** The place where something waits for the row's id, because the row's inode number is used again. Null if nothing does. */
  readonly heir: Place | null
  /** How often the row was deferred because something happened while its place was looked at. */
  readonly disturbances: number
  /** Whether the row's inode number was given by an earlier mount, so that it identifies nothing. */
  readonly isOfEarlierMount: boolean
}

type PutOptions = {
  /** Whether something waits for the row's place, or, at `heir`, for its id. */
  readonly blocks: boolean
  /** Whether a new stay waits for the end of the scans. */
  readonly isAfterScan: boolean
  readonly nowMs: number
  readonly heir?: Place | null
  readonly isOfEarlierMount?: boolean
}

export type Limbo = {
  readonly isEmpty: () => boolean
  readonly has: (nodeId: string) => boolean
  readonly get: (nodeId: string) => LimboEntry | undefined
  readonly entries: () => Iterable<LimboEntry>
  /** Begins a row's stay, or tells the one under way that the row is still missing. */
  readonly put: (row: KnownNode, options: PutOptions) => void
  /** Ends a stay. An entry names this very stay: by now another row may be in limbo under the same id. */
  readonly release: (which: string | LimboEntry) => void
  /** Gives a row more time. False if the row has had all that the reason gives, or is not in limbo. */
  readonly defer: (nodeId: string, reason: DeferReason, nowMs: number) => boolean
  readonly scanEnded: (nowMs: number) => void
  /** Marks the rows of a filesystem that is mounted anew: their inode numbers were given by an earlier mount. */
  readonly mountedAnew: (device: string) => void
  /** The entries whose due time is not after `nowMs`. */
  readonly due: (nowMs: number) => LimboEntry[]
  /** Not later than the next deadline; null if there is none. */
  readonly nextDeadlineMs: () => number | null
}

type Stay = { -readonly [Key in keyof LimboEntry]: LimboEntry[Key] }

export function createLimbo(): Limbo {
  const entries = new Map<string, Stay>()
  let earliestMs = Number.POSITIVE_INFINITY
  const enter = (entry: Stay, state: LimboState) => {
    entry.state = state
    earliestMs = Math.min(earliestMs, dueMsOf(entry))
  }
  return {
    isEmpty: () => entries.size === 0,
    has: (nodeId) => entries.has(nodeId),
    get: (nodeId) => entries.get(nodeId),
    entries: () => entries.values(),
    put: (row, options) => {
      const { nowMs, heir = null, isOfEarlierMount = false } = options
      const entry = entries.get(row.nodeId)
      if (entry === undefined) {
        const state = firstState(options)
        const added: Stay = { row, state, sinceMs: nowMs, heir, disturbances: 0, isOfEarlierMount }
        entries.set(row.nodeId, added)
        enter(added, state)
        return
      }
      entry.heir = heir ?? entry.heir
      const next = putAgain(entry.state, options)
      if (isAfterScan(entry) && next.kind !== 'after-scan') entry.sinceMs = nowMs
      enter(entry, next)
    },
    release: (which) => {
      const nodeId = typeof which === 'string' ? which : which.row.nodeId
      if (typeof which === 'string' || entries.get(nodeId) === which) entries.delete(nodeId)
    },
    defer: (nodeId, reason, nowMs) => {
      const entry = entries.get(nodeId)
      const deferral = DEFERRALS[reason]
      if (entry === undefined || isExhausted(entry, deferral, nowMs)) return false
      if (deferral.kind === 'counted' && !isAfterScan(entry)) entry.disturbances += 1
      enter(entry, deferred(entry.state, deferral, nowMs))
      return true
    },
    scanEnded: (nowMs) => {
      for (const entry of entries.values()) {
        if (entry.state.kind !== 'after-scan') continue
        entry.sinceMs = nowMs
        enter(entry, graceFrom(entry.state.next, nowMs))
      }
    },
    mountedAnew: (device) => {
      for (const entry of entries.values()) if (entry.row.device === device) entry.isOfEarlierMount = true
    },
    due: (nowMs) => {
      if (earliestMs > nowMs) return []
      const due: LimboEntry[] = []
      earliestMs = Number.POSITIVE_INFINITY
      for (const entry of entries.values()) {
        const dueMs = dueMsOf(entry)
        if (dueMs <= nowMs) due.push(entry)
        earliestMs = Math.min(earliestMs, dueMs)
      }
      return due
    },
    nextDeadlineMs: () => (earliestMs === Number.POSITIVE_INFINITY ? null : earliestMs),
  }
}

/** When the row is due, ms since 1970; Infinity while it waits for the end of a scan. */
export function dueMsOf({ state }: LimboEntry): number {
  return state.kind === 'after-scan' ? Number.POSITIVE_INFINITY : state.dueMs
}

/** Whether something waits for the row's place, or for its id. */
export function isBlocking({ state }: LimboEntry): boolean {
  return graceKindOf(state) === 'blocking'
}

function isAfterScan({ state }: LimboEntry): boolean {
  return state.kind === 'after-scan'
}

function graceKindOf(state: LimboState): GraceKind {
  if (state.kind === 'after-scan') return state.next
  return state.kind === 'deferred' ? state.was : state.kind
}

function graceFrom(kind: GraceKind, nowMs: number): LimboState {
  return { kind, dueMs: nowMs + GRACE_MS[kind] }
}

function firstState({ blocks, isAfterScan, nowMs }: PutOptions): LimboState {
  const kind = blocks ? 'blocking' : 'grace'
  return isAfterScan ? { kind: 'after-scan', next: kind } : graceFrom(kind, nowMs)
}

function putAgain(state: LimboState, { blocks, isAfterScan, nowMs }: PutOptions): LimboState {
  // A look at its place succeeded.
  if (state.kind === 'deferred') return { kind: state.was, dueMs: Math.min(state.dueMs, nowMs + GRACE_MS.grace) }
  if (!blocks || graceKindOf(state) === 'blocking') return state
  if (state.kind === 'after-scan') {
    // A scan does not hold up what waits.
    return isAfterScan ? { kind: 'after-scan', next: 'blocking' } : graceFrom('blocking', nowMs)
  }
  const soonestMs = isAfterScan ? Number.POSITIVE_INFINITY : nowMs + GRACE_MS.blocking
  return { kind: 'blocking', dueMs: Math.min(state.dueMs, soonestMs) }
}

function isExhausted({ sinceMs, disturbances }: LimboEntry, deferral: Deferral, nowMs: number): boolean {
  if (deferral.kind === 'counted') return disturbances >= deferral.timesMax
  return deferral.kind === 'steady' && nowMs - sinceMs >= deferral.withinMs
}

function deferred(state: LimboState, deferral: Deferral, nowMs: number): LimboState {
  if (state.kind === 'after-scan') return state
  if (deferral.kind !== 'growing') {
    return { ...state, dueMs: nowMs + (deferral.kind === 'steady' ? deferral.givesMs : 0) }
  }
  const timesBefore = state.kind === 'deferred' ? state.times : 0
  const dueMs = nowMs + Math.min(deferral.firstMs * 2 ** timesBefore, deferral.lastMs)
  return { kind: 'deferred', was: graceKindOf(state), times: timesBefore + 1, dueMs }
}
