/** Nanoseconds to microseconds, rounded down, before 1970 too. Exact up to the year 2255. */
export function microseconds(nanoseconds: bigint): number {
  const quotient = nanoseconds / 1000n
  return Number(nanoseconds % 1000n < 0n ? quotient - 1n : quotient)
}
