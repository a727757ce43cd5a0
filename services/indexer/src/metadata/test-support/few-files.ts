/**
 * Has a thread start a worker while only few further files may be open. Prints the problems that are reported, and then
 * what was read once enough files may be open again.
 */
import { closeSync, openSync } from 'node:fs'
import { jobFor } from '../../../../../test/support/job-for.ts'
import { limit } from '../../sandbox/limits.ts'
import { createLauncher } from '../launcher.ts'
import { createMetadataPool } from '../pool.ts'

const [path = '', free = '0'] = process.argv.slice(2)
const job = jobFor(path)
const said: string[] = []
limit('openFiles', 256)
const launcher = createLauncher({
  folders: () => [job.root],
  onLate: () => pool.renew(),
  onCrash: (error) => {
    console.log(JSON.stringify({ crashed: error.message }))
    process.exit()
  },
})
const pool = createMetadataPool({
  workers: 1,
  launch: launcher.launch,
  onProblem: (problem) => {
    said.push(problem)
    give()
  },
  onResults: ([result]) => {
    console.log(JSON.stringify({ said, kind: result?.kind }))
    process.exit()
  },
})
const taken: number[] = []
try {
  for (;;) taken.push(openSync('/dev/null', 'r'))
} catch {
  for (let n = 0; n < Number(free); n += 1) give(1)
}
pool.submit([job])

function give(count = taken.length): void {
  for (const fd of taken.splice(-count)) closeSync(fd)
}
