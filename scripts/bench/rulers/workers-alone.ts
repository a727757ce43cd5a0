/** The least that reading metadata can cost: the same workers over the same files, and nothing is written. */
import { readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { MetadataJob } from '@drive-feed/indexer/src/metadata/metadata-job.ts'
import { createMetadataPool } from '@drive-feed/indexer/src/metadata/pool.ts'
import { statsAt } from '@drive-feed/shared/file-stats.ts'

/** Milliseconds from starting the workers to the last result. */
export async function measureWorkersAlone(folder: string, workers = availableParallelism()): Promise<number> {
  const jobs = jobsBelow(folder)
  const started = performance.now()
  let left = jobs.length
  const { promise, resolve } = Promise.withResolvers<void>()
  const feed = () => pool.submit(jobs.splice(0, pool.room))
  const pool = createMetadataPool({
    workers,
    onResults: (results) => {
      left -= results.length
      if (left === 0) resolve()
      else feed()
    },
    onProblem: (problem) => {
      throw new Error(problem)
    },
  })
  feed()
  await promise
  const tookMs = performance.now() - started
  await pool.stop()
  return tookMs
}

function jobsBelow(folder: string): MetadataJob[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).flatMap((name): MetadataJob[] => {
    const path = join(folder, name)
    const stats = statsAt(path)
    if (stats?.kind !== 'file') return []
    const { device, inode, size, mtime } = stats
    const numbers = { deviceNumber: String(device), inode: String(inode) }
    return [{ nodeId: name, root: folder, path, ...numbers, size, mtime }]
  })
}
