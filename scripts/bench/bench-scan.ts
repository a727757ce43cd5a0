/** Scanning: the first scan and a restart, against `find` that prints the same fields. */
import { join } from 'node:path'
import { measureFind } from './find.ts'
import { makeEmptyFiles } from './library.ts'
import { reportRounds } from './report-rounds.ts'
import { ROUNDS, type Round } from './round.ts'
import { runSystem } from './system.ts'

export async function benchScan(work: string): Promise<void> {
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
  reportRounds('find -printf', 'first scan, until all are listed', first, 10)
  reportRounds('find -printf', 'restart with nothing changed, until it watches', again, 4)
}
