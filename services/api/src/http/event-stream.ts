/** Server-sent events (WHATWG HTML, 9.2) to one client, with no more in memory than the event that is under way. */
import type { Request, Response } from 'express'
import { isAtPath } from './at-path.ts'

export const EVENTS_PATH = '/api/v1/events'

export type EventSink = {
  /** Resolves when the client has taken the event, or was closed because it did not. @param data one line */
  readonly send: (event: string, id: string, data: string) => Promise<void>
  /** As `send`; only people see it. @param text one line */
  readonly comment: (text: string) => Promise<void>
  readonly end: () => void
}

/** How long a client waits before it connects again. */
const RETRY_MS = 2_000

/** @param slowReaderMs how long a client may take to read an event before it is closed */
export function openEventStream(res: Response, slowReaderMs: number): EventSink {
  setStreamHeaders(res)
  res.flushHeaders()
  let retry = `retry: ${RETRY_MS}\n`
  const write = async (text: string) => {
    const isTaken = res.write(`${retry}${text}\n\n`)
    retry = ''
    if (!isTaken) await drainedOrClosed(res, slowReaderMs)
  }
  return {
    send: (event, id, data) => write(`event: ${event}\nid: ${id}\ndata: ${data}`),
    comment: (text) => write(`: ${text}`),
    end: () => void res.end(),
  }
}

/** Whether a client takes events whatever the answer is about: `EventSource` says so, and once connected where it was. */
export function takesEvents(req: Request): boolean {
  return (req.get('Last-Event-ID') ?? '') !== '' || /\btext\/event-stream\b/i.test(req.get('Accept') ?? '')
}

export function isForEvents(req: Request): boolean {
  return isAtPath(req, [EVENTS_PATH])
}

/**
 * A stream that ends at once: come again. At any status but 200 an `EventSource` stops for good, and tells its page
 * nothing of it.
 *
 * @param why one line, for people
 */
export function sendEndedStream(res: Response, why: string): void {
  setStreamHeaders(res)
  res.status(200).end(`retry: ${RETRY_MS}\n: ${why}\n\n`)
}

function setStreamHeaders(res: Response): void {
  res.set({
    'Content-Type': 'text/event-stream',
    // Neither kept nor packed on the way: an event is good only at once.
    'Cache-Control': 'no-cache, no-transform',
    'X-Accel-Buffering': 'no',
  })
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
