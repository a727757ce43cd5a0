/** Both services on a folder, started as users start them, watched over HTTP as clients watch them. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openReader } from '@drive-feed/shared/open-database.ts'

const LIMIT_MS = 300_000
const POLL_MS = 25

export type Run = {
  /** Milliseconds from starting the indexer until the last hash was seen over HTTP (0 if nobody looked), and until it watched. */
  readonly hashedMs: number
  readonly watchingMs: number
  /** Where the api answers. */
  readonly url: string
  readonly allHashed: () => Promise<void>
  /** Resident memory of the process, of the indexer without those that read files. */
  readonly memory: (service: 'indexer' | 'api') => { readonly nowBytes: number; readonly mostBytes: number }
  readonly stop: () => Promise<void>
}

type Change = { node?: { is_directory: boolean; hash: string; id: string } }

/**
 * Starts the api, then the indexer, and waits until it watches: then every file is listed.
 *
 * @param files how many files there are. With `until: 'hashed'` a client follows the feed over HTTP all the while; the
 *   scans alone are measured without one, whose reading of a hundred thousand answers would be measured with them.
 */
export async function runSystem(
  folder: string,
  data: string,
  { files, until: goal }: { files: number; until: 'hashed' | 'watching' },
): Promise<Run> {
  mkdirSync(data, { recursive: true })
  const port = await freePort()
  const config = join(data, 'server.yaml')
  const database = join(data, 'feed.db')
  writeFileSync(config, `host: 127.0.0.1\nport: ${port}\ndatabase_url: ${database}\nwatches:\n  bench: ${folder}\n`)
  const api = start('api', config)
  const url = `http://127.0.0.1:${port}`
  const changesAfter = createClient(`${url}/api/v1/changes`)
  await until(async () => isListening(port))
  const started = performance.now()
  const indexer = start('indexer', config)
  const startedMs = Date.now()
  const hashed = new Set<string>()
  let [hashedMs, watchingMs] = [0, 0]
  const elapsed = () => performance.now() - started
  const follow = async () => {
    for (const { node } of (await changesAfter()) ?? []) if (node?.hash) hashed.add(node.id)
    if (hashed.size === files) hashedMs ||= elapsed()
    return hashedMs > 0
  }
  if (goal === 'hashed') await until(follow)
  await until(async () => {
    if (readsWatching(database, startedMs)) watchingMs ||= elapsed()
    return watchingMs > 0
  })
  const allHashed = () => until(async () => readsHashed(database))
  const memory: Run['memory'] = (service) => readMemory((service === 'api' ? api : indexer).pid as number)
  return { hashedMs, watchingMs, url, allHashed, memory, stop: () => stop(indexer, api) }
}

function readMemory(pid: number): ReturnType<Run['memory']> {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  const bytesOf = (key: string) => Number(new RegExp(`^${key}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1]) * 1024
  return { nowBytes: bytesOf('VmRSS'), mostBytes: bytesOf('VmHWM') }
}

function createClient(url: string): () => Promise<Change[] | null> {
  let cursor = 0
  return async () => {
    try {
      const answer = await fetch(`${url}?cursor=${cursor}`)
      if (!answer.ok) return null
      const page = (await answer.json()) as { cursor: number; changes: Change[] }
      cursor = page.cursor
      return page.changes
    } catch {
      return null
    }
  }
}

/** Whether every root is watched, by an indexer that was started since. */
function readsWatching(database: string, sinceMs: number): boolean {
  const states = ask<{ state: string; sinceMs: number }>(
    database,
    'SELECT state, state_since_ms AS sinceMs FROM watch_roots',
  )
  return states.length > 0 && states.every((row) => row.state === 'watching' && row.sinceMs >= sinceMs)
}

function readsHashed(database: string): boolean {
  const [first] = ask<{ left: number }>(
    database,
    "SELECT count(*) AS left FROM nodes WHERE metadata_state IN ('fresh', 'backlog')",
  )
  return first?.left === 0
}

/** The rows of a query; none while the database can't be read. */
function ask<Row>(database: string, query: string): Row[] {
  try {
    const { sqlite } = openReader(database)
    try {
      return sqlite.prepare(query).all() as Row[]
    } finally {
      sqlite.close()
    }
  } catch {
    return []
  }
}

function start(service: 'indexer' | 'api', config: string): ChildProcess {
  const main = join(import.meta.dirname, `../../services/${service}/src/main.ts`)
  return spawn(process.execPath, [main, `--config=${config}`], { stdio: ['ignore', 'ignore', 'inherit'] })
}

async function stop(...services: ChildProcess[]): Promise<void> {
  for (const service of services) service.kill('SIGTERM')
  await Promise.all(services.map((service) => service.exitCode ?? once(service, 'exit')))
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const limit = performance.now() + LIMIT_MS
  while (!(await condition())) {
    if (performance.now() > limit) throw new Error(`not reached within ${LIMIT_MS / 1000} s`)
    await sleep(POLL_MS)
  }
}

async function isListening(port: number): Promise<boolean> {
  try {
    await fetch(`http://127.0.0.1:${port}/api/v1/cursor`)
    return true
  } catch {
    return false
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  return port
}
