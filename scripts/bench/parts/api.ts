/** What the api gives in a second beside bare Express and bare SQLite, and its memory. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { Agent } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openReader } from '@drive-feed/shared/open-database.ts'
import { answersPerSecond, readAnswer } from '../http-load.ts'
import { makeLibrary } from '../library.ts'
import type { Part, PartOptions, Result } from '../part.ts'
import { proportionalMemory } from '../process-figures.ts'
import { type Row, Values } from '../row.ts'
import { measureColumns } from '../rulers/columns-alone.ts'
import { type Run, runSystem } from '../system.ts'

const PAGE_ROWS = 1000
const NODES_ASKED = 500
const LOAD = { connections: 16, seconds: 3 }
/** How often memory is looked at during an answer. */
const LOOK_MS = 20
const SETTLED_MS = 3_000

const EXPRESS = 'Express with a constant answer'
const COLUMNS = 'the columns alone, by better-sqlite3'

/** Pages per second through the whole log. */
async function measurePages(url: string): Promise<number> {
  const agent = new Agent({ keepAlive: true })
  const started = performance.now()
  let pages = 0
  for (let cursor = 0; ; ) {
    const pieces: Buffer[] = []
    const path = `/api/v1/changes?cursor=${cursor}&max_size=${PAGE_ROWS}`
    await readAnswer(`${url}${path}`, agent, (piece) => void pieces.push(piece))
    pages += 1
    const text = Buffer.concat(pieces)
    // The cursor is at the start of the answer, and a page without it is not what this bench knows.
    const next = Number(/"cursor":(\d+)/.exec(text.subarray(0, 200).toString('latin1'))?.[1] ?? NaN)
    if (Number.isNaN(next)) throw new Error('a page without a cursor at its start')
    if (next === cursor || text.length < 1000) break
    cursor = next
  }
  agent.destroy()
  return pages / ((performance.now() - started) / 1000)
}

/** Nodes per second in one answer with all, and the most memory meanwhile in bytes. */
async function measureDump({ url, pids }: Run, nodes: number): Promise<{ perSecond: number; mostBytes: number }> {
  const agent = new Agent()
  let mostBytes = 0
  const looking = setInterval(() => {
    mostBytes = Math.max(mostBytes, proportionalMemory(pids.api))
  }, LOOK_MS)
  const started = performance.now()
  await readAnswer(`${url}/api/v1/changes?cursor=0`, agent, () => {})
  clearInterval(looking)
  return { perSecond: nodes / ((performance.now() - started) / 1000), mostBytes }
}

async function startExpress(): Promise<{ readonly url: string; readonly server: ChildProcess }> {
  const main = join(import.meta.dirname, '../rulers/constant-express.ts')
  const server = spawn(process.execPath, [main], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = (await once(server.stdout as NonNullable<typeof server.stdout>, 'data')) as [Buffer]
  return { url: line.toString().trim(), server }
}

function someNodes(database: string): string[] {
  const { sqlite } = openReader(database)
  const nodes = sqlite.prepare(`SELECT node_id FROM nodes WHERE rowid % 97 = 5 LIMIT ${NODES_ASKED}`).pluck().all()
  sqlite.close()
  return nodes as string[]
}

async function measureRound(run: Run, express: string, values: Values, files: number): Promise<void> {
  values.add('idle', proportionalMemory(run.pids.api) / 1e6)
  values.add(COLUMNS, measureColumns(run.database, PAGE_ROWS) / PAGE_ROWS)
  values.add('pages', await measurePages(run.url))
  const dump = await measureDump(run, files)
  values.add('dump', dump.perSecond)
  values.add('memory in a dump', dump.mostBytes / 1e6)
  values.add(EXPRESS, await answersPerSecond(express, ['/api/v1/cursor'], LOAD))
  values.add('cursor', await answersPerSecond(run.url, ['/api/v1/cursor'], LOAD))
  const paths = someNodes(run.database).map((id) => `/api/v1/nodes/${id}/path`)
  values.add('path', await answersPerSecond(run.url, paths, LOAD))
  await sleep(SETTLED_MS)
}

function rowsOf(values: Values): Row[] {
  const express = [values.ruler(EXPRESS)]
  const rate = (work: string, name: string, row: Pick<Row, 'rulers' | 'goal'>): Row => ({
    ...{ work, unit: '/s', ours: values.of(name), ...row },
  })
  const memory = (work: string, name: string, limit: number): Row => ({
    ...{ work, unit: 'MB', ours: values.of(name), rulers: [], goal: { of: 'value', is: 'at most', limit } },
  })
  const atLeast = (of: 'ratio' | 'value', limit: number) => ({ of, is: 'at least', limit }) as const
  return [
    rate('pages of 1,000 changes', 'pages', { rulers: [values.ruler(COLUMNS)], goal: atLeast('value', 300) }),
    rate('nodes of the whole feed in one answer', 'dump', { rulers: [], goal: atLeast('value', 250_000) }),
    rate('`GET /cursor`', 'cursor', { rulers: express, goal: atLeast('ratio', 0.7) }),
    rate('`GET /nodes/{id}/path`', 'path', { rulers: express, goal: atLeast('ratio', 0.6) }),
    memory("the api's memory (PSS), idle", 'idle', 70),
    memory("the api's memory (PSS) in a whole feed", 'memory in a dump', 90),
  ]
}

async function measure({ work, rounds, files, tell }: PartOptions): Promise<Result> {
  const folder = join(work, 'library')
  tell('making the library')
  makeLibrary(folder, files)
  const run = await runSystem(folder, join(work, 'data'), { files, until: 'watching' })
  await run.allHashed()
  const { url, server } = await startExpress()
  try {
    const values = new Values()
    for (let round = 0; round < rounds; round += 1) await measureRound(run, url, values, files)
    return { rows: rowsOf(values) }
  } finally {
    server.kill('SIGTERM')
    await run.stop()
  }
}

export const api: Part = {
  about: 'pages and the whole feed of a large library, short answers beside bare Express, memory',
  run: measure,
}
