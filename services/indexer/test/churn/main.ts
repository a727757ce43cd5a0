/** Long runs: `npm run churn -- --minutes=N --seed=S`. With `--side-by-side=K` K of them, with the seeds S, S+1, … */
import { parseArgs } from 'node:util'
import { churn } from './churn.ts'
import type { Figures } from './run-history.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    'side-by-side': { type: 'string', default: '2' },
  },
})
const [minutes, firstSeed, count] = [Number(values.minutes), Number(values.seed), Number(values['side-by-side'])]
const seeds = Array.from({ length: count }, (_, at) => firstSeed + at)
const all = new Map<number, Figures>()
let saidMs = performance.now()
const say = () => console.log(`${(performance.now() / 60_000).toFixed(1)} minutes`, JSON.stringify(total()))

await Promise.all(
  seeds.map(async (seed) => {
    try {
      await churn({
        seed,
        durationMs: minutes * 60_000,
        shrinkMs: 5 * 60_000,
        onHistory: (figures) => {
          all.set(seed, { ...figures })
          if (performance.now() - saidMs < 60_000) return
          saidMs = performance.now()
          say()
        },
        onFailure: (error) => console.log(`seed ${seed} failed, and is now made smaller: ${error.message}`),
      })
    } catch (error) {
      console.error((error as Error).message)
      process.exitCode = 1
    }
  }),
)
say()
console.log(`seeds ${seeds.join(', ')}: ${process.exitCode === 1 ? 'something failed' : 'equal after every round'}`)

function total(): Partial<Figures> {
  const sum: Record<string, number> = {}
  for (const figures of all.values()) for (const [what, n] of Object.entries(figures)) sum[what] = (sum[what] ?? 0) + n
  return sum
}
