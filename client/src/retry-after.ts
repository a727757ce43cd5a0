/** The header `Retry-After` (RFC 9110, 10.2.3): seconds, or a date. */

/** @returns ms to wait from `nowMs` (ms since 1970) on; null if there is no header, or it is not valid */
export function retryAfterMs(header: string | null, nowMs: number): number | null {
  if (header === null) return null
  if (/^\s*\d+\s*$/.test(header)) return Number(header) * 1_000
  const date = Date.parse(header)
  return Number.isNaN(date) ? null : Math.max(0, date - nowMs)
}
