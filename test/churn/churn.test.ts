/**
 * Shows I1 to I13 in a short run of the churn: random histories on real folders, with both services as processes.
 * Longer runs: `npm run churn`.
 */
import { suite, test } from 'node:test'
import { churn, noFigures } from './churn.ts'
import { REGRESSIONS } from './regressions.ts'
import { runHistory } from './run-history.ts'

const DURATION_MS = 30_000
const SHRINK_MS = 90_000

// Most of a history is waiting for quiet, so that some can run side by side.
suite('I1–I4, I11, I12: the nodes and every replay equal the disk after', { concurrency: 3 }, () => {
  for (const [what, history] of Object.entries(REGRESSIONS)) test(what, () => runHistory(history, noFigures()))

  const seed = Number(process.env.CHURN_SEED ?? Date.now() % 1_000_000)
  for (const one of [seed, seed + 1]) {
    test(`random histories, seed ${one}`, async (t) => {
      const figures = await churn({ seed: one, durationMs: DURATION_MS, shrinkMs: SHRINK_MS, waitsForLast: false })
      t.diagnostic(`seed ${one}: ${JSON.stringify(figures)}`)
    })
  }
})
