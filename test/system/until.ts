/** Waiting for conditions, with a bound. */
import { setTimeout as sleep } from 'node:timers/promises'

const POLL_MS = 15
export const BOUND_MS = 20_000

/** Resolves with the first result that is not false, null or undefined; rejects with `what` when the bound has passed. */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  boundMs = BOUND_MS,
): Promise<Exclude<T, false | null | undefined>> {
  const deadlineMs = performance.now() + boundMs
  for (;;) {
    const result = await condition()
    if (result !== false && result !== null && result !== undefined) {
      return result as Exclude<T, false | null | undefined>
    }
    if (performance.now() > deadlineMs) throw new Error(`waited ${boundMs} ms in vain: ${what}`)
    await sleep(POLL_MS)
  }
}

/** Resolves when there are no problems left; rejects with those there are when the bound has passed. */
export async function untilNone(
  what: string,
  problems: () => readonly string[] | Promise<readonly string[]>,
  boundMs = BOUND_MS,
): Promise<void> {
  let last: readonly string[] = []
  try {
    await until(
      what,
      async () => {
        last = await problems()
        return last.length === 0
      },
      boundMs,
    )
  } catch (error) {
    const shown = last.slice(0, 20).join('\n  ')
    const more = last.length > 20 ? `\n  … and ${last.length - 20} more` : ''
    throw new Error(`${(error as Error).message}\n  ${shown}${more}`)
  }
}
