/** Looks for a history that the indexer does not survive, and shrinks it. */
import type { FeedDatabase } from '@drive-feed/shared/open-database.ts'
import fc from 'fast-check'
import { type History, histories } from './history.ts'
import { simulate } from './simulate.ts'

export type SearchOptions = {
  readonly seed: number
  /** The most histories to run. */
  readonly historiesMax: number
  /** After this time no further history is begun, and none is shrunk. */
  readonly durationMs: number
  readonly onPassed?: (history: History) => void
}

/**
 * Gives how many histories passed. Rejects with the smallest failing one that was found, and all that happened in it.
 */
export async function search(db: FeedDatabase, options: SearchOptions): Promise<number> {
  let passed = 0
  const property = fc.asyncProperty(histories, async (history) => {
    await simulate(db, history)
    passed += 1
    options.onPassed?.(history)
  })
  const { seed, historiesMax: numRuns, durationMs: interruptAfterTimeLimit } = options
  const found = await fc.check(property, { seed, numRuns, interruptAfterTimeLimit })
  if (found.counterexample === null) return passed
  const error = found.errorInstance as Error
  throw new Error(`seed ${seed}: ${error.message}\n\n${JSON.stringify(found.counterexample[0])}`, { cause: error })
}
