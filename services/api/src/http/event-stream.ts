/** Server-sent events (WHATWG HTML, 9.2) to one client, with no more in memory than the event that is under way. */
import type { Response } from 'express'

export type EventSink = {
  /** Resolves when the client has taken the event, or was closed because it did not. @param data one line */
  readonly send: (event: string, id: string, data: string) => Promise<void>
  readonly end: () => void
}

/** How long a client waits before it connects again. */
const RETRY_MS = 2_000

/** @param slowReaderMs how long a client may take to read an event before it is closed */
export function openEventStream(res: Response, slowReaderMs: number): EventSink {
  res.set({
    'Content-Type': 'text/event-stream',
    // Neither kept nor packed on the way: an event is good only at once.
    'Cache-Control': 'no-cache, no-transform',
    'X-Accel-Buffering': 'no',
  })
  res.flushHeaders()
  let retry = `retry: ${RETRY_MS}\n`
  return {
    send: async (event, id, data) => {
      const text = `${retry}event: ${event}\nid: ${id}\ndata: ${data}\n\n`
      retry = ''
      if (!res.write(text)) await drainedOrClosed(res, slowReaderMs)
    },
    end: () => void res.end(),
  }
}

function drainedOrClosed(res: Response, slowReaderMs: number): Promise<void> {
  return new Promise((resolve) => {
    const tooSlow = setTimeout(() => res.destroy(), slowReaderMs)
    const done = () => {
      clearTimeout(tooSlow)
      res.off('drain', done)
      res.off('close', done)
      resolve()
    }
    res.on('drain', done)
    res.on('close', done)
    if (res.destroyed) done()
  })
}
