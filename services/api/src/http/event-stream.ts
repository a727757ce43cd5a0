/** Server-sent events (WHATWG HTML, 9.2) to one client. No more than the current event is in memory. */
import type { Request, Response } from 'express'
import { isAtPath } from './at-path.ts'

export const EVENTS_PATH = '/api/v1/events'

export type EventSink = {
  /** Resolves when the client has read the event, or its connection was closed because it did not. @param data one line */
  readonly send: (event: string, id: string, data: string) => Promise<void>
  /** Like `send`, but clients ignore it: it is for people. @param text one line */
  readonly comment: (text: string) => Promise<void>
  readonly end: () => void
}

/** How long a client waits before it reconnects. */
const RETRY_MS = 2_000

/** @param slowReaderMs how long a client may take to read an event before its connection is closed */
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

/** Whether the client understands events, as an `EventSource` says by its headers. It sends an id only when it reconnects. */
export function takesEvents(req: Request): boolean {
  return (req.get('Last-Event-ID') ?? '') !== '' || /\btext\/event-stream\b/i.test(req.get('Accept') ?? '')
}

export function isForEvents(req: Request): boolean {
  return isAtPath(req, [EVENTS_PATH])
}

/**
 * Sends a stream that ends immediately, so that the client reconnects. At any status other than 200 an `EventSource` stops
 * for good, and its page can't learn the status.
 *
 * @param why one line for people
 */
export function sendEndedStream(res: Response, why: string): void {
  setStreamHeaders(res)
  res.status(200).end(`retry: ${RETRY_MS}\n: ${why}\n\n`)
}

function setStreamHeaders(res: Response): void {
  res.set({
    'Content-Type': 'text/event-stream',
    // A proxy must neither buffer nor compress the stream: events are wanted immediately.
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
