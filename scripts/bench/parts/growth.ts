/** How time and memory grow with the library. One round each: what counts is the slope over all sizes. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { openReader } from '@drive-feed/shared/open-database.ts'
import { measureFirstScan } from '../first-scan.ts'
import { answersPerSecond } from '../http-load.ts'
import { makeLibrary } from '../library.ts'
import type { Part, PartOptions } from '../part.ts'
import type { Row, Unit } from '../row.ts'
import { runSystem } from '../system.ts'

const SIZES = [50_000, 100_000, 200_000, 500_000, 1_000_000, 2_000_000]
const LOAD = { connections: 1, seconds: 2 }

const MEASURES = {
  'first scan': { unit: 's', slopeMax: 1.1 },
  restart: { unit: 's', slopeMax: 1.1 },
  'memory at most': { unit: 'MB', slopeMax: 1 },
  'memory at rest': { unit: 'MB', slopeMax: 1 },
  'look-up of a node': { unit: 'ms', slopeMax: 0.1 },
} as const satisfies Record<string, { unit: Unit; slopeMax: number }>

type Measure = keyof typeof MEASURES

async function measureSize(files: number, { work, tell }: PartOptions): Promise<Record<Measure, number>> {
  const [folder, data] = [join(work, 'library'), join(work, 'data')]
  tell(`${files.toLocaleString('en')} files`)
  makeLibrary(folder, files)
  const first = await measureFirstScan(folder, data, files)
  const perSecond = await answersPerSecond(first.run.url, somePaths(first.run.database, files), LOAD)
  await first.run.stop()
  const again = await runSystem(folder, data, { files, until: 'watching' })
  await again.stop()
  for (const made of [folder, data]) rmSync(made, { recursive: true })
  return {
    ...{ 'first scan': first.seconds, restart: again.watchingMs / 1000 },
    ...{ 'memory at most': first.atMost, 'memory at rest': first.atRest, 'look-up of a node': 1000 / perSecond },
  }
}

/** Nodes all over the database. */
function somePaths(database: string, files: number): string[] {
  const { sqlite } = openReader(database)
  const ids = sqlite
    .prepare('SELECT node_id FROM nodes WHERE rowid % ? = 7')
    .pluck()
    .all(Math.floor(files / 500))
  sqlite.close()
  return ids.map((id) => `/api/v1/nodes/${id}`)
}

/** The slope of the straight line through the logarithms: 1 is growth in proportion, 0 none. */
function slope(points: readonly { readonly at: number; readonly value: number }[]): number {
  const logs = points.map(({ at, value }) => [Math.log(at), Math.log(value)] as const)
  const mean = (side: 0 | 1) => logs.reduce((sum, pair) => sum + pair[side], 0) / logs.length
  const [x, y] = [mean(0), mean(1)]
  const both = logs.reduce((sum, [a, b]) => sum + (a - x) * (b - y), 0)
  return both / logs.reduce((sum, [a]) => sum + (a - x) ** 2, 0)
}

export const growth: Part = {
  about: 'from 50,000 to 2,000,000 files: time, memory and look-ups; takes a quarter of an hour',
  isOnlyIfAsked: true,
  run: async (options) => {
    const rows: Row[] = []
    const series = new Map<Measure, { at: number; value: number }[]>()
    for (const files of SIZES) {
      const values = await measureSize(files, options)
      for (const [name, value] of Object.entries(values) as [Measure, number][]) {
        series.set(name, [...(series.get(name) ?? []), { at: files, value }])
        const { unit } = MEASURES[name]
        rows.push({ work: `${name}, ${files.toLocaleString('en')} files`, unit, ours: [value], rulers: [], goal: null })
      }
    }
    for (const [name, points] of series) {
      const goal = { of: 'value', is: 'at most', limit: MEASURES[name].slopeMax } as const
      rows.push({ work: `${name} grows by`, unit: 'exponent', ours: [slope(points)], rulers: [], goal })
    }
    const plotted = [...series].map(([name, points]) => ({ name: `${name}, ${MEASURES[name].unit}`, points }))
    return { rows, plot: plotted }
  },
}
