/** A short run of the churn; longer ones by `main.ts` beside it. */
import { test } from 'node:test'
import { churn } from './churn.ts'

const DURATION_MS = 30_000

test('I1–I4, I11, I12: random operations, kills, pauses and restarts end with nodes and replays equal to the disk', async (t) => {
  const seed = Number(process.env.CHURN_SEED ?? Date.now() % 1_000_000)
  const figures = await churn(t, { seed, durationMs: DURATION_MS })
  t.diagnostic(`seed ${seed}: ${JSON.stringify(figures)}`)
})
