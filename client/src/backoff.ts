/** Exponential backoff with jitter, so that clients don't all retry at the same moment. */

export type BackoffLimits = {
  /** Upper bound of the first delay. */
  readonly firstMs: number
  readonly maxMs: number
}

/**
 * A random delay up to a bound that doubles with each attempt ("full jitter"). A delay that the server asked for comes on
 * top: it is the earliest time, and the same for every client that was refused.
 *
 * @param attempt failures in a row, from 1
 * @param random from 0 up to, not including, 1
 */
export function backoffMs(
  attempt: number,
  { firstMs, maxMs }: BackoffLimits,
  { random, retryAfterMs }: { random: number; retryAfterMs: number | null },
): number {
  // 2^30 × 1 ms is beyond any limit; larger powers would only lose precision.
  const boundMs = Math.min(maxMs, firstMs * 2 ** Math.min(attempt - 1, 30))
  return (retryAfterMs ?? 0) + Math.round(random * boundMs)
}
