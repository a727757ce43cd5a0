/**
 * Times as microseconds since 1970, rounded down, before 1970 too. Every time read from a disk comes through here: with
 * two ways of rounding an unchanged file would look changed for ever.
 */

/** Up to this (the year 2255) seconds times a million fit a double without rounding. */
const EXACT_SECONDS_MAX = 9_007_199_253

/**
 * Converts a time as the kernel gives it. Exact up to the year 2255; later, the nearest double.
 *
 * @param nanoseconds 0 to 999,999,999, also for a time before 1970
 */
export function microseconds(seconds: bigint | number, nanoseconds: number): number {
  if (typeof seconds === 'number' && Math.abs(seconds) <= EXACT_SECONDS_MAX) {
    return seconds * 1_000_000 + Math.floor(nanoseconds / 1000)
  }
  return Number(wholeMicroseconds(seconds, nanoseconds))
}

/** Python's datetime, with which clients read times, has the years 1 to 9999. Microseconds since 1970. */
export const YEAR_1_MICROSECONDS = -62_135_596_800_000_000n
export const YEAR_10000_MICROSECONDS = 253_402_300_800_000_000n

/** The time to the microsecond if a double can't hold it and clients can read it; otherwise null. */
export function exactMicroseconds(seconds: bigint | number, nanoseconds: number): bigint | null {
  if (Math.abs(Number(seconds)) <= EXACT_SECONDS_MAX) return null
  const exact = wholeMicroseconds(seconds, nanoseconds)
  return exact >= YEAR_1_MICROSECONDS && exact < YEAR_10000_MICROSECONDS ? exact : null
}

function wholeMicroseconds(seconds: bigint | number, nanoseconds: number): bigint {
  return BigInt(seconds) * 1_000_000n + BigInt(Math.floor(nanoseconds / 1000))
}
