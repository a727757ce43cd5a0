/** `GET /api/v1/events`: the changes as they come, as server-sent events. */

import { formatFeedEpoch, parseFeedEpoch } from '@drive-feed/shared/feed-epoch.ts'
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
import { ANSWER_EXAMPLES } from '../wire/examples.ts'
import { PARAMETERS } from '../wire/parameters.ts'
import { readParameters } from '../wire/read-parameters.ts'

/** Changes an event at most: what is in memory for each client. */
const EVENT_ROWS = 128

const DESCRIPTION = {
  path: '/api/v1/events',
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
      'Events "changes" (data: as the answer of /changes), "heartbeat" (data: {"cursor":N}) and "gone" (data: a problem, after which the stream ends). The id of each is to be sent back as Last-Event-ID: the cursor to go on from, and with epoch the run it is of.',
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
    const { feed, gone } = deps.database.open().read((queries) => {
      const state = queries.feed()
      const epoch = position.run === null ? values.epoch : epochOfRun(position.run, values.epoch ?? state.epoch)
      return { feed: state, gone: goneRefusal(queries, state, { cursor, epoch }) }
    })
    setFeedHeaders(res, feed)
    if (gone !== null) return sendProblem(res, gone)
    const seat = req.method === 'HEAD' ? null : deps.watch.takeSeat()
    if (seat === null && req.method !== 'HEAD') return sendProblem(res, NO_SEAT)
    const sink = openEventStream(res, deps.timing.slowReaderMs)
    if (seat === null) return sink.end()
    try {
      // One that comes from another database, without having said so, goes on from here: as /changes has it.
      const from = { cursor: Math.min(cursor, feed.head), epoch: feed.epoch, view: viewOf(values) }
      const namesRun = values.epoch !== undefined || position.run !== null
      await follow(deps, { res, sink, seat, namesRun, ...from })
    } finally {
      seat.leave()
    }
  })
}

type Position = { readonly cursor: number | null; readonly run: string | null }

/** What browsers send when they connect again; an id that is none of ours is a mistake. */
function lastEventId(req: Request<{ id: string }>): Position | { detail: string } {
  const id = req.get('Last-Event-ID')
  if (id === undefined || id === '') return { cursor: null, run: null }
  const [, number = id, run = null] = ID_WITH_RUN.exec(id) ?? []
  const read = readParameters({ cursor: PARAMETERS.position.cursor }, { cursor: number })
  return read.ok ? { cursor: read.values.cursor, run } : { detail: `Last-Event-ID: ${read.detail}` }
}

/**
 * A browser that connects again asks with the address of long ago. So the epoch in it tells the database only, and the id
 * of the last event the run that its cursor is of; a client that named no epoch gets the cursor alone.
 */
const ID_WITH_RUN = /^(\d+)\.([0-9a-f]{16})$/

function idOf(cursor: number, { epoch, namesRun }: Pick<Following, 'epoch' | 'namesRun'>): string {
  const run = namesRun ? parseFeedEpoch(epoch)?.run : null
  return run === undefined || run === null ? String(cursor) : `${cursor}.${run}`
}

function epochOfRun(run: string, epoch: string): string {
  const named = parseFeedEpoch(epoch)
  return named === null ? epoch : formatFeedEpoch({ database: named.database, run })
}

type Following = {
  readonly res: Response
  readonly sink: EventSink
  readonly seat: Seat
  readonly epoch: string
  /** Whether ids of events say the run. */
  readonly namesRun: boolean
  readonly cursor: number
  readonly view: View
}

/**
 * Until the client goes, the database is another one, or the service stops; or another run begins: the headers told the
 * client of this one, so it comes again to hear of the next before it has any of its cursors.
 */
async function follow({ database, watch, timing }: Deps, following: Following): Promise<void> {
  const { sink, seat, epoch, view } = following
  const idAt = (cursor: number) => idOf(cursor, following)
  const signal = clientGone(following.res)
  let { cursor } = following
  let heartbeatAtMs = performance.now()
  try {
    while (!signal.aborted && !watch.isClosed()) {
      const reading = database.open()
      const { feed, gone } = reading.read((queries) => {
        const state = queries.feed()
        return { feed: state, gone: goneRefusal(queries, state, { cursor, epoch }) }
      })
      if (gone !== null) {
        await sink.send('gone', idAt(cursor), JSON.stringify(problemOf(gone)))
        break
      }
      if (feed.epoch !== epoch) break
      const answer = await beginAnswer(reading, { cursor, maxSize: EVENT_ROWS, view, signal })
      // Begun between the two reads.
      if (answer.feed.epoch !== epoch) break
      const changes = [...answer.pages].flat().map(changeJson)
      cursor = answer.cursor
      if (changes.length > 0) {
        await sink.send('changes', idAt(cursor), JSON.stringify({ cursor, changes, has_more: answer.hasMore }))
      } else if (performance.now() >= heartbeatAtMs) {
        await sink.send('heartbeat', idAt(cursor), JSON.stringify({ cursor }))
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
