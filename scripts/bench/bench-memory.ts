/** Resident memory of both services at rest. */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeEmptyFiles } from './library.ts'
import { runSystem } from './system.ts'

/** After its last work the indexer releases memory within two checks, five seconds apart. */
const REST_MS = 15_000
const GOAL_MB = { indexer: 200, api: 100 }

export async function benchMemory(work: string): Promise<void> {
  const folder = join(work, 'empty')
  const files = makeEmptyFiles(folder)
  console.log(
    `\n${files} empty files in 1,000 folders: resident memory when all are listed and hashed and nothing happens`,
  )
  const system = await runSystem(folder, join(work, 'memory-data'), { files, until: 'watching' })
  await system.allHashed()
  await sleep(REST_MS)
  for (const service of ['indexer', 'api'] as const) {
    const { nowBytes, mostBytes } = system.memory(service)
    const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(0)} MB`
    const goal = `goal ${GOAL_MB[service]} MB or less; the most it had was ${megabytes(mostBytes)}`
    console.log(`  ${megabytes(nowBytes).padStart(8)}  ${service} (${goal})`)
  }
  await system.stop()
}
