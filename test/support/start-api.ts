/** The api as a process on a database in a folder, for tests of the api without an indexer. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Cleaner } from './cleaner.ts'
import { runnableBy } from './for-others.ts'
import { freePort } from './free-port.ts'
import { API_MAIN, untilListening } from './run-api.ts'
import { launch, type ServiceProcess } from './service-process.ts'

export type RunningApi = {
  readonly process: ServiceProcess
  /** Where the routes are, as `http://127.0.0.1:8080/api/v1`. */
  readonly url: string
  /** Messages of the log so far. */
  readonly log: () => string[]
}

/** Starts the api, which listens; its database is `feed.db` in the folder. It is killed when the test ends. */
export async function startApi(
  t: Cleaner,
  folder: string,
  { port: wanted, filesMax, uid }: { uid?: number; port?: number; filesMax?: number } = {},
): Promise<RunningApi> {
  const { node, main } = uid === undefined ? { node: process.execPath, main: API_MAIN } : runnableBy(uid, API_MAIN)
  const port = wanted ?? (await freePort())
  const argv = [node, main, `--config=${writeConfig(folder, port)}`]
  const [command = '', ...args] = filesMax === undefined ? argv : ['prlimit', `--nofile=${filesMax}`, ...argv]
  const api = await untilListening(launch(t, { command, args, ...(uid === undefined ? {} : { uid }) }))
  return { process: api, url: `http://127.0.0.1:${port}/api/v1`, log: () => messagesOf(api.stdout()) }
}

export function writeConfig(folder: string, port: number): string {
  const path = join(folder, 'server.yaml')
  writeFileSync(path, `host: 127.0.0.1\nport: ${port}\ndatabase_url: feed.db\nwatches: { media: /media }\n`)
  return path
}

/** The messages of complete lines. */
function messagesOf(log: string): string[] {
  const lines = log
    .slice(0, log.lastIndexOf('\n') + 1)
    .split('\n')
    .filter((line) => line !== '')
  return lines.map((line) => (JSON.parse(line) as { msg: string }).msg)
}
