/** Starts a process that takes leases on files, see `lease-holder.ts`. */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'

export type LeaseRequest = {
  readonly path: string
  /** How long the lease is kept after it was asked for. */
  readonly returnMs: number
}

export type Leases = {
  /** Takes a lease soon, if no program has the file open then. */
  readonly take: (request: LeaseRequest) => void
  /** Releases all leases. */
  readonly end: () => void
}

export function createLeases(): Leases {
  let holder: ChildProcess | null = null
  const end = () => {
    holder?.kill('SIGKILL')
    holder = null
  }
  return {
    take: (request) => {
      holder ??= spawn(process.execPath, [join(import.meta.dirname, 'lease-holder.ts')], {
        stdio: ['pipe', 'ignore', 'inherit'],
      })
      holder.stdin?.write(`${JSON.stringify(request)}\n`)
    },
    end,
  }
}
