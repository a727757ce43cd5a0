/** `GET /api/v1/events`: the changes as they come, as server-sent events. */

import { formatFeedEpoch, parseFeedEpoch } from '@drive-feed/shared/feed-epoch.ts'
import type { Request, Response } from 'express'
import { beginAnswer } from '../feed/changes-reader.ts'
import { DatabaseDamagedError, type DatabaseSource, DatabaseUnavailableError } from '../feed/database-source.ts'
import { epochAt, epochOfFiles, goneRefusal } from '../feed/gone.ts'
import type { FeedState } from '../feed/queries.ts'
import { type View, viewOf } from '../feed/view.ts'
import { EVENTS_PATH, type EventSink, openEventStream, takesEvents } from '../http/event-stream.ts'
import { setFeedHeaders } from '../http/feed-headers.ts'
import { problemOf, type Refusal, sendProblem } from '../http/problem.ts'
import { defineRoute, type Route } from '../route.ts'
import { clientGone } from '../waiting/client-gone.ts'
import type { FeedWatch, Seat, SeenFeed } from '../waiting/feed-watch.ts'
import { NO_SEAT } from '../waiting/long-poll.ts'
import { changeJson } from '../wire/change-json.ts'
import { ANSWER_EXAMPLES } from '../wire/examples.ts'
import { EVENT_ID, PARAMETERS } from '../wire/parameters.ts'
import { readParameters } from '../wire/read-parameters.ts'

/** Changes an event at most: what is in memory for each client. */
const EVENT_ROWS = 128

const AWAY = 'the database can not be read now; the changes go on when it can'
const BACK = 'the database can be read again'
/** How often it is seen whether it can. */
const AWAY_LOOK_MS = 1_000

const DESCRIPTION = {
  path: EVENTS_PATH,
  operationId: 'followChanges',
  tag: 'Changes',
  summary:
    'The changes after a cursor and then those to come, as server-sent events. Last-Event-ID goes before cursor.',
  description:
    'Goes on until the client goes away. A client that comes again sends the id of the last event, and misses nothing.',
  parameters: { ...PARAMETERS.position, ...PARAMETERS.view },
  headers: PARAMETERS.lastEvent,
  answer: {
    description:
      'Events "changes" (data: as the answer of /changes), "heartbeat" (data: {"cursor":N}) and "gone" (data: a problem, after which the stream ends). The id of each is to be sent back as Last-Event-ID: the cursor to go on from, and with epoch what it is of. Where has_more is true, the epoch in the event goes with its cursor.',
    mediaType: 'text/event-stream',
    schema: { $ref: '#/components/schemas/FeedEvent' },
    example: ANSWER_EXAMPLES.Changes,
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
    const reading = deps.database.open()
    const { files } = reading
    const { feed, gone } = reading.read((queries) => {
      const state = queries.feed()
      const epoch = position.of === null ? values.epoch : epochOfId(position.of, values.epoch ?? state.epoch)
      return { feed: state, gone: goneRefusal(queries, state, { cursor, epoch, files }) }
    })
    // Sent before any event is read, whatever the event's cursor will be.
    setFeedHeaders(res, feed, epochOfFiles(feed, files))
    if (gone !== null && !takesEvents(req)) return sendProblem(res, gone)
    const isFollowing = gone === null && req.method !== 'HEAD'
    const seat = isFollowing ? deps.watch.takeSeat() : null
    if (seat === null && isFollowing) return sendProblem(res, NO_SEAT)
    const sink = openEventStream(res, deps.timing.slowReaderMs)
    if (gone !== null) await sendGone(sink, String(cursor), gone)
    if (seat === null) return sink.end()
    try {
      // One that comes from another database, without having said so, goes on from here: as /changes has it.
      const from = { cursor: Math.min(cursor, feed.head), epoch: feed.epoch, feed, view: viewOf(values) }
      const namesRun = values.epoch !== undefined || position.of !== null
      await follow(deps, { res, sink, seat, namesRun, ...from })
    } finally {
      seat.leave()
    }
  })
}

/** `of` is what follows the database in the epoch of the cursor. */
type Position = { readonly cursor: number | null; readonly of: string | null }

function sendGone(sink: EventSink, id: string, refusal: Refusal): Promise<void> {
  return sink.send('gone', id, JSON.stringify(problemOf(refusal)))
}

/** What browsers send when they connect again; an id that is none of ours is a mistake. */
function lastEventId(req: Request<{ id: string }>): Position | { detail: string } {
  const id = req.get('Last-Event-ID')
  if (id === undefined || id === '') return { cursor: null, of: null }
  const [, number = id, of = null] = EVENT_ID.exec(id) ?? []
  const read = readParameters({ cursor: PARAMETERS.position.cursor }, { cursor: number })
  return read.ok ? { cursor: read.values.cursor, of } : { detail: `Last-Event-ID: ${read.detail}` }
}

