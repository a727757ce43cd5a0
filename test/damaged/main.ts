/** Long runs: `node test/damaged/main.ts --files=N --seed=S [--keep=FOLDER]`. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { inTemporaryFolder } from '../support/temporary-folder.ts'
import { readDamaged } from './read-damaged.ts'

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: '20000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    /** A folder to keep the files on which a library crashed or hung. */
    keep: { type: 'string' },
  },
})
console.log(`seed ${values.seed}, ${values.files} files`)
await inTemporaryFolder(async (folder) => {
  const startMs = performance.now()
  let done = 0
  const figures = await readDamaged({
    folder,
    seed: Number(values.seed),
    files: Number(values.files),
    workers: availableParallelism(),
    limitMs: 20_000,
    onWave: (outcomes) => {
      done += outcomes.length
      if (done % 5000 === 0) console.log(`${done} files, ${Math.round((performance.now() - startMs) / 1000)} s`)
    },
  })
  const { hashed, problems, casualties, wrong } = figures
  console.log(JSON.stringify({ hashed, problems, casualties: casualties.map(({ name }) => name), wrong }, null, 2))
  if (values.keep !== undefined) mkdirSync(values.keep, { recursive: true })
  for (const { name, bytes } of casualties) if (values.keep !== undefined) writeFileSync(join(values.keep, name), bytes)
  process.exitCode = hashed === Number(values.files) && wrong.length === 0 ? 0 : 1
})
