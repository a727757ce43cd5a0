/** How old the heartbeat in the indexer's status row is, by a reader's own clock. */

/** The indexer writes its status once a minute even if nothing happens: with an older heartbeat it is gone. */
export const HEARTBEAT_AGE_MAX_MS = 150_000

/** The clocks of two machines may differ by this much without a problem. */
const AHEAD_TOLERATED_MS = 120_000

/**
 * The age in ms. A heartbeat well in the future was written before the clock was set back. It says nothing about now,
 * and counts as if it were as far in the past.
 *
 * @param heartbeatMs by the wall clock, as the indexer writes it
 * @param nowMs by the wall clock too
 */
export function heartbeatAgeMs(heartbeatMs: number, nowMs: number): number {
  const ageMs = nowMs - heartbeatMs
  return ageMs < -AHEAD_TOLERATED_MS ? -ageMs : Math.max(0, ageMs)
}
