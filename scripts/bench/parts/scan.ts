/** Scanning a large library: the first scan and a restart, their memory, and what the same work costs others. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { measureFirstScan } from '../first-scan.ts'
import { makeLibrary } from '../library.ts'
import type { Part, PartOptions } from '../part.ts'
import { type Row, Values } from '../row.ts'
import { measureFind } from '../rulers/find.ts'
import { measureRawInserts } from '../rulers/raw-inserts.ts'
import { measureWatchman } from '../rulers/watchman.ts'
import { runSystem } from '../system.ts'

const FIND = 'find -printf'
const RAW = 'the same rows inserted raw'
const WATCHMAN = 'watchman'

async function measureRound(folder: string, values: Values, { work, files, tell }: PartOptions): Promise<void> {
  const data = join(work, 'data')
  const seconds = (name: string, ms: number | null) => values.add(name, ms === null ? null : ms / 1000)
  seconds(FIND, await measureFind(folder))
  tell('first scan')
  const first = await measureFirstScan(folder, data, files)
  values.add('first scan', first.seconds)
  values.add('peak', first.atMost)
  values.add('rest', first.atRest)
  await first.run.stop()
  tell('raw inserts')
  seconds(RAW, measureRawInserts(first.run.database, join(work, 'raw.db')))
  tell('watchman')
  const watchman = await measureWatchman(folder, join(work, 'watchman'))
  seconds(WATCHMAN, watchman?.ms ?? null)
  values.add('memory of watchman', watchman?.megabytes ?? null)
  tell('restart')
  const restarted = await runSystem(folder, data, { files, until: 'watching' })
  seconds('restart', restarted.watchingMs)
  await restarted.stop()
  for (const made of [data, join(work, 'watchman')]) rmSync(made, { recursive: true })
  for (const suffix of ['', '-wal', '-shm']) rmSync(join(work, `raw.db${suffix}`), { force: true })
}

function rowsOf(values: Values, files: number): Row[] {
  const inSeconds = (work: string, rulers: string[]) => ({
    ...{ work: `${work}, ${files.toLocaleString('en')} files`, unit: 's' as const },
    ...{ ours: values.of(work), rulers: rulers.map((name) => values.ruler(name)) },
  })
  const memory = (work: string, ours: string, limit: number): Row => ({
    ...{ work, unit: 'MB', ours: values.of(ours), rulers: [{ ...values.ruler('memory of watchman'), name: WATCHMAN }] },
    goal: { of: 'value', is: 'at most', limit },
  })
  return [
    { ...inSeconds('first scan', [RAW, FIND]), goal: { of: 'ratio', is: 'at most', limit: 1.2 } },
    { ...inSeconds('restart', [FIND, WATCHMAN]), goal: { of: 'ratio', is: 'at most', limit: 1.5 } },
    memory("the indexer's memory at most", 'peak', 250),
    memory("the indexer's memory at rest", 'rest', 110),
  ]
}

export const scan: Part = {
  about: 'first scan of a large library of empty files, and a restart with nothing changed, until it watches; memory',
  run: async (options) => {
    const { work, rounds, files, tell } = options
    const folder = join(work, 'library')
    tell('making the library')
    makeLibrary(folder, files)
    const values = new Values()
    for (let round = 0; round < rounds; round += 1) await measureRound(folder, values, options)
    return { rows: rowsOf(values, files) }
  },
}
