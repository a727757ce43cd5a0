/** Clients that ask all the time, and what they were answered. */
import { setTimeout as sleep } from 'node:timers/promises'

export type Failure = { readonly beganMs: number; readonly endedMs: number; readonly what: string }

export type Asker = {
  readonly answered: () => number
  /** Ends all clients; gives what was no answer of 200. Times are of `performance.now`. */
  readonly stop: () => Promise<readonly Failure[]>
}

/** @param pauseMs between two requests of one client */
export function askAllTheTime(
  addresses: (client: number) => string,
  { clients = 1, pauseMs = 0, timeoutMs = 30_000 } = {},
): Asker {
  const failures: Failure[] = []
  const stopping = new AbortController()
  let answered = 0
  const ask = async (client: number) => {
    // Not all in one moment.
    await sleep((pauseMs * client) / clients)
    while (!stopping.signal.aborted) {
      const beganMs = performance.now()
      const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(timeoutMs)])
      const what = await problemAt(addresses(client), signal)
      if (stopping.signal.aborted) return
      if (what === null) answered += 1
      else failures.push({ beganMs, endedMs: performance.now(), what })
      // Also between failures, which come at once.
      await sleep(what === null ? pauseMs : Math.max(pauseMs, 20))
    }
  }
  const asking = Array.from({ length: clients }, (_, client) => ask(client))
  return {
    answered: () => answered,
    stop: async () => {
      stopping.abort()
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
