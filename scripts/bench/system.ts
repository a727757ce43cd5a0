/** Both services on a folder, started as users start them, and observed over HTTP as by a client. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../test/support/free-port.ts'
import { isHashed, isWatching } from './database-progress.ts'

const LIMIT_MS = 900_000
const POLL_MS = 25

export type Run = {
  /** From the start of the indexer until the last hash was received over HTTP; 0 if nobody followed the feed. */
  readonly hashedMs: number
  /** From the start of the indexer until every file was listed. */
  readonly watchingMs: number
  /** Where the api answers, as `http://127.0.0.1:8080`. */
  readonly url: string
  readonly allHashed: () => Promise<void>
  readonly database: string
  /** The processes. The indexer's does not include those that read files. */
  readonly pids: Readonly<Record<'indexer' | 'api', number>>
  readonly stop: () => Promise<void>
}

/** The services that were started and not asked to stop. */
const running = new Map<ChildProcess, 'indexer' | 'api'>()

type Change = { node?: { is_directory: boolean; hash: string; id: string } }

/**
 * Starts the api, then the indexer, and waits until the indexer watches: then every file is listed.
 *
 * @param files how many files there are. With `until: 'hashed'` a client follows the feed over HTTP all the time. Scans
 *   are measured without a client: otherwise its reading of a hundred thousand changes would be measured too.
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
  await reached(async () => isListening(port))
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
  if (goal === 'hashed') await reached(follow)
  await reached(async () => {
    if (isWatching(database, startedMs)) watchingMs ||= elapsed()
    return watchingMs > 0
  })
  const allHashed = () => reached(async () => isHashed(database))
  const pids = { indexer: indexer.pid as number, api: api.pid as number }
  return { hashedMs, watchingMs, url, database, pids, allHashed, stop: () => stop(indexer, api) }
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

/** Not the tests' `launch`: its bounds are too short for a bench, and it reads output that a bench does not need. */
function start(service: 'indexer' | 'api', config: string): ChildProcess {
  const main = join(import.meta.dirname, `../../services/${service}/src/main.ts`)
  const child = spawn(process.execPath, [main, `--config=${config}`], { stdio: ['ignore', 'ignore', 'inherit'] })
  running.set(child, service)
  return child
}

function hasEnded({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null
}

async function stop(...services: ChildProcess[]): Promise<void> {
  for (const service of services) {
    running.delete(service)
    service.kill('SIGTERM')
  }
  await Promise.all(services.filter((service) => !hasEnded(service)).map((service) => once(service, 'exit')))
}

/** Not the tests' `until`: the interval is part of what is measured, so it must stay as it is. */
export async function reached(condition: () => Promise<boolean>): Promise<void> {
  const limit = performance.now() + LIMIT_MS
  while (!(await condition())) {
    const dead = [...running].filter(([service]) => hasEnded(service))
    if (dead.length > 0) {
      await stop(...running.keys())
      const each = dead.map(([{ exitCode, signalCode }, name]) => `the ${name} (${exitCode ?? signalCode})`)
      throw new Error(`ended by itself: ${each.join(', ')}`)
    }
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
