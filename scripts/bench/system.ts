/** Both services on a folder, started as users start them, watched over HTTP as clients watch them. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openReader } from '@drive-feed/shared/open-database.ts'

const LIMIT_MS = 300_000
const POLL_MS = 25

export type Run = {
  /** Milliseconds from starting the indexer until every file was listed, and hashed, over HTTP, and until it watched. */
  readonly listedMs: number
  readonly hashedMs: number
  readonly watchingMs: number
  readonly allHashed: () => Promise<void>
  readonly stop: () => Promise<void>
}

type Change = { node?: { is_directory: boolean; hash: string; id: string } }

/** Starts the api, then the indexer, and waits until `files` files are there and the indexer watches. */
export async function runSystem(folder: string, data: string, files: number): Promise<Run> {
  mkdirSync(data, { recursive: true })
  const port = await freePort()
  const config = join(data, 'server.yaml')
  const database = join(data, 'feed.db')
  writeFileSync(config, `host: 127.0.0.1\nport: ${port}\ndatabase_url: ${database}\nwatches:\n  bench: ${folder}\n`)
  const api = start('api', config)
  const changesAfter = createClient(`http://127.0.0.1:${port}/api/v1/changes`)
  await until(async () => (await changesAfter()) !== null || true)
  const started = performance.now()
  const indexer = start('indexer', config)
  const startedMs = Date.now()
  const listed = new Set<string>()
  const hashed = new Set<string>()
  let [listedMs, hashedMs, watchingMs] = [0, 0, 0]
  const look = async () => {
    for (const { node } of (await changesAfter()) ?? []) {
      if (node === undefined || node.is_directory) continue
      listed.add(node.id)
      if (node.hash !== '') hashed.add(node.id)
    }
    const now = performance.now() - started
    if (listed.size === files && listedMs === 0) listedMs = now
    if (hashed.size === files && hashedMs === 0) hashedMs = now
  }
  const isWatching = () => {
    watchingMs = watchingMs || (readsWatching(database, startedMs) ? performance.now() - started : 0)
    return watchingMs > 0
  }
  // Reading a hundred thousand answers takes its time; a restart is measured by its status alone.
  await until(async () => {
    if (!isWatching() || listedMs === 0) await look()
    return isWatching() && listedMs > 0
  })
  const allHashed = async () => {
    await until(async () => {
      await look()
      return hashedMs > 0
    })
  }
  if (files <= 10_000) await allHashed()
  return { listedMs, hashedMs, watchingMs, allHashed, stop: () => stop(indexer, api) }
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
  try {
    const { sqlite } = openReader(database)
    const states = sqlite.prepare('SELECT state, state_since_ms AS sinceMs FROM watch_roots').all() as {
      state: string
      sinceMs: number
    }[]
    sqlite.close()
    return states.length > 0 && states.every((row) => row.state === 'watching' && row.sinceMs >= sinceMs)
  } catch {
    return false
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

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  return port
}
