/** Times as Python's `datetime.isoformat()` writes them: clients parse them with `fromisoformat()`. */
import { YEAR_1_MICROSECONDS, YEAR_10000_MICROSECONDS } from '@drive-feed/shared/microseconds.ts'

const MICROS_PER_SECOND = 1_000_000
const EARLIEST = '0001-01-01T00:00:00+00:00'
const LATEST = '9999-12-31T23:59:59.999999+00:00'

/**
 * Gives `2026-03-04T12:00:00.099452+00:00` for microseconds since 1970. The fraction has six digits, and is left out if it
 * is zero. A time outside the years 1 to 9999 becomes the first or the last moment of them.
 */
export function isoTime(micros: number | bigint): string {
  // A file may have any time, and no single file may break the parsing of a client.
  if (micros < YEAR_1_MICROSECONDS) return EARLIEST
  if (micros >= YEAR_10000_MICROSECONDS) return LATEST
  const remainder = typeof micros === 'number' ? micros % MICROS_PER_SECOND : Number(micros % BigInt(MICROS_PER_SECOND))
  // The remainder is negative before 1970, but a fraction counts forward from its second.
  const fraction = remainder < 0 ? remainder + MICROS_PER_SECOND : remainder
  const wholeMs =
    typeof micros === 'number' ? (micros - fraction) / 1_000 : Number((micros - BigInt(fraction)) / 1_000n)
  const seconds = new Date(wholeMs).toISOString().slice(0, 19)
  return fraction === 0 ? `${seconds}+00:00` : `${seconds}.${String(fraction).padStart(6, '0')}+00:00`
}
