/** `GET /api/v1/events`: the changes as server-sent events, as they are made. */
import type { Request } from 'express'
import type { DatabaseSource } from '../feed/database-source.ts'
import { epochOfFiles } from '../feed/epochs.ts'
import { viewOf } from '../feed/view.ts'
import { EVENTS_PATH, openEventStream, takesEvents } from '../http/event-stream.ts'
import { setFeedHeaders } from '../http/feed-headers.ts'
import { sendProblem } from '../http/problem.ts'
import { cursorRefusal } from '../waiting/cursor-refusal.ts'
import type { FeedWatch } from '../waiting/feed-watch.ts'
import { EVENT_ID, tokenOfEventId } from '../wire/event-id.ts'
import { ANSWER_EXAMPLES } from '../wire/examples.ts'
import { PARAMETERS } from '../wire/parameters.ts'
import { readParameters } from '../wire/read-parameters.ts'
import { NO_SEAT } from '../wire/refusals.ts'
import { type EventTiming, followEvents, sendGone } from './follow-events.ts'
import { defineRoute, type Route } from './route.ts'

const DESCRIPTION = {
  path: EVENTS_PATH,
  operationId: 'followChanges',
  tag: 'Changes',
  summary: 'The changes after a cursor and all later ones, as server-sent events.',
  description:
    'The stream stays open until the client closes it. A client that reconnects sends the id of the last event as Last-Event-ID, which takes precedence over cursor, and misses nothing.',
  parameters: { ...PARAMETERS.position, ...PARAMETERS.view },
  headers: PARAMETERS.lastEvent,
  answer: {
    description:
      'Events "changes" (data: like the answer of /changes), "heartbeat" (data: {"cursor":N}) and "gone" (data: a problem; the stream ends after it). Send the id of the last event back as Last-Event-ID: it holds the cursor and, for requests with epoch, the state of the database that goes with it. If has_more is true, the event has an epoch, which goes with its cursor.',
    mediaType: 'text/event-stream',
    schema: { $ref: '#/components/schemas/FeedEvent' },
    example: ANSWER_EXAMPLES.Changes,
  },
  refusals: [410],
} as const

type Deps = { readonly database: DatabaseSource; readonly watch: FeedWatch; readonly timing: EventTiming }

export function eventsRoute(deps: Deps): Route {
  return defineRoute(DESCRIPTION, async ({ req, res, values }) => {
    const last = lastEventId(req)
    if ('detail' in last) return sendProblem(res, { status: 400, detail: last.detail })
    const cursor = last.cursor ?? values.cursor
    const reading = deps.database.open()
    const { files } = reading
    const { feed, gone } = reading.read((queries) => {
      const state = queries.feed()
      const epoch = last.tokenRest === null ? values.epoch : tokenOfEventId(last.tokenRest, values.epoch ?? state.epoch)
      return { feed: state, gone: cursorRefusal(queries, state, { cursor, epoch, files }) }
    })
    // The headers go out before any event is read, so their token names the files and no position.
    setFeedHeaders(res, feed, epochOfFiles(feed, files))
    if (gone !== null && !takesEvents(req)) return sendProblem(res, gone)
    const isFollowing = gone === null && req.method !== 'HEAD'
    const seat = isFollowing ? deps.watch.takeSeat() : null
    if (seat === null && isFollowing) return sendProblem(res, NO_SEAT)
    const sink = openEventStream(res, deps.timing.slowReaderMs)
    if (gone !== null) await sendGone(sink, String(cursor), gone)
    if (seat === null) return sink.end()
    try {
      // A cursor of another database that came without an epoch goes on from the head, as in /changes.
      const from = { cursor: Math.min(cursor, feed.head), epoch: feed.epoch, feed, view: viewOf(values) }
      const namesEpoch = values.epoch !== undefined || last.tokenRest !== null
      await followEvents(deps, { res, sink, seat, namesEpoch, ...from })
    } finally {
      seat.leave()
    }
  })
}

/** Both null without the header. `tokenRest` is what follows the cursor in the id. */
type LastEvent = { readonly cursor: number | null; readonly tokenRest: string | null }

/** Browsers send the header when they reconnect. An id in another form is a mistake of the client: `detail` says so. */
function lastEventId(req: Request<{ id: string }>): LastEvent | { readonly detail: string } {
  const id = req.get('Last-Event-ID')
  if (id === undefined || id === '') return { cursor: null, tokenRest: null }
  const [, number = id, tokenRest = null] = EVENT_ID.exec(id) ?? []
  const read = readParameters({ cursor: PARAMETERS.position.cursor }, { cursor: number })
  return read.ok ? { cursor: read.values.cursor, tokenRest } : { detail: `Last-Event-ID: ${read.detail}` }
}
