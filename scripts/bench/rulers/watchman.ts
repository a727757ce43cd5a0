/** Watchman, the Debian package, as a peer: it too keeps every file of a folder in mind and watches all folders. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { residentMemory } from '../process-figures.ts'

/** Milliseconds until it has listed all and watches, and megabytes then. Null if it is not installed. */
export type Watchman = { readonly ms: number; readonly megabytes: number }

/** @param state a folder for its own files, which is made */
export async function measureWatchman(folder: string, state: string): Promise<Watchman | null> {
  if (spawnSync('watchman', ['--version'], { stdio: 'ignore' }).error !== undefined) return null
  mkdirSync(state, { recursive: true })
  const socket = join(state, 'socket')
  const started = performance.now()
  const server = spawn('watchman', ['--foreground', '--no-save-state', ...placesIn(state)], { stdio: 'ignore' })
  try {
    await untilThere(socket, server)
    ask(socket, ['watch', folder])
    // It answers when all that happened before the question is known.
    ask(socket, ['clock', folder, { sync_timeout: 600_000 }])
    const ms = performance.now() - started
    return { ms, megabytes: residentMemory(server.pid as number).nowBytes / 1e6 }
  } finally {
    server.kill('SIGTERM')
    if (server.exitCode === null && server.signalCode === null) await once(server, 'exit')
  }
}

function placesIn(state: string): string[] {
  const names = { sockname: 'socket', statefile: 'state', logfile: 'log', pidfile: 'pid' }
  return Object.entries(names).map(([option, name]) => `--${option}=${join(state, name)}`)
}

async function untilThere(socket: string, server: ChildProcess): Promise<void> {
  for (let left = 1000; !existsSync(socket); left -= 1) {
    if (left === 0 || server.exitCode !== null) throw new Error('watchman does not start')
    await sleep(10)
  }
}

function ask(socket: string, question: readonly unknown[]): void {
  const answer = execFileSync('watchman', ['--no-spawn', `--sockname=${socket}`, '-j', '--no-pretty'], {
    input: JSON.stringify(question),
    encoding: 'utf8',
  })
  const { error } = JSON.parse(answer) as { error?: string }
  if (error !== undefined) throw new Error(`watchman: ${error}`)
}
