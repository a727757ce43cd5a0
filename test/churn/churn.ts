/** Looks for a history that the indexer does not survive, and shrinks it. */
import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Filesystem } from './filesystems.ts'
import { type History, histories, historyText } from './history.ts'
import type { Layout, PlaceOptions } from './place.ts'
import type { Figures } from './run.ts'
import { runHistory } from './run-history.ts'

export type ChurnOptions = {
  readonly seed: number
  readonly durationMs: number
  /** Default: the temporary folder's, which is never mounted again. */
  readonly filesystem?: Filesystem | null
  /** How long a failing history may be shrunk. */
  readonly shrinkMs: number
  /** Whether a history that is under way when the time is over runs to its end. Otherwise its result is lost. */
  readonly waitsForLast: boolean
  readonly onHistory?: (figures: Figures) => void
  /** Called before the history is shrunk, which takes a while. */
  readonly onFailure?: (error: Error, figures: Figures) => void
}

/** A failure that depends on timing need not show every time: a smaller history has this many chances to fail. */
const CHANCES = 3
/**
 * The most files read for each operation of calm rounds, which should need none. A folder that changes places many
 * times while the indexer is killed and starts again may be lost sight of, once in thousands of operations, and one
 * folder of these small trees can hold a dozen files.
 */
const READ_AGAIN_MAX = 0.01
const READ_AGAIN_FREE = 15

export function noFigures(): Figures {
  return {
    ...{ histories: 0, rounds: 0, operations: 0, calm: 0, readAgain: 0 },
    ...{ none: 0, pause: 0, flood: 0, kill: 0, stop: 0, configure: 0, remount: 0 },
  }
}

/** Runs random histories until the time is over. Rejects with the smallest failing history that was found. */
export async function churn(options: ChurnOptions): Promise<Figures> {
  const { seed, durationMs, onHistory, onFailure, waitsForLast, filesystem = null } = options
  const figures = noFigures()
  const search = { seed, numRuns: 1_000_000, skipAllAfterTimeLimit: durationMs, interruptAfterTimeLimit: durationMs }
  let last: Promise<void> = Promise.resolve()
  const runOnce = async (layout: Layout, history: History) => {
    last = runHistory(history, figures, { filesystem, layout })
    await last
    onHistory?.(figures)
  }
  const found = await fc.check(fc.asyncProperty(...choicesOn(filesystem), runOnce), { ...search, endOnFailure: true })
  if (found.counterexample === null) {
    if (waitsForLast) {
      await last.catch((error: Error) => {
        onFailure?.(error, figures)
        throw error
      })
    }
    const free = READ_AGAIN_FREE + figures.histories * (filesystem?.copiedUp ?? 0)
    assert.ok(
      figures.readAgain <= free + figures.calm * READ_AGAIN_MAX,
      `I12: too many files are read again: ${JSON.stringify(figures)}`,
    )
    return figures
  }
  onFailure?.(found.errorInstance as Error, figures)
  const [layout, history] = found.counterexample
  const { smallest, error, again } = await makeSmaller(options, found.counterexamplePath, {
    place: { filesystem, layout },
    history,
    error: found.errorInstance as Error,
  })
  const on = `${filesystem?.name ?? 'the temporary folder'}, seed ${seed}`
  throw new Error(`${on}, after ${JSON.stringify(figures)}: ${error.message}\n\n${again}:\n${historyText(smallest)}`, {
    cause: error,
  })
}

type Failure = { readonly place: PlaceOptions; readonly history: History; readonly error: Error }

async function makeSmaller({ seed, shrinkMs }: ChurnOptions, path: string | null, { place, history, error }: Failure) {
  const runAgain = async (layout: Layout, one: History) => {
    for (let chance = 0; chance < CHANCES; chance += 1) await runHistory(one, noFigures(), { ...place, layout })
  }
  const smaller = await fc.check(fc.asyncProperty(...choicesOn(place.filesystem), runAgain), {
    seed,
    path: path ?? '',
    interruptAfterTimeLimit: shrinkMs,
  })
  if (smaller.counterexample === null) {
    return { smallest: history, error, again: `it did not fail in ${CHANCES} further runs` }
  }
  return { smallest: smaller.counterexample[1], error: smaller.errorInstance as Error, again: 'made smaller' }
}

/** The layout `top` needs a filesystem of its own. */
function choicesOn(filesystem: Filesystem | null): [fc.Arbitrary<Layout>, fc.Arbitrary<History>] {
  const layout =
    filesystem === null ? fc.constant('folders' as const) : fc.constantFrom('folders' as const, 'top' as const)
  return [layout, histories(filesystem?.survivesUnmount === true)]
}
