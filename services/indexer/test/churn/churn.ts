/** Looks for a history that the indexer does not survive, and makes it small. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import { type History, histories, historyText } from './history.ts'
import { type Figures, runHistory } from './run-history.ts'

export type ChurnOptions = {
  readonly seed: number
  readonly durationMs: number
  /** How long a failing history may be made smaller. */
  readonly shrinkMs: number
  readonly onHistory?: (figures: Figures) => void
  /** Told before it is made smaller, which takes a while. */
  readonly onFailure?: (error: Error) => void
}

/** What depends on timing need not fail every time: a smaller history gets this many chances to. */
const CHANCES = 3
/**
 * Files read for each operation of calm rounds, which should need none. What changes places many times while the indexer
 * is killed and starts again may still be lost sight of, once in thousands of operations; one folder of these small trees
 * can hold a dozen files.
 */
const READ_AGAIN_MAX = 0.01
const READ_AGAIN_FREE = 15

export function noFigures(): Figures {
  return {
    ...{ histories: 0, rounds: 0, operations: 0, calm: 0, readAgain: 0 },
    ...{ none: 0, pause: 0, flood: 0, kill: 0, stop: 0, configure: 0 },
  }
}

/** Runs random histories until the time is over. Rejects with the smallest failing history that was found. */
export async function churn({ seed, durationMs, shrinkMs, onHistory, onFailure }: ChurnOptions): Promise<Figures> {
  const figures = noFigures()
  const search = { seed, numRuns: 1_000_000, skipAllAfterTimeLimit: durationMs, interruptAfterTimeLimit: durationMs }
  const runOnce = async (history: History) => {
    await runHistory(history, figures)
    onHistory?.(figures)
  }
  const found = await fc.check(fc.asyncProperty(histories, runOnce), { ...search, endOnFailure: true })
  if (found.counterexample === null) {
    assert.ok(
      figures.readAgain <= READ_AGAIN_FREE + figures.calm * READ_AGAIN_MAX,
      `I12: too much is read again: ${JSON.stringify(figures)}`,
    )
    return figures
  }
  onFailure?.(found.errorInstance as Error)
  const runAgain = async (history: History) => {
    for (let chance = 0; chance < CHANCES; chance += 1) await runHistory(history, noFigures())
  }
  const smaller = await fc.check(fc.asyncProperty(histories, runAgain), {
    seed,
    path: found.counterexamplePath ?? '',
    interruptAfterTimeLimit: shrinkMs,
  })
  const [smallest] = smaller.counterexample ?? found.counterexample
  const error = smaller.counterexample === null ? found.errorInstance : smaller.errorInstance
  const again = smaller.counterexample === null ? `it did not fail in ${CHANCES} further runs` : 'made smaller'
  throw new Error(
    `seed ${seed}, after ${JSON.stringify(figures)}: ${(error as Error).message}\n\n${again}:\n${historyText(smallest)}`,
    { cause: error },
  )
}
