/** One of the two services as a child process. */
import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, mkdirSync, openSync, readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { shownText } from '@drive-feed/shared/shown-text.ts'
import { writingTrouble } from '../keeping/writing-trouble.ts'

export type Service = {
  readonly name: string
  /** Undefined if it could not be started. */
  readonly pid: number | undefined
  /** Resolves when the process has ended, with a text for how: "exit code 1". */
  readonly ended: Promise<string>
  /** Asks the service to end, and kills it after `patienceMs`. */
  stop(patienceMs: number): Promise<void>
}

export type LoggedService = Service & {
  readonly logPath: string
  /** The last lines of this run's log, in readable form. */
  lastLines(count: number): string[]
}

type Program = { readonly name: string; readonly script: string; readonly argv: readonly string[] }

/** Starts `script` with Node, and appends all its output to `logPath`. @throws {CommandError} if that can't be written */
export function startLoggedService({ logPath, ...program }: Program & { readonly logPath: string }): LoggedService {
  const log = openLog(logPath)
  const logStart = statSync(logPath).size
  const service = startService(program, log)
  closeSync(log)
  return {
    ...service,
    logPath,
    lastLines: (count) =>
      readFileSync(logPath).subarray(logStart).toString().trimEnd().split('\n').slice(-count).map(readable),
  }
}

function openLog(path: string): number {
  try {
    mkdirSync(dirname(path), { recursive: true })
    return openSync(path, 'a')
  } catch (error) {
    throw writingTrouble(error, path)
  }
}

/** Starts `script` with Node. @param output a descriptor for all that it prints, or `inherit` for that of this process */
export function startService({ name, script, argv }: Program, output: number | 'inherit'): Service {
  // A process group of its own: Ctrl-C in the terminal must reach the service only once, through `stop`.
  const child = spawn(process.execPath, [script, ...argv], { stdio: ['ignore', output, output], detached: true })
  // Otherwise the service would outlive this process if that ends by an error.
  process.once('exit', () => child.kill('SIGTERM'))
  const ended = endOf(child)
  return {
    name,
    pid: child.pid,
    ended,
    stop: async (patienceMs) => {
      child.kill('SIGTERM')
      const timer = new AbortController()
      const tooLate = sleep(patienceMs, 'too late', { signal: timer.signal }).catch(() => 'stopped')
      if ((await Promise.race([ended, tooLate])) === 'too late') child.kill('SIGKILL')
      timer.abort()
      await ended
    },
  }
}

function endOf(child: ChildProcess): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  child.once('error', (error) => resolve(error.message))
  child.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`))
  return promise
}

/** A log line is JSON. Output from before logging began, or of a crash, is text. */
function readable(line: string): string {
  try {
    const { time, msg, err } = JSON.parse(line) as { time?: string; msg?: string; err?: { message?: string } }
    return shownText([time, msg, err?.message].filter((part) => part !== undefined).join('  '))
  } catch {
    return shownText(line)
  }
}
