import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestContext } from 'node:test'
import { runnableBy } from '../../../../test/support/for-others.ts'

export const MAIN = join(import.meta.dirname, '../main.ts')

export type RunningApi = {
  readonly process: ChildProcess
  readonly url: string
  /** Lines of the log so far. */
  readonly log: readonly LogLine[]
}

type LogLine = { readonly level: number | string; readonly msg: string }

const TRIES = 5

/** The real process, listening; its database is `feed.db` in the folder. Killed when the test is over. */
export async function startApi(
  t: TestContext,
  folder: string,
  { port: wanted, filesMax, ...spawnOptions }: { uid?: number; port?: number; filesMax?: number } = {},
): Promise<RunningApi> {
  const { uid } = spawnOptions
  const { node, main } = uid === undefined ? { node: process.execPath, main: MAIN } : runnableBy(uid, MAIN)
  for (let tries = 0; tries < TRIES; tries += 1) {
    const port = wanted ?? (await freePort())
    const config = writeConfig(folder, port)
    const argv = [node, main, `--config=${config}`]
    const limited = filesMax === undefined ? argv : ['prlimit', `--nofile=${filesMax}`, ...argv]
    const child = spawn(limited[0] as string, limited.slice(1), {
      ...spawnOptions,
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    t.after(() => child.kill('SIGKILL'))
    // Another program may have taken the port meanwhile.
    const log: LogLine[] = []
    if (await isListening(child, log)) return { process: child, url: `http://127.0.0.1:${port}/api/v1`, log }
  }
  throw new Error('the api does not start')
}

export function writeConfig(folder: string, port: number): string {
  const path = join(folder, 'server.yaml')
  writeFileSync(path, `host: 127.0.0.1\nport: ${port}\ndatabase_url: feed.db\nwatches: { media: /media }\n`)
  return path
}

/** Waits for the end of a process: its exit code, or the name of the signal that killed it. */
export async function exitOf(child: ChildProcess): Promise<number | string | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  return child.exitCode ?? child.signalCode
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

function isListening(child: ChildProcess, log: LogLine[]): Promise<boolean> {
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })
  return new Promise((resolve) => {
    lines.on('line', (line) => {
      const entry = JSON.parse(line) as LogLine
      log.push(entry)
      if (entry.msg === 'listening') resolve(true)
    })
    lines.on('close', () => resolve(false))
  })
}
