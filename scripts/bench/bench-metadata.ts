/** Reading metadata: the whole system against the same workers alone. */
import { join } from 'node:path'
import { measureFloor } from './floor.ts'
import { makeSmallFiles } from './library.ts'
import { reportRounds } from './report-rounds.ts'
import { ROUNDS, type Round } from './round.ts'
import { runSystem } from './system.ts'

export async function benchMetadata(work: string): Promise<void> {
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
  reportRounds('floor: the extractor in the same processes, no database', 'whole system', rounds, 1.3)
}
