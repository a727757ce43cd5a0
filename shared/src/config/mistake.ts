/** A mistake in the config, before it is known how its place is called: a key of the file, or a variable. */

/** `keys`: the way to the value, as in `['watches', 'media']`. */
export type Mistake = {
  readonly keys: readonly PropertyKey[]
  /** What stands there, or that it is missing; null if `allowed` says all. */
  readonly found: string | null
  /** What may stand there. */
  readonly allowed: string
}

/** How the place of a value is called where the config comes from. */
export type NameOf = (keys: readonly PropertyKey[]) => string

export const MISSING = 'missing'

/** A value in one line, whatever it is. */
export function shownValue(value: unknown): string {
  if (value === undefined || value === null) return MISSING
  const text = typeof value === 'number' ? String(value) : JSON.stringify(value)
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}

/** The mistake as a line for people. */
export function lineOf({ keys, found, allowed }: Mistake, nameOf: NameOf): string {
  const place = nameOf(keys)
  return [...(place === '' ? [] : [place]), ...(found === null ? [] : [found]), allowed].join(': ')
}
