/** Reads every file of a folder with one worker, and prints the results as JSON. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { jobFor } from '../../../../../test/support/job-for.ts'
import { createLauncher } from '../launcher.ts'
import { createMetadataPool } from '../pool.ts'

const [folder = '', how] = process.argv.slice(2)
const jobs = readdirSync(folder).map((name) => jobFor(join(folder, name)))
const launcher = createLauncher({
  folders: () => [folder],
  onLate: () => {},
  onCrash: (error) => {
    throw error
  },
})
const found: object[] = []
const pool = createMetadataPool({
  workers: 1,
  ...(how === 'restricted' ? { launch: launcher.launch } : {}),
  onResults: (results) => {
    for (const result of results) {
      found.push({ path: result.job.path, kind: result.kind, ...(result.kind === 'done' ? result.metadata : {}) })
    }
    if (found.length < jobs.length) return
    console.log(JSON.stringify(found))
    void pool.stop().then(() => process.exit())
  },
  onProblem: (problem) => {
    throw new Error(problem)
  },
})
pool.submit(jobs)
