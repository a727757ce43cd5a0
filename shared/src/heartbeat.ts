/** How long ago an indexer was heard of, told by the heartbeat in its status row and a reader's own clock. */

/** The indexer writes its status once a minute even when nothing happens: one that is older than this is gone. */
export const HEARTBEAT_AGE_MAX_MS = 150_000

/** The clocks of two machines may differ by this much and nobody is to worry. */
const AHEAD_TOLERATED_MS = 120_000

/**
 * Milliseconds. A heartbeat that lies well ahead was written before the clock was set back: it says nothing of now, and
 * counts as one that is as far away in the past.
 *
 * @param heartbeatMs by the wall clock, as the indexer writes it
 * @param nowMs by the wall clock too
 */
export function heartbeatAgeMs(heartbeatMs: number, nowMs: number): number {
  const ageMs = nowMs - heartbeatMs
  return ageMs < -AHEAD_TOLERATED_MS ? -ageMs : Math.max(0, ageMs)
}
