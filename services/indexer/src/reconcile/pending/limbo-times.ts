/**
 * Every time of limbo: how long a row may turn up elsewhere, and the reasons that give it more time.
 *
 * A row that is due is looked at. Whoever looks then releases the row or defers it for one of these reasons:
 *
 * | reason      | case                                                | gives              | until                         |
 * |-------------|-----------------------------------------------------|--------------------|-------------------------------|
 * | `unknown`   | the row's place could not be looked at              | 500 ms, 1 s … 60 s | it can be (I7)                |
 * | `away`      | the row's root is offline, or not met yet           | 500 ms, 1 s … 60 s | it is back (I7)               |
 * | `moving`    | the row's folder is on its way to another place     | 500 ms             | 10 s, then `unknown`          |
 * | `unmet`     | the row's folder is not met yet, its root is online | 500 ms             | 10 s, then release            |
 * | `unsettled` | a first scan ended a moment ago, and hints wait     | 500 ms             | 1.5 s, then a look            |
 * | `occupied`  | the row was found at a place that is not free yet   | 500 ms             | `isOverdue`, then removal     |
 * | `disturbed` | something happened during the look at the place     | another look       | 5 times, then the look counts |
 *
 * Times count from when the row may be settled (`sinceMs`). The tree of folders begins empty at each start, and a folder is
 * met where a look finds it. A row may be released before its folder is met: the listing of the folder misses it again.
 */

/** How long a row may turn up elsewhere, if nothing waits for its place or id (`grace`) or something does (`blocking`). */
export const GRACE_MS = { grace: 500, blocking: 50 } as const

/** How long a row waits for its folder to be met, or for the place where it was found to become free. */
const PATIENCE_MS = 10_000

/** How long after a first scan the things that moved during it may still turn up. */
export const TURBULENT_MS = 3_000

/**
 * - `growing` gives `firstMs`, then twice as much each time in a row, up to `lastMs`. - `steady` gives the same each time, but
 * nothing once the row's stay is `withinMs` old. - `counted` gives no time but another look, `timesMax` times a stay.
 */
export type Deferral =
  | { readonly kind: 'growing'; readonly firstMs: number; readonly lastMs: number }
  | { readonly kind: 'steady'; readonly givesMs: number; readonly withinMs: number }
  | { readonly kind: 'counted'; readonly timesMax: number }

const UNTIL_KNOWN: Deferral = { kind: 'growing', firstMs: GRACE_MS.grace, lastMs: 60_000 }

export type DeferReason = 'unknown' | 'away' | 'moving' | 'unmet' | 'unsettled' | 'occupied' | 'disturbed'

export const DEFERRALS: Readonly<Record<DeferReason, Deferral>> = {
  unknown: UNTIL_KNOWN,
  away: UNTIL_KNOWN,
  moving: { kind: 'steady', givesMs: GRACE_MS.grace, withinMs: PATIENCE_MS },
  unmet: { kind: 'steady', givesMs: GRACE_MS.grace, withinMs: PATIENCE_MS },
  unsettled: { kind: 'steady', givesMs: GRACE_MS.grace, withinMs: 1_500 },
  occupied: { kind: 'steady', givesMs: GRACE_MS.grace, withinMs: Number.POSITIVE_INFINITY },
  disturbed: { kind: 'counted', timesMax: 5 },
}

/** Whether a row is removed even if it was found at a place that is not free yet. */
export function isOverdue({ sinceMs }: { readonly sinceMs: number }, nowMs: number): boolean {
  return nowMs - sinceMs >= PATIENCE_MS
}
