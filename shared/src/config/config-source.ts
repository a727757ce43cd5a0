/** Where a config comes from: a file or variables, as values that are still to be checked. */
import type { Mistake, NameOf } from './mistake.ts'

export type ConfigSource = {
  /** In the form of the YAML file, whatever it comes from. */
  readonly raw: unknown
  /** What was wrong while it was read. */
  readonly mistakes: readonly Mistake[]
  readonly nameOf: NameOf
  /** A line for people about one of `mistakes`, or of those that were found in `raw`. */
  readonly lineOf: (mistake: Mistake) => string
  /** Where in the source that is: lines about mistakes are sorted by this. */
  readonly placeOf: (mistake: Mistake) => number
}
