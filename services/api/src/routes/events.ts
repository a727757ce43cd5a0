/** `GET /api/v1/events`: the changes as they come, as server-sent events. */
import type { Request, Response } from 'express'
import { beginAnswer } from '../changes-reader.ts'
import { type DatabaseSource, DatabaseUnavailableError } from '../database-source.ts'
import { goneRefusal } from '../gone.ts'
import { type EventSink, openEventStream } from '../http/event-stream.ts'
import { setFeedHeaders } from '../http/feed-headers.ts'
import { problemOf, sendProblem } from '../http/problem.ts'
import { defineRoute, type Route } from '../route.ts'
import { type View, viewOf } from '../view.ts'
import { clientGone } from '../waiting/client-gone.ts'
import type { FeedWatch, Seat } from '../waiting/feed-watch.ts'
import { NO_SEAT } from '../waiting/take-up.ts'
import { changeJson } from '../wire/change-json.ts'
import { PARAMETERS } from '../wire/parameters.ts'
import { readParameters } from '../wire/read-parameters.ts'

/** Changes an event at most: what is in memory for each client. */
const EVENT_ROWS = 128

const DESCRIPTION = {
  path: '/api/v1/events',
  summary:
    'The changes after a cursor and then those to come, as server-sent events. Last-Event-ID goes before cursor.',
  parameters: { ...PARAMETERS.position, ...PARAMETERS.view },
  answer: {
    description:
      'Events "changes" (data: as the answer of /changes), "heartbeat" (data: {"cursor":N}) and "gone" (data: a problem, after which the stream ends). The id of each is the cursor to go on from.',
    mediaType: 'text/event-stream',
  },
  refusals: [410],
} as const

export type EventTiming = { readonly heartbeatMs: number; readonly slowReaderMs: number }

type Deps = { readonly database: DatabaseSource; readonly watch: FeedWatch; readonly timing: EventTiming }

export function eventsRoute(deps: Deps): Route {
  return defineRoute(DESCRIPTION, async ({ req, res, values }) => {
    const position = lastEventId(req)
    if ('detail' in position) return sendProblem(res, { status: 400, detail: position.detail })
    const cursor = position.cursor ?? values.cursor
    const feed = deps.database.open().read((queries) => queries.feed())
    setFeedHeaders(res, feed)
    const gone = goneRefusal(feed, { cursor, epoch: values.epoch })
    if (gone !== null) return sendProblem(res, gone)
    const seat = req.method === 'HEAD' ? null : deps.watch.takeSeat()
    if (seat === null && req.method !== 'HEAD') return sendProblem(res, NO_SEAT)
    const sink = openEventStream(res, deps.timing.slowReaderMs)
    if (seat === null) return sink.end()
    try {
      // One that comes from another database, without having said so, goes on from here: as /changes has it.
      const from = { cursor: Math.min(cursor, feed.head), epoch: feed.epoch, view: viewOf(values) }
      await follow(deps, { res, sink, seat, ...from })
    } finally {
      seat.leave()
    }
  })
}

/** What browsers send when they connect again; an id that is none of ours is a mistake. */
function lastEventId(req: Request<{ id: string }>): { cursor: number | null } | { detail: string } {
  const id = req.get('Last-Event-ID')
  if (id === undefined || id === '') return { cursor: null }
  const read = readParameters({ cursor: PARAMETERS.position.cursor }, { cursor: id })
  return read.ok ? { cursor: read.values.cursor } : { detail: `Last-Event-ID: ${read.detail}` }
}

type Following = {
  readonly res: Response
  readonly sink: EventSink
  readonly seat: Seat
  readonly epoch: string
  readonly cursor: number
  readonly view: View
}

/** Until the client goes, the database is another one, or the service stops. */
async function follow({ database, watch, timing }: Deps, following: Following): Promise<void> {
  const { sink, seat, epoch, view } = following
  const signal = clientGone(following.res)
  let { cursor } = following
  let heartbeatAtMs = performance.now()
  try {
    while (!signal.aborted && !watch.isClosed()) {
      const reading = database.open()
      const feed = reading.read((queries) => queries.feed())
      const gone = goneRefusal(feed, { cursor, epoch })
      if (gone !== null) {
        await sink.send('gone', cursor, JSON.stringify(problemOf(gone)))
        break
      }
      const answer = await beginAnswer(reading, { cursor, maxSize: EVENT_ROWS, view, signal })
      const changes = [...answer.pages].flat().map(changeJson)
      cursor = answer.cursor
      if (changes.length > 0) {
        await sink.send('changes', cursor, JSON.stringify({ cursor, changes, has_more: answer.hasMore }))
      } else if (performance.now() >= heartbeatAtMs) {
        await sink.send('heartbeat', cursor, JSON.stringify({ cursor }))
      } else {
        const timeoutMs = heartbeatAtMs - performance.now()
        await seat.changed({ reading, head: answer.feed.head }, { timeoutMs, signal })
        continue
      }
      heartbeatAtMs = performance.now() + timing.heartbeatMs
    }
  } catch (error) {
    // The client comes again, and hears 503 until the database is back.
    if (!(error instanceof DatabaseUnavailableError)) throw error
  }
  sink.end()
}
