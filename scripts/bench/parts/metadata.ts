/** Reading metadata: the whole system against the same workers alone, empty files, large files against md5sum. */
import { mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeFilesOfKind, makeLibrary, makeSmallFiles } from '../library.ts'
import type { Part } from '../part.ts'
import { type Row, Values } from '../row.ts'
import { measureMd5sum } from '../rulers/md5sum.ts'
import { measureWorkersAlone } from '../rulers/workers-alone.ts'
import { runSystem } from '../system.ts'

const EMPTY_FILES = 200_000
const LARGE_FILES = 8
const LARGE_BYTES = 1024 ** 3

const ALONE = 'the same extractors in the same processes, no database'
const MD5SUM = 'xargs -P2 md5sum'

export const metadata: Part = {
  about: '10,000 small files, a fifth of them JPEG, from the start to the last hash seen over HTTP',
  run: async ({ work, rounds }) => {
    const folder = join(work, 'small')
    const files = makeSmallFiles(folder)
    const values = new Values()
    for (let round = 0; round < rounds; round += 1) {
      values.add(ALONE, (await measureWorkersAlone(folder)) / 1000)
      const system = await runSystem(folder, join(work, `small-${round}`), { files, until: 'hashed' })
      values.add('ours', system.hashedMs / 1000)
      await system.stop()
    }
    const row: Row = {
      ...{ work: '10,000 small files, to the last hash', unit: 's', ours: values.of('ours') },
      rulers: [values.ruler(ALONE)],
      goal: { of: 'ratio', is: 'at most', limit: 1.1 },
    }
    return { rows: [row] }
  },
}

export const empty: Part = {
  about: `${EMPTY_FILES.toLocaleString('en')} empty files, from the end of their scan to the last hash`,
  run: async ({ work, rounds }) => {
    const folder = join(work, 'empty')
    makeLibrary(folder, EMPTY_FILES)
    const ours: number[] = []
    for (let round = 0; round < rounds; round += 1) {
      const system = await runSystem(folder, join(work, `empty-${round}`), { files: EMPTY_FILES, until: 'watching' })
      const listed = performance.now()
      await system.allHashed()
      ours.push(EMPTY_FILES / ((performance.now() - listed) / 1000))
      await system.stop()
    }
    const row: Row = {
      ...{ work: 'empty files hashed after the scan', unit: '/s', ours, rulers: [] },
      goal: { of: 'value', is: 'at least', limit: 60_000 },
    }
    return { rows: [row] }
  },
}

export const large: Part = {
  about: `${LARGE_FILES} files of 1 GiB without blocks on the disk, hashed: the processor is the limit, not the disk`,
  run: async ({ work, rounds }) => {
    const folder = join(work, 'large')
    mkdirSync(folder)
    for (let file = 0; file < LARGE_FILES; file += 1) {
      writeFileSync(join(folder, `${file}.dat`), '')
      truncateSync(join(folder, `${file}.dat`), LARGE_BYTES)
    }
    const values = new Values()
    for (let round = 0; round < rounds; round += 1) {
      values.add(MD5SUM, (await measureMd5sum(folder)) / 1000)
      const system = await runSystem(folder, join(work, `large-${round}`), { files: LARGE_FILES, until: 'hashed' })
      values.add('ours', system.hashedMs / 1000)
      await system.stop()
    }
    rmSync(folder, { recursive: true })
    const row: Row = {
      ...{ work: `${LARGE_FILES} × 1 GiB, from the start to the last hash`, unit: 's', ours: values.of('ours') },
      rulers: [values.ruler(MD5SUM)],
      goal: { of: 'ratio', is: 'at most', limit: 1.05 },
    }
    return { rows: [row] }
  },
}

export const extractors: Part = {
  about: 'one text of 4 KiB, one JPEG of 10 KiB: what reading one takes a worker process',
  run: async ({ work, rounds }) => {
    const values = new Values()
    const kinds = ['text', 'JPEG'] as const
    const files = kinds.map((kind) => makeFilesOfKind(join(work, kind), kind))
    for (let round = 0; round < rounds; round += 1) {
      for (const [at, kind] of kinds.entries()) {
        values.add(kind, (await measureWorkersAlone(join(work, kind), 1)) / (files[at] as number))
      }
    }
    const rows = kinds.map(
      (kind): Row => ({
        ...{ work: `a small ${kind}, read by a worker`, unit: 'ms', ours: values.of(kind), rulers: [], goal: null },
      }),
    )
    return { rows }
  },
}
