/** A program, such as one of the two services, as a child process that never outlives the test. */
import { type ChildProcess, spawn } from 'node:child_process'
import type { Cleaner } from './cleaner.ts'
import { until } from './until.ts'

export type Exit = { readonly code: number | null; readonly signal: NodeJS.Signals | null; readonly tookMs: number }

export type LaunchOptions = {
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Run as this user and group. */
  readonly uid?: number
}

export type ServiceProcess = {
  readonly pid: number
  /** Ms since 1970. */
  readonly startedMs: number
  readonly stdout: () => string
  readonly stderr: () => string
  readonly exited: () => boolean
  readonly signal: (signal: NodeJS.Signals) => void
  /** Sends the signal and waits for the end. */
  readonly end: (signal: NodeJS.Signals) => Promise<Exit>
  /** Waits for the end. */
  readonly exit: () => Promise<Exit>
}

/** Only a SIGKILL of this process leaves a child alone. */
const alive = new Set<ChildProcess>()
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL')
})
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(1))

const EXIT_BOUND_MS = 20_000
const SHOWN_CHARACTERS = 6_000

/** Starts a program that is killed when the test ends. Its output is shown if the test failed. */
export function launch(t: Cleaner, options: LaunchOptions): ServiceProcess {
  const launched = start(options)
  t.after(async () => {
    if (!launched.exited()) await launched.end('SIGKILL')
    if (t.passed !== true) {
      console.log(`pid ${launched.pid} printed:\n${launched.stdout().slice(-SHOWN_CHARACTERS)}\n${launched.stderr()}`)
    }
  })
  return launched
}

function start({ command, args, env, uid }: LaunchOptions): ServiceProcess {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
    ...(uid === undefined ? {} : { uid, gid: uid }),
  })
  alive.add(child)
  const texts = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text
    })
  }
  let ended: { code: number | null; signal: NodeJS.Signals | null } | null = null
  child.once('error', (error) => {
    texts.stderr += error.message
    ended = { code: null, signal: null }
    alive.delete(child)
  })
  // `close`, because at `exit` the last output may not be read yet.
  child.once('close', (code, signal) => {
    ended = { code, signal }
    alive.delete(child)
  })
  const exit = async (sinceMs = performance.now()): Promise<Exit> => {
    const how = await until(`the end of ${args.join(' ')}`, () => ended, EXIT_BOUND_MS)
    return { ...how, tookMs: performance.now() - sinceMs }
  }
  return {
    pid: child.pid ?? 0,
    startedMs: Date.now(),
    stdout: () => texts.stdout,
    stderr: () => texts.stderr,
    exited: () => ended !== null,
    signal: (signal) => void child.kill(signal),
    end: (signal) => {
      const sinceMs = performance.now()
      child.kill(signal)
      return exit(sinceMs)
    },
    exit: () => exit(),
  }
}
