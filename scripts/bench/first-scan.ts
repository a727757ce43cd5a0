/** A first scan, and the memory of the indexer during it and when it has come to rest. */
import { setTimeout as sleep } from 'node:timers/promises'
import { residentMemory } from './process-figures.ts'
import { type Run, runSystem } from './system.ts'

/** After its last work the indexer releases memory within a few checks, five seconds apart. */
const REST_MS = 30_000

/** `run` still goes on. Memory is in megabytes. */
export type FirstScan = {
  readonly run: Run
  readonly seconds: number
  readonly atMost: number
  readonly atRest: number
}

export async function measureFirstScan(folder: string, data: string, files: number): Promise<FirstScan> {
  const run = await runSystem(folder, data, { files, until: 'watching' })
  const memory = () => residentMemory(run.pids.indexer)
  const atMost = memory().mostBytes / 1e6
  await run.allHashed()
  await sleep(REST_MS)
  return { run, seconds: run.watchingMs / 1000, atMost, atRest: memory().nowBytes / 1e6 }
}
