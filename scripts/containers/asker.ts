/** Clients that ask all the time, and what they were answered. */
import { setTimeout as sleep } from 'node:timers/promises'

export type Failure = { readonly beganMs: number; readonly endedMs: number; readonly what: string }

export type Asker = {
  readonly answered: () => number
  /** Lets all clients have their last answer; gives what was no answer of 200. Times are of `performance.now`. */
  readonly stop: () => Promise<readonly Failure[]>
}

const TIMEOUT_MS = 30_000
/** After a failure, which may come immediately. */
const PAUSE_MS = 20

/** @param clients how many ask side by side */
export function askAllTheTime(address: string, { clients = 1 } = {}): Asker {
  const failures: Failure[] = []
  let isStopped = false
  let answered = 0
  const ask = async () => {
    while (!isStopped) {
      const beganMs = performance.now()
      const what = await problemAt(address, AbortSignal.timeout(TIMEOUT_MS))
      if (what === null) {
        answered += 1
        continue
      }
      failures.push({ beganMs, endedMs: performance.now(), what })
      await sleep(PAUSE_MS)
    }
  }
  const asking = Array.from({ length: clients }, ask)
  return {
    answered: () => answered,
    stop: async () => {
      isStopped = true
      await Promise.all(asking)
      return failures
    },
  }
}

async function problemAt(address: string, signal: AbortSignal): Promise<string | null> {
  try {
    const response = await fetch(address, { signal })
    const text = await response.text()
    if (response.ok) return null
    const retry = response.headers.get('retry-after')
    return `${response.status}${retry === null ? '' : `, Retry-After ${retry}`}: ${text.slice(0, 200)}`
  } catch (error) {
    const { message, cause } = error as Error
    return `no answer: ${cause instanceof Error ? cause.message : message}`
  }
}
