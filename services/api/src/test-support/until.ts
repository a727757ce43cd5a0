import { setImmediate as nextTurn } from 'node:timers/promises'

const LIMIT_MS = 10_000

/** Resolves once the condition holds; rejects with `what` when it does not within ten seconds. */
export async function until(what: string, condition: () => boolean): Promise<void> {
  const limitMs = performance.now() + LIMIT_MS
  while (!condition()) {
    if (performance.now() > limitMs) throw new Error(`waited in vain: ${what}`)
    await nextTurn()
  }
}

/** The same with a condition that is asked for. */
export async function untilTrue(what: string, condition: () => Promise<boolean>): Promise<void> {
  const limitMs = performance.now() + LIMIT_MS
  while (!(await condition())) {
    if (performance.now() > limitMs) throw new Error(`waited in vain: ${what}`)
    await nextTurn()
  }
}
