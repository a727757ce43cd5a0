/** Waits for conditions, with a bound: the one way in which tests wait. */
import { setTimeout as sleep } from 'node:timers/promises'

const POLL_MS = 10
/** A pause that takes longer than this is not waiting: work of another test in this process held it up. */
const PAUSE_MAX_MS = 500
export const BOUND_MS = 20_000
const SHOWN_MAX = 20

/**
 * Resolves with the first result of the condition that is not false, null or undefined.
 *
 * @param what what is awaited, for the error
 * @throws after `boundMs` without such a result, of time in which this process could look
 */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  boundMs = BOUND_MS,
): Promise<Exclude<T, false | null | undefined>> {
  let deadlineMs = performance.now() + boundMs
  for (;;) {
    const result = await condition()
    if (result !== false && result !== null && result !== undefined) {
      return result as Exclude<T, false | null | undefined>
    }
    if (performance.now() > deadlineMs) throw new Error(`waited ${boundMs} ms in vain: ${what}`)
    const beganMs = performance.now()
    await sleep(POLL_MS)
    deadlineMs += Math.max(0, performance.now() - beganMs - PAUSE_MAX_MS)
  }
}

/** Resolves when no problems are left. @throws after `boundMs`, with the problems that are left */
export async function untilNone(
  what: string,
  problems: () => readonly string[] | Promise<readonly string[]>,
  boundMs = BOUND_MS,
): Promise<void> {
  let last: readonly string[] = []
  const none = async () => {
    last = await problems()
    return last.length === 0
  }
  try {
    await until(what, none, boundMs)
  } catch (error) {
    const shown = last.slice(0, SHOWN_MAX).join('\n  ')
    const more = last.length > SHOWN_MAX ? `\n  … and ${last.length - SHOWN_MAX} more` : ''
    throw new Error(`${(error as Error).message}\n  ${shown}${more}`)
  }
}
