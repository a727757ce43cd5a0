/**
 * Shows that a file on which a library crashes or hangs loses only its own metadata (I14). Real workers read randomly
 * damaged files. Longer runs: `main.ts`.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { copyFileSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { MetadataResult } from '../../services/indexer/src/metadata/metadata-job.ts'
import { createMetadataPool } from '../../services/indexer/src/metadata/pool.ts'
import { CORPUS } from '../support/corpus.ts'
import { jobFor } from '../support/job-for.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'
import { readDamaged } from './read-damaged.ts'

/** Files on which a library hung or crashed, cut to the smallest that does it. The names say which. */
const KNOWN = join(import.meta.dirname, '../data/damaged')
const FILES = 3_000

test(`I6: ${FILES} damaged files all get the hash of their bytes, whatever the libraries make of them`, async (t) => {
  const figures = await readDamaged({ folder: temporaryFolder(t), seed: 1, files: FILES, workers: 2, limitMs: 4_000 })
  assert.deepEqual(figures.wrong, [])
  assert.equal(figures.hashed, FILES)
  const { length } = figures.casualties
  t.diagnostic(`the libraries crashed or hung on ${length}`)
  assert.ok(length < FILES / 100, 'few files are read without MediaInfo, or this is no test of MediaInfo')
})

for (const name of readdirSync(KNOWN)) {
  test(`${name} loses its dimensions, and the files beside it lose nothing`, async (t) => {
    const results: MetadataResult[] = []
    const pool = createMetadataPool({
      workers: 1,
      limitMs: () => 1_500,
      onResults: (some) => results.push(...some),
      onProblem: (problem) => assert.fail(problem),
    })
    t.after(() => pool.stop())
    const folder = temporaryFolder(t)
    copyFileSync(join(KNOWN, name), join(folder, name))
    const sound = join(CORPUS, 'i.jpg')
    pool.submit([sound, join(folder, name), join(CORPUS, 'v.mp4')].map(jobFor))
    await until('all three to be answered', () => results.length === 3)
    for (const result of results) {
      assert.ok(result.kind === 'done', JSON.stringify(result))
      assert.equal(result.metadata.hash, createHash('md5').update(readFileSync(result.job.path)).digest('hex'))
      // Another version of the library may read it without trouble.
      if (!result.job.path.endsWith(name)) assert.deepEqual([result.problem, result.metadata.width], [null, 640])
    }
  })
}