/**
 * A browser that connects again asks with the address of long ago. So the epoch in it tells the database only, and the id
 * of the last event the rest of what its cursor is of; a client that named no epoch gets the cursor alone.
 */
/** @param epoch that goes with the cursor */
function idOf(cursor: number, epoch: string, { namesRun }: Pick<Following, 'namesRun'>): string {
  const named = parseFeedEpoch(epoch)
  if (!namesRun || named === null || named.run === null) return String(cursor)
  return `${cursor}${formatFeedEpoch(named).slice(named.database.length)}`
}

function epochOfId(of: string, epoch: string): string {
  const named = parseFeedEpoch(epoch)
  return named === null ? epoch : `${named.database}.${of}`
}

type Following = {
  readonly res: Response
  readonly sink: EventSink
  readonly seat: Seat
  /** Of the run. */
  readonly epoch: string
  /** Whether ids of events say the run. */
  readonly namesRun: boolean
  readonly cursor: number
  /** As it was when the cursor was found good. */
  readonly feed: FeedState
  readonly view: View
}

/**
 * Until the client goes, the database is another one, or the service stops; or another run begins: the headers told the
 * client of this one, so it comes again to hear of the next before it has any of its cursors.
 */
async function follow({ database, watch, timing }: Deps, following: Following): Promise<void> {
  const { res, sink, seat, epoch, view } = following
  const signal = clientGone(res)
  let { cursor } = following
  /** The token that goes with the cursor. */
  let token = epochAt(cursor, following.feed)
  let heartbeatAtMs = performance.now()
  let isAway = false
  while (!signal.aborted && !watch.isClosed()) {
    const news = await newsAfter(database, { cursor, token, epoch, view, signal })
    if (news.kind === 'other run') break
    if (news.kind === 'gone') {
      await sendGone(sink, idOf(cursor, token, following), news.refusal)
      break
    }
    if (news.kind === 'away') reportDamage(res, news.error)
    else ({ cursor, token } = news)
    const id = idOf(cursor, token, following)
    if (isAway !== (news.kind === 'away')) {
      isAway = !isAway
      await sink.comment(isAway ? AWAY : BACK)
    }
    if (news.kind === 'changes') {
      const { changes, hasMore } = news
      await sink.send(
        'changes',
        id,
        JSON.stringify({ cursor, changes, has_more: hasMore, ...(hasMore ? { epoch: token } : {}) }),
      )
    } else if (performance.now() >= heartbeatAtMs) {
      await sink.send('heartbeat', id, JSON.stringify({ cursor }))
    } else {
      const timeoutMs = heartbeatAtMs - performance.now()
      if (news.kind === 'nothing') {
        const seen = { ...news.seen, wants: { view, cursor, epoch } }
        cursor = Math.max(cursor, await seat.changed(seen, { timeoutMs, signal }))
      }
      if (news.kind === 'away') await seat.rest({ timeoutMs: Math.min(timeoutMs, AWAY_LOOK_MS), signal })
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
      readonly token: string
      readonly changes: readonly unknown[]
      readonly hasMore: boolean
    }
  | { readonly kind: 'nothing'; readonly cursor: number; readonly token: string; readonly seen: SeenFeed }
  | { readonly kind: 'gone'; readonly refusal: Refusal }
  /** Another run began than the headers told of. */
  | { readonly kind: 'other run' }
  /** The database can't be read now. */
  | { readonly kind: 'away'; readonly error: DatabaseUnavailableError }

type Asked = {
  readonly cursor: number
  readonly token: string
  readonly epoch: string
  readonly view: View
  readonly signal: AbortSignal
}

async function newsAfter(database: DatabaseSource, { cursor, token, epoch, view, signal }: Asked): Promise<News> {
  try {
    const reading = database.open()
    const { feed, refusal } = reading.read((queries) => {
      const state = queries.feed()
      return { feed: state, refusal: goneRefusal(queries, state, { cursor, epoch: token, files: reading.files }) }
    })
    if (refusal !== null) return { kind: 'gone', refusal }
    if (feed.epoch !== epoch) return { kind: 'other run' }
    const answer = await beginAnswer(reading, { cursor, maxSize: EVENT_ROWS, view, signal })
    // Begun since the first read.
    if (parseFeedEpoch(answer.epoch)?.run !== parseFeedEpoch(epoch)?.run) return { kind: 'other run' }
    const place = { cursor: answer.cursor, token: answer.epoch }
    const changes = [...answer.pages].flat().map(changeJson)
    if (changes.length > 0) return { kind: 'changes', ...place, changes, hasMore: answer.hasMore }
    return { kind: 'nothing', ...place, seen: { reading, head: answer.feed.head } }
  } catch (error) {
    if (error instanceof DatabaseUnavailableError) return { kind: 'away', error }
    throw error
  }
}

/** Other databases that can't be read are told of where they are opened. */
function reportDamage(res: Response, error: DatabaseUnavailableError): void {
  if (error instanceof DatabaseDamagedError) res.err = error
}
