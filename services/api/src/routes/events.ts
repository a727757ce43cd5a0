/** `GET /api/v1/events`: the changes as they come, as server-sent events. */
import type { Request, Response } from 'express'
import { beginAnswer } from '../changes-reader.ts'
import { DatabaseDamagedError, type DatabaseSource, DatabaseUnavailableError } from '../database-source.ts'
import { goneRefusal } from '../gone.ts'
import { EVENTS_PATH, type EventSink, openEventStream, takesEvents } from '../http/event-stream.ts'
import { setFeedHeaders } from '../http/feed-headers.ts'
import { problemOf, type Refusal, sendProblem } from '../http/problem.ts'
import { defineRoute, type Route } from '../route.ts'
import { type View, viewOf } from '../view.ts'
import { clientGone } from '../waiting/client-gone.ts'
import type { FeedWatch, Seat, SeenFeed } from '../waiting/feed-watch.ts'
import { NO_SEAT } from '../waiting/take-up.ts'
import { changeJson } from '../wire/change-json.ts'
import { PARAMETERS } from '../wire/parameters.ts'
import { readParameters } from '../wire/read-parameters.ts'

/** Changes an event at most: what is in memory for each client. */
const EVENT_ROWS = 128

const AWAY = 'the database can not be read now; the changes go on when it can'
const BACK = 'the database can be read again'
/** How often it is seen whether it can. */
const AWAY_LOOK_MS = 1_000

const DESCRIPTION = {
  path: EVENTS_PATH,
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
    if (gone !== null && !takesEvents(req)) return sendProblem(res, gone)
    const isFollowing = gone === null && req.method !== 'HEAD'
    const seat = isFollowing ? deps.watch.takeSeat() : null
    if (seat === null && isFollowing) return sendProblem(res, NO_SEAT)
    const sink = openEventStream(res, deps.timing.slowReaderMs)
    if (gone !== null) await sendGone(sink, cursor, gone)
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

function sendGone(sink: EventSink, cursor: number, refusal: Refusal): Promise<void> {
  return sink.send('gone', cursor, JSON.stringify(problemOf(refusal)))
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
  const { res, sink, seat, epoch, view } = following
  const signal = clientGone(res)
  let { cursor } = following
  let heartbeatAtMs = performance.now()
  let isAway = false
  while (!signal.aborted && !watch.isClosed()) {
    const news = await newsAfter(database, { cursor, epoch, view, signal })
    if (news.kind === 'gone') {
      await sendGone(sink, cursor, news.refusal)
      break
    }
    if (news.kind === 'away') reportDamage(res, news.error)
    else cursor = news.cursor
    if (isAway !== (news.kind === 'away')) {
      isAway = !isAway
      await sink.comment(isAway ? AWAY : BACK)
    }
    if (news.kind === 'changes') {
      const { changes, hasMore } = news
      await sink.send('changes', cursor, JSON.stringify({ cursor, changes, has_more: hasMore }))
    } else if (performance.now() >= heartbeatAtMs) {
      await sink.send('heartbeat', cursor, JSON.stringify({ cursor }))
    } else {
      const timeoutMs = heartbeatAtMs - performance.now()
      if (news.kind === 'nothing') await seat.changed(news.seen, { timeoutMs, signal })
      else await seat.changed(null, { timeoutMs: Math.min(timeoutMs, AWAY_LOOK_MS), signal })
      continue
    }
    heartbeatAtMs = performance.now() + timing.heartbeatMs
  }
  sink.end()
}

type News =
  | {
      readonly kind: 'changes'
      readonly cursor: number
      readonly changes: readonly unknown[]
      readonly hasMore: boolean
    }
  | { readonly kind: 'nothing'; readonly cursor: number; readonly seen: SeenFeed }
  | { readonly kind: 'gone'; readonly refusal: Refusal }
  /** The database can't be read now. */
  | { readonly kind: 'away'; readonly error: DatabaseUnavailableError }

type Position = { readonly cursor: number; readonly epoch: string; readonly view: View; readonly signal: AbortSignal }

async function newsAfter(database: DatabaseSource, { cursor, epoch, view, signal }: Position): Promise<News> {
  try {
    const reading = database.open()
    const refusal = goneRefusal(
      reading.read((queries) => queries.feed()),
      { cursor, epoch },
    )
    if (refusal !== null) return { kind: 'gone', refusal }
    const answer = await beginAnswer(reading, { cursor, maxSize: EVENT_ROWS, view, signal })
    const changes = [...answer.pages].flat().map(changeJson)
    if (changes.length > 0) return { kind: 'changes', cursor: answer.cursor, changes, hasMore: answer.hasMore }
    return { kind: 'nothing', cursor: answer.cursor, seen: { reading, head: answer.feed.head } }
  } catch (error) {
    if (error instanceof DatabaseUnavailableError) return { kind: 'away', error }
    throw error
  }
}

/** Other databases that can't be read are told of where they are opened. */
function reportDamage(res: Response, error: DatabaseUnavailableError): void {
  if (error instanceof DatabaseDamagedError) res.err = error
}
