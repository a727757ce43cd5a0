/** What a user or a shutdown ends half-way: told once, after the command has cleaned up. */
import { setImmediate as turn } from 'node:timers/promises'
import { CommandError } from '../command.ts'
import { EXIT_NOT_WELL } from '../exit-codes.ts'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export type Interruption = {
  /** @throws {CommandError} once a signal has come */
  readonly check: () => void
  /** Hears what came while nothing else could be done, and checks. @throws {CommandError} */
  readonly hear: () => Promise<void>
}

/** Runs `work` so that a signal ends it where it checks, and not where it is. */
export async function interruptible<T>(work: (interruption: Interruption) => Promise<T>): Promise<T> {
  let isInterrupted = false
  const interrupt = () => {
    isInterrupted = true
  }
  const check = () => {
    if (isInterrupted) throw new CommandError('interrupted; nothing was left behind', EXIT_NOT_WELL)
  }
  for (const signal of SIGNALS) process.on(signal, interrupt)
  try {
    return await work({
      check,
      hear: async () => {
        await turn()
        check()
      },
    })
  } finally {
    for (const signal of SIGNALS) process.off(signal, interrupt)
  }
}
