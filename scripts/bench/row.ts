/** The rows of the bench's table: what was measured, beside what it is measured against. */
import { median } from './median.ts'

/** `/s` counts per second. An exponent says how something grows with the number of files: 1 is in proportion. */
export type Unit = 's' | 'ms' | 'MB' | '/s' | 'exponent'

/** Something else that does the same work, or the least that the work can cost. No values if it is not installed. */
export type Ruler = { readonly name: string; readonly values: readonly number[] }

/** A limit for the median, or for the median ratio to a ruler. */
export type Goal = { readonly of: 'value' | 'ratio'; readonly is: 'at most' | 'at least'; readonly limit: number }

/** Values stand in the order of the rounds, so that those of one round belong together. */
export type Row = {
  readonly work: string
  readonly unit: Unit
  readonly ours: readonly number[]
  /** Goals and the printed ratio are about the first one. */
  readonly rulers: readonly Ruler[]
  readonly goal: Goal | null
}

/** Ours to the ruler's, round by round: what a slow minute does to both falls out. NaN without values. */
export function ratioTo(ruler: Ruler, { ours }: Pick<Row, 'ours'>): number {
  return median(ruler.values.map((value, round) => (ours[round] ?? Number.NaN) / value))
}

/** Null if there is no goal or nothing to hold against it. */
export function isReached({ goal, ...row }: Row): boolean | null {
  const [ruler] = row.rulers
  if (goal === null) return null
  const value = goal.of === 'value' ? median(row.ours) : ruler === undefined ? Number.NaN : ratioTo(ruler, row)
  if (Number.isNaN(value)) return null
  return goal.is === 'at most' ? value <= goal.limit : value >= goal.limit
}

/** Adds up what rounds measured, by name. */
export class Values {
  readonly #byName = new Map<string, number[]>()

  /** Null is what could not be measured. */
  add(name: string, value: number | null): void {
    const values = this.of(name)
    if (value !== null) values.push(value)
  }

  of(name: string): number[] {
    const values = this.#byName.get(name) ?? []
    this.#byName.set(name, values)
    return values
  }

  ruler(name: string): Ruler {
    return { name, values: this.of(name) }
  }
}
