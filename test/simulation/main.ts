/** Long runs: `npm run simulate -- --minutes=N --seed=S`. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { openWriter } from '@drive-feed/shared/open-database.ts'
import { search } from './search.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
})
const [minutes, seed] = [Number(values.minutes), Number(values.seed)]
const folder = mkdtempSync(join(tmpdir(), 'drive-feed-simulation-'))
const db = openWriter(join(folder, 'feed.db'))
db.sqlite.pragma('synchronous = OFF')
const passed = { histories: 0, changes: 0 }
try {
  await search(db, {
    seed,
    historiesMax: Number.MAX_SAFE_INTEGER,
    durationMs: minutes * 60_000,
    onPassed: ({ rounds }) => {
      passed.histories += 1
      for (const { steps } of rounds) passed.changes += steps.length
    },
  })
} catch (error) {
  console.error((error as Error).message)
  process.exitCode = 1
}
console.log(`seed ${seed}: ${passed.histories} histories of ${passed.changes} changes passed`)
db.sqlite.close()
rmSync(folder, { recursive: true })
