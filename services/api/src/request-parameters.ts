/** The query parameters of `/changes`, from text to numbers. */

/** A parameter as Express' simple query parser gives it: an array when it came more than once. */
export type RawParameter = string | readonly string[] | undefined

const DEFAULT_MAX_SIZE = 1_000
const LARGEST_MAX_SIZE = 10_000

/**
 * Where the client is: nothing and what is below zero mean the beginning; null for what is no integer, is larger than
 * 2^53 − 1, or came twice.
 */
export function parseCursor(raw: RawParameter): number | null {
  if (raw === undefined) return 0
  const value = parseInteger(raw)
  if (value === null || value > Number.MAX_SAFE_INTEGER) return null
  return Math.max(value, 0)
}

/** Changes a page; null where all are asked for. What makes no sense as a size is as good as the usual one. */
export function parseMaxSize(raw: RawParameter): number | null {
  if (raw === undefined) return null
  const value = parseInteger(raw)
  return value !== null && value >= 1 && value <= LARGEST_MAX_SIZE ? value : DEFAULT_MAX_SIZE
}

/**
 * Takes what the original took with Python's `int()`, short of its `1_000`: blanks around it, a sign, leading zeros. A
 * `+5` written into a URL as it is arrives as ` 5`, because a plus sign there is a blank.
 */
function parseInteger(raw: string | readonly string[]): number | null {
  if (typeof raw !== 'string' || !/^\s*[+-]?\d+\s*$/.test(raw)) return null
  return Number(raw)
}
