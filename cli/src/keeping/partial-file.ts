/**
 * A file that is being written beside the one it is to become. Whoever is killed leaves it; the next command that makes
 * the same file removes it.
 */
import { closeSync, openSync, readdirSync, rmSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'

/** SQLite's own files beside it, while it is open. */
const ENDINGS = ['', '-wal', '-shm', '-journal'] as const

/** Makes it, empty and for this user only. @returns its path @throws {NodeJS.ErrnoException} */
export function beginPartial(path: string): string {
  removeLeftOver(path)
  const partial = `${begin(path)}${process.pid}`
  dropPartial(partial)
  closeSync(openSync(partial, 'wx', 0o600))
  return partial
}

export function dropPartial(partial: string): void {
  for (const ending of ENDINGS) rmSync(partial + ending, { force: true })
}

function begin(path: string): string {
  return `${path}.partial-`
}

function removeLeftOver(path: string): void {
  const start = basename(begin(path))
  for (const name of readdirSync(dirname(path))) {
    const pid = name.startsWith(start) ? /^\d+$/.exec(name.slice(start.length))?.[0] : undefined
    if (pid !== undefined && !isRunning(Number(pid))) dropPartial(join(dirname(path), name))
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}
