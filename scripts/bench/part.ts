/** What a part of the bench is. */
import type { Line } from './plot.ts'
import type { Row } from './row.ts'

export type PartOptions = {
  /** A folder for the files and the databases, empty at first. */
  readonly work: string
  /** How often everything is measured. */
  readonly rounds: number
  /** Files of a large library. */
  readonly files: number
  /** For people who wait: what is being done. */
  readonly tell: (text: string) => void
}

export type Result = { readonly rows: readonly Row[]; readonly plot?: readonly Line[] }

export type Part = {
  /** What it measures, for `--help`. */
  readonly about: string
  /** Whether it runs only if it is named. */
  readonly isOnlyIfAsked?: true
  readonly run: (options: PartOptions) => Promise<Result>
}
