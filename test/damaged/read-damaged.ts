/** Reads damaged files with the real metadata pool, and gives the result of each. */
import { createHash } from 'node:crypto'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { MetadataResult } from '../../services/indexer/src/metadata/metadata-job.ts'
import { createMetadataPool, type MetadataPool } from '../../services/indexer/src/metadata/pool.ts'
import { jobFor } from '../support/job-for.ts'
import { createRandom } from '../support/random.ts'
import { type DamagedFile, damagedFiles } from './damage.ts'

export type Outcome = { readonly file: DamagedFile; readonly result: MetadataResult }

export type ReadOptions = {
  /** Where to put the files while they are read. */
  readonly folder: string
  readonly seed: number
  readonly files: number
  readonly workers: number
  /** Much more than any file needs, and less than the pool's own minute. */
  readonly limitMs: number
  readonly onWave?: (outcomes: readonly Outcome[]) => void
}

/** How many files are on disk at a time. */
const WAVE = 500
const WAVE_BOUND_MS = 600_000

export type Figures = {
  /** How many files got the hash of their very bytes. */
  readonly hashed: number
  /** How often each problem occurred, by its text without the parts that differ from file to file. */
  readonly problems: Readonly<Record<string, number>>
  /** Files on which a library crashed or hung. */
  readonly casualties: readonly DamagedFile[]
  /** Files that ended without a hash, or with a wrong one. */
  readonly wrong: readonly string[]
}

export async function readDamaged(options: ReadOptions): Promise<Figures> {
  const source = damagedFiles(createRandom(options.seed))
  const results: MetadataResult[] = []
  const complaints: string[] = []
  const pool = createMetadataPool({
    workers: options.workers,
    limitMs: () => options.limitMs,
    onResults: (some) => results.push(...some),
    onProblem: (problem) => complaints.push(problem),
  })
  let hashed = 0
  const problems: Record<string, number> = {}
  const casualties: DamagedFile[] = []
  const wrong: string[] = []
  try {
    for (let done = 0; done < options.files; done += WAVE) {
      const length = Math.min(WAVE, options.files - done)
      const wave = Array.from({ length }, () => source.next().value as DamagedFile)
      const outcomes = await readWave(pool, results, join(options.folder, `wave-${done}`), wave)
      for (const { file, result } of outcomes) {
        const isRight = result.kind === 'done' && result.metadata.hash === md5(file.bytes)
        if (isRight) hashed += 1
        else wrong.push(`${file.name}: ${JSON.stringify(result)}`)
        const problem = 'problem' in result ? result.problem : null
        if (problem === null) continue
        problems[problem] = (problems[problem] ?? 0) + 1
        if (/killed|took longer|ended|computed/.test(problem)) casualties.push(file)
      }
      options.onWave?.(outcomes)
    }
  } finally {
    await pool.stop()
  }
  return { hashed, problems, casualties, wrong: [...wrong, ...complaints] }
}

async function readWave(
  pool: MetadataPool,
  results: MetadataResult[],
  folder: string,
  wave: readonly DamagedFile[],
): Promise<Outcome[]> {
  mkdirSync(folder)
  const byPath = new Map(wave.map((file) => [join(folder, file.name), file]))
  for (const [path, { bytes }] of byPath) writeFileSync(path, bytes)
  pool.submit([...byPath.keys()].map(jobFor))
  const deadlineMs = performance.now() + WAVE_BOUND_MS
  while (results.length < wave.length) {
    if (performance.now() > deadlineMs) throw new Error(`${wave.length - results.length} files were never answered`)
    await sleep(5)
  }
  rmSync(folder, { recursive: true })
  return results.splice(0).map((result) => ({ file: byPath.get(result.job.path) as DamagedFile, result }))
}

function md5(bytes: Buffer): string {
  return createHash('md5').update(bytes).digest('hex')
}
