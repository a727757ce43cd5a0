/** Long runs: `node services/indexer/test/churn/main.ts --minutes=N --seed=S`. */
import { parseArgs } from 'node:util'
import { churn } from './churn.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
})
const seed = Number(values.seed)
const cleanups: (() => unknown)[] = []
const cleaner = { passed: true, after: (cleanup: () => unknown) => void cleanups.push(cleanup) }
console.log(`seed ${seed}, ${values.minutes} minutes`)
try {
  const figures = await churn(cleaner, {
    seed,
    durationMs: Number(values.minutes) * 60_000,
    onRound: (so) => {
      if (so.rounds % 10 === 0) console.log(JSON.stringify(so))
    },
  })
  console.log('equal after every round', JSON.stringify(figures))
} catch (error) {
  cleaner.passed = false
  console.error(error)
  process.exitCode = 1
} finally {
  for (const cleanup of cleanups.reverse()) await cleanup()
}
