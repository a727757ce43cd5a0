/** How long a new file takes to reach a client in a long poll. */
import { join } from 'node:path'
import { measureLatency } from './latency.ts'
import { makeSmallFiles } from './library.ts'
import { median } from './median.ts'
import { runSystem } from './system.ts'

/** How many new files, one after another. */
const FILES = 300
const GOAL_MS = { median: 50, p99: 200 }

export async function benchLatency(work: string): Promise<void> {
  const folder = join(work, 'latency')
  const files = makeSmallFiles(folder)
  console.log(`\n${FILES} new files one by one beside ${files}: from close(2) to the answer at a client that waits`)
  const system = await runSystem(folder, join(work, 'latency-data'), { files, until: 'watching' })
  await system.allHashed()
  const latencies = await measureLatency(system.url, folder, FILES)
  await system.stop()
  const sorted = latencies.toSorted((a, b) => a - b)
  const at = (part: number) => sorted[Math.ceil(part * sorted.length) - 1] ?? Number.NaN
  console.log(`  ${median(latencies).toFixed(1).padStart(7)} ms  median (goal ${GOAL_MS.median} or less)`)
  console.log(`  ${at(0.99).toFixed(1).padStart(7)} ms  99 of 100 (goal ${GOAL_MS.p99} or less)`)
  console.log(`  ${at(1).toFixed(1).padStart(7)} ms  the slowest`)
}
