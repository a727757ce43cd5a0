/**
 * `npm run bench`: the whole system against its floor, in one run on one machine, so that the ratios mean something
 * where the seconds don't. Everything happens in a temp folder and on loopback.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { measureFind } from './find.ts'
import { measureFloor } from './floor.ts'
import { makeEmptyFiles, makeSmallFiles } from './library.ts'
import { median, type Round } from './round.ts'
import { runSystem } from './system.ts'

/** Each figure is the median of this many rounds; the two sides of a ratio take turns. */
const ROUNDS = 3

const work = mkdtempSync(join(tmpdir(), 'drive-feed-bench-'))
try {
  await benchMetadata()
  await benchScan()
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

function report(floorName: string, oursName: string, rounds: readonly Round[], goal: number): void {
  const ratio = median(rounds.map(({ ours, floor }) => ours / floor))
  const seconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`
  console.log(`  ${seconds(median(rounds.map((round) => round.floor))).padStart(8)}  ${floorName}`)
  console.log(`  ${seconds(median(rounds.map((round) => round.ours))).padStart(8)}  ${oursName}`)
  const each = rounds.map(({ ours, floor }) => (ours / floor).toFixed(2)).join(', ')
  console.log(`  ratio ${ratio.toFixed(2)} (goal ${goal} or less; rounds: ${each})`)
}
