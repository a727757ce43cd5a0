/**
 * `npm run bench [-- metadata|scan|memory|latency…]`: the whole system against its floor, in one run on one machine, so that the ratios mean something
 * where the seconds don't. Everything happens in a temp folder and on loopback.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { measureFind } from './find.ts'
import { measureFloor } from './floor.ts'
import { measureLatency } from './latency.ts'
import { makeEmptyFiles, makeSmallFiles } from './library.ts'
import { median, type Round } from './round.ts'
import { runSystem } from './system.ts'

/** Each figure is the median of this many rounds; the two sides of a ratio take turns. */
const ROUNDS = 3

/** New files, one after another; the library they come to; what a client may wait for one of them. */
const LATENCY_FILES = 300
const LATENCY_GOAL_MS = { median: 50, p99: 200 }

/** After its last work the indexer gives back what it needed within two checks, five seconds apart. */
const REST_MS = 15_000
const MEMORY_GOAL_MB = { indexer: 200, api: 100 }

const BENCHES: Readonly<Record<string, () => Promise<void>>> = {
  metadata: benchMetadata,
  scan: benchScan,
  memory: benchMemory,
  latency: benchLatency,
}

const wanted = process.argv.slice(2)
const unknown = wanted.find((name) => !Object.hasOwn(BENCHES, name))
if (unknown !== undefined) {
  console.error(`There is no bench ${unknown}; there are ${Object.keys(BENCHES).join(', ')}.`)
  process.exit(2)
}
const work = mkdtempSync(join(tmpdir(), 'drive-feed-bench-'))
try {
  for (const [name, bench] of Object.entries(BENCHES)) {
    if (wanted.length === 0 || wanted.includes(name)) await bench()
  }
} finally {
  rmSync(work, { recursive: true, force: true })
}

async function benchMetadata(): Promise<void> {
  const folder = join(work, 'small')
  const files = makeSmallFiles(folder)
  console.log(`${files} small files, a fifth JPEG, 100 folders: from start to the last hash over HTTP`)
  const rounds: Round[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    const floor = await measureFloor(folder)
    const system = await runSystem(folder, join(work, `metadata-${round}`), { files, until: 'hashed' })
    rounds.push({ ours: system.hashedMs, floor })
    await system.stop()
  }
  report('floor: the extractor in the same processes, no database', 'whole system', rounds, 1.3)
}

async function benchScan(): Promise<void> {
  const folder = join(work, 'empty')
  const files = makeEmptyFiles(folder)
  console.log(`\n${files} empty files in 1,000 folders, against find -printf with the same fields`)
  const first: Round[] = []
  const again: Round[] = []
  for (let round = 0; round < ROUNDS; round += 1) {
    const data = join(work, `scan-${round}`)
    const floor = await measureFind(folder)
    const fresh = await runSystem(folder, data, { files, until: 'watching' })
    first.push({ ours: fresh.watchingMs, floor })
    await fresh.allHashed()
    await fresh.stop()
    const restarted = await runSystem(folder, data, { files, until: 'watching' })
    again.push({ ours: restarted.watchingMs, floor: await measureFind(folder) })
    await restarted.stop()
  }
  report('find -printf', 'first scan, until all are listed', first, 10)
  report('find -printf', 'restart with nothing changed, until it watches', again, 4)
}

async function benchMemory(): Promise<void> {
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
    const goal = `goal ${MEMORY_GOAL_MB[service]} MB or less; the most it had was ${megabytes(mostBytes)}`
    console.log(`  ${megabytes(nowBytes).padStart(8)}  ${service} (${goal})`)
  }
  await system.stop()
}

async function benchLatency(): Promise<void> {
  const folder = join(work, 'latency')
  const files = makeSmallFiles(folder)
  console.log(
    `\n${LATENCY_FILES} new files one by one beside ${files}: from close(2) to the answer at a client that waits`,
  )
  const system = await runSystem(folder, join(work, 'latency-data'), { files, until: 'watching' })
  await system.allHashed()
  const latencies = await measureLatency(system.url, folder, LATENCY_FILES)
  await system.stop()
  const sorted = latencies.toSorted((a, b) => a - b)
  const at = (part: number) => sorted[Math.ceil(part * sorted.length) - 1] ?? Number.NaN
  console.log(`  ${median(latencies).toFixed(1).padStart(7)} ms  median (goal ${LATENCY_GOAL_MS.median} or less)`)
  console.log(`  ${at(0.99).toFixed(1).padStart(7)} ms  99 of 100 (goal ${LATENCY_GOAL_MS.p99} or less)`)
  console.log(`  ${at(1).toFixed(1).padStart(7)} ms  the slowest`)
}

function report(floorName: string, oursName: string, rounds: readonly Round[], goal: number): void {
  const ratio = median(rounds.map(({ ours, floor }) => ours / floor))
  const seconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`
  console.log(`  ${seconds(median(rounds.map((round) => round.floor))).padStart(8)}  ${floorName}`)
  console.log(`  ${seconds(median(rounds.map((round) => round.ours))).padStart(8)}  ${oursName}`)
  const each = rounds.map(({ ours, floor }) => (ours / floor).toFixed(2)).join(', ')
  console.log(`  ratio ${ratio.toFixed(2)} (goal ${goal} or less; rounds: ${each})`)
}
