/** How long a change takes to reach a client that waits for it. */
import { closeSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

/** Seconds that a client waits for an answer: much longer than any takes. */
const WAIT_SECONDS = 30
/** The pause between files, so that the client waits again and the last file has been read. */
const PAUSE_MS = 150

type Page = { cursor: number; changes: { node?: { name: string } }[] }

/**
 * Milliseconds from close(2) of each of `files` new files until the answer that names it was received.
 *
 * @param mark part of the files' names, other than in earlier calls
 */
export async function measureLatency(url: string, folder: string, mark: string, files: number): Promise<number[]> {
  const arrivals = new Map<string, (atMs: number) => void>()
  const stopping = new AbortController()
  const following = follow(url, stopping.signal, ({ changes }) => {
    const nowMs = performance.now()
    for (const { node } of changes) arrivals.get(node?.name ?? '')?.(nowMs)
  })
  const latencies: number[] = []
  for (let file = 0; file < files; file += 1) {
    // A random pause, so that nothing keeps in step with it.
    await sleep(PAUSE_MS + Math.random() * PAUSE_MS)
    const name = `latency-${mark}-${file}.txt`
    const { promise, resolve } = Promise.withResolvers<number>()
    arrivals.set(name, resolve)
    const closedMs = writeFile(join(folder, name), `${file}`)
    latencies.push(Math.max(0, (await promise) - closedMs))
    arrivals.delete(name)
  }
  stopping.abort()
  await following
  return latencies
}

/** The moment just before the file was closed. */
function writeFile(path: string, content: string): number {
  const descriptor = openSync(path, 'w')
  writeSync(descriptor, content)
  const closedMs = performance.now()
  closeSync(descriptor)
  return closedMs
}

async function follow(url: string, signal: AbortSignal, take: (page: Page) => void): Promise<void> {
  try {
    let { cursor } = (await (await fetch(`${url}/api/v1/cursor`, { signal })).json()) as Page
    for (;;) {
      const answer = await fetch(`${url}/api/v1/changes?cursor=${cursor}&wait=${WAIT_SECONDS}`, { signal })
      const page = (await answer.json()) as Page
      cursor = page.cursor
      take(page)
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
}
