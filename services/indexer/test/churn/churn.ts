/** Rounds of random operations on a running pair; after each the disk, the nodes and every replay must be equal. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { assertAllEqual, type Follower, follow } from '../pair/convergence.ts'
import { type Cleaner, createPair, type Pair } from '../pair/harness.ts'
import { closeAll, KEPT_NAME, operate, rewriteSecretly, stirLinks, type World } from './operations.ts'
import { createRandom, type Random } from './random.ts'

export type ChurnFigures = { rounds: number; operations: number; kills: number; restarts: number; pauses: number }

/** What happens to the indexer while files change. */
const TREATMENTS = ['none', 'none', 'none', 'pause', 'kill', 'stop'] as const
/** A file whose writer forgot it is read after half a minute. */
const CONVERGENCE_MS = 45_000

type Churn = {
  readonly pair: Pair
  readonly world: World
  readonly random: Random
  readonly log: string[]
  readonly figures: ChurnFigures
}

/** Runs rounds until the time is over; rejects with the operations of the round that failed. */
export async function churn(
  t: Cleaner,
  options: { seed: number; durationMs: number; onRound?: (figures: ChurnFigures) => void },
): Promise<ChurnFigures> {
  const pair = await createPair(t, { roots: ['one', 'two'] })
  const watched = Object.values(pair.configuration().roots)
  const outside = join(pair.folder, 'outside')
  mkdirSync(outside)
  for (const folder of watched) writeFileSync(join(folder, KEPT_NAME), 'kept')
  const world: World = { base: pair.folder, watched, outside, open: new Map(), mayLeaveOpen: true }
  const figures = { rounds: 0, operations: 0, kills: 0, restarts: 0, pauses: 0 }
  const run: Churn = { pair, world, random: createRandom(options.seed), log: [], figures }
  await Promise.all([pair.startIndexer(), pair.startApi()])
  const endMs = performance.now() + options.durationMs
  while (performance.now() < endMs) {
    run.log.length = 0
    try {
      await round(run)
    } catch (error) {
      const story = run.log.join('\n  ')
      throw new Error(`seed ${options.seed}, round ${figures.rounds}: ${(error as Error).message}\n  ${story}`, {
        cause: error,
      })
    }
    options.onRound?.(figures)
  }
  return figures
}

async function round(run: Churn): Promise<void> {
  const { pair, world, random, log, figures } = run
  const treatment = random.pick(TREATMENTS) ?? 'none'
  figures.rounds += 1
  log.push(`treatment: ${treatment}`)
  world.mayLeaveOpen = treatment === 'none' || treatment === 'pause' || random.chance(0.05)
  const follower = follow(pair, { pauseMs: 1 + random.below(50), maxSize: random.chance(0.5) ? 20 : null })
  try {
    await someOperations(run, true)
    await treat(run, treatment)
    await someOperations(run, true)
    closeAll(world)
    // Before a kill, its only sign could be lost with the indexer.
    if (treatment === 'none') log.push(rewriteSecretly(world, random))
    stirLinks(world)
    await compare(run, follower)
  } finally {
    await follower.stop()
  }
}

async function treat(run: Churn, treatment: (typeof TREATMENTS)[number]): Promise<void> {
  const { pair, random, figures } = run
  if (treatment === 'pause') {
    figures.pauses += 1
    pair.indexer().signal('SIGSTOP')
    await someOperations(run, false)
    pair.indexer().signal('SIGCONT')
  } else if (treatment !== 'none') {
    if (treatment === 'kill') figures.kills += 1
    else figures.restarts += 1
    await pair.endIndexer(treatment === 'kill' ? 'SIGKILL' : 'SIGTERM')
    await someOperations(run, false)
    // Half of them are not waited for: files change while it starts and scans.
    if (random.chance(0.5)) await pair.startIndexer()
    else pair.launchIndexer()
  }
}

async function someOperations({ world, random, log, figures }: Churn, isPaced: boolean): Promise<void> {
  const count = random.below(60)
  const pace = isPaced && random.chance(0.7) ? random.below(30) : 0
  for (let n = 0; n < count; n += 1) {
    log.push(operate(world, random))
    figures.operations += 1
    if (pace > 0 && random.chance(0.3)) {
      log.push(`(${pace} ms)`)
      await sleep(pace)
    }
  }
}

async function compare({ pair }: Churn, follower: Follower): Promise<void> {
  if (pair.indexer().exited()) throw new Error(`the indexer ended: ${pair.indexer().stderr()}`)
  await assertAllEqual(pair, follower, { boundMs: CONVERGENCE_MS })
}
