/** A history that is being run, and what its parts need of the indexer. */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { untilConverged } from '../support/convergence.ts'
import { statusOf } from '../support/observations.ts'
import type { Pair } from '../support/pair.ts'
import { until } from '../support/until.ts'
import { disk } from './disk.ts'
import type { Step, Treatment } from './history.ts'
import { operate } from './operations.ts'
import type { HistoryPlace } from './place.ts'
import { lookAround, type World } from './world.ts'

/** `calm`: operations in calm rounds. `readAgain`: files read in those rounds. */
export type Figures = Record<'histories' | 'rounds' | 'operations' | 'calm' | 'readAgain' | Treatment['kind'], number>

/** Long enough for a file that its writer never closes, which is read after half a minute. */
export const CONVERGENCE_MS = 90_000
export type Run = {
  readonly pair: Pair
  readonly place: HistoryPlace
  readonly world: World
  readonly figures: Figures
  /** One line for each thing that was done. */
  readonly story: string[]
  /** How many sentinels the running indexer has read. */
  sentinels: number
  /** How many indexers were ended. */
  ended: number
  /** Whether ids are made of the inode numbers of now. */
  hasOwnNumbers: boolean
}

/** How many files a certain run of the indexer has read. */
export type Jobs = { readonly count: number; readonly ended: number }

export async function noteJobs(run: Run): Promise<Jobs> {
  return { count: await hashJobs(run), ended: run.ended }
}

/** How many files were read since. @param count how many the running indexer has read */
export function jobsSince(run: Run, before: Jobs, count: number): number {
  return count - (before.ended === run.ended ? before.count : 0)
}

export async function endIndexer(run: Run, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  await run.pair.endIndexer(signal)
  run.sentinels = 0
  run.ended += 1
}

export async function runSteps({ world, story, figures }: Run, steps: readonly Step[]): Promise<void> {
  for (const { do: name, at, waitMs } of steps) {
    story.push(operate(world, name, at, lookAround(world)))
    figures.operations += 1
    if (world.isCalm) figures.calm += 1
    if (waitMs === 0) continue
    story.push(`(${waitMs} ms)`)
    await sleep(waitMs)
  }
}

/** How many files were read since the indexer started, without the sentinels, which make sure that all are counted. */
export async function hashJobs(run: Run): Promise<number> {
  const { pair, world } = run
  const folder = world.watched[0] as string
  run.sentinels += 1
  // A new name: operations turn existing names into links, folders and worse.
  const name = `sentinel ${Date.now()}`
  disk.write(join(folder, name), Buffer.from(name))
  await untilConverged(pair, { boundMs: CONVERGENCE_MS })
  const convergedMs = Date.now()
  // One folder more is listed, so the status row is written again.
  disk.mkdir(join(folder, `${name} folder`))
  const { filesHashed } = await until('the status row to be written', () => {
    const status = statusOf(pair)
    // Files that are read again without a change, as after a close, must not count with what comes later.
    return status !== undefined && status.heartbeatMs >= convergedMs && status.filesWaiting === 0 && status
  })
  await untilConverged(pair, { boundMs: CONVERGENCE_MS })
  return filesHashed - run.sentinels
}
