/** Receives the changes as server-sent events. */
import { type FeedPage, type Position, viewQuery } from './changes.ts'
import { readEvents } from './event-stream.ts'
import { FeedGoneError, FeedRequestError } from './feed-error.ts'
import { databaseOf, type Requests } from './requests.ts'
import { retryAfterMs } from './retry-after.ts'
import type { ChangesPage, FeedView } from './wire.ts'

export type EventsOptions = Position & FeedView & { readonly signal?: AbortSignal }

/** The server sends something every 15 s, so a connection that is silent for this long is dead. */
const SILENCE_MAX_MS = 50_000

/**
 * The same pages as `readChanges`, without a request for each. Reconnects when the connection ends or falls silent, and goes
 * on after the last complete page.
 *
 * @throws {FeedGoneError} if the cursor belongs to another database, {FeedRequestError} if the server refuses
 */
export async function* readEventPages(requests: Requests, options: EventsOptions): AsyncGenerator<FeedPage> {
  const { signal } = options
  let { cursor = 0, epoch = null } = options
  let attempt = 0
  for (;;) {
    try {
      for await (const page of connect(requests, { ...options, cursor, epoch })) {
        attempt = 0
        const isNews = page.changes.length > 0 || page.cursor !== cursor
        cursor = page.cursor
        epoch = page.epoch
        if (isNews) yield page
      }
      throw new Error('the server ended the stream')
    } catch (error) {
      attempt += 1
      await requests.pause(error, attempt, signal)
    }
  }
}

/** The pages of one connection. A heartbeat is a page without changes. */
async function* connect(requests: Requests, options: EventsOptions): AsyncGenerator<FeedPage> {
  const { cursor = 0, epoch = null, signal } = options
  const query = { cursor, epoch: cursor === 0 ? undefined : (epoch ?? undefined), ...viewQuery(options) }
  const ending = new AbortController()
  const listen = () => setTimeout(() => ending.abort(new Error('the server fell silent')), SILENCE_MAX_MS)
  let silence = listen()
  try {
    const response = await requests.open({
      path: 'events',
      query,
      headers: { Accept: 'text/event-stream', ...(cursor === 0 ? {} : { 'Last-Event-ID': String(cursor) }) },
      signal: signal === undefined ? ending.signal : AbortSignal.any([signal, ending.signal]),
    })
    // The epoch of the headers goes with any cursor of the stream; the epoch of an event is more exact for its own cursor.
    let { epoch: current } = databaseOf(response)
    if (response.body === null) return
    let isEmpty = true
    for await (const { event, data } of readEvents(response.body)) {
      // The timer stops while the caller works: that silence is not the server's.
      clearTimeout(silence)
      isEmpty = false
      const page = pageOf(event, data)
      if (page !== null) {
        current = page.epoch ?? current
        yield { ...page, epoch: current, head: null }
      }
      silence = listen()
    }
    // An empty stream is the server's "not now". It does not use a status for it, because a browser's EventSource gives up
    // at any status but 200.
    if (isEmpty) throw notNow(response)
  } finally {
    clearTimeout(silence)
    // Closes the connection also if the caller stops in the middle.
    ending.abort()
  }
}

function notNow({ headers }: Response): Error {
  const wait = retryAfterMs(headers.get('Retry-After'), Date.now())
  return new FeedRequestError('the server ended the stream before it began', 503, wait)
}

/** Null for events of a later version. */
function pageOf(event: string, data: string): (ChangesPage & { readonly epoch?: string }) | null {
  if (event === 'changes') return JSON.parse(data) as ChangesPage & { epoch?: string }
  if (event === 'heartbeat') return { ...(JSON.parse(data) as { cursor: number }), changes: [], has_more: false }
  if (event === 'gone') throw new FeedGoneError(JSON.parse(data))
  return null
}
