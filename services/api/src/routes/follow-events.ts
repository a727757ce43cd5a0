/** The changes after a cursor as events to one client, for as long as the client and the service stay. */
import { parseFeedEpoch } from '@drive-feed/shared/feed-epoch.ts'
import type { Response } from 'express'
import { beginAnswer } from '../feed/changes-reader.ts'
import { DatabaseDamagedError, type DatabaseSource, DatabaseUnavailableError } from '../feed/database-source.ts'
import { epochAt } from '../feed/epochs.ts'
import type { FeedState } from '../feed/feed-state.ts'
import type { View } from '../feed/view.ts'
import type { EventSink } from '../http/event-stream.ts'
import { problemOf } from '../http/problem.ts'
import { clientGone } from '../waiting/client-gone.ts'
import { cursorRefusal } from '../waiting/cursor-refusal.ts'
import type { FeedWatch, Seat, SeenFeed } from '../waiting/feed-watch.ts'
import { changeTexts } from '../wire/change-json.ts'
import { eventId } from '../wire/event-id.ts'
import type { Refusal } from '../wire/refusal.ts'

/** Changes in one event at most: this is what one client holds in memory. */
const EVENT_ROWS = 128

const AWAY = 'the database can not be read now; the changes go on when it can'
const BACK = 'the database can be read again'
/** Pause between two attempts to read a database that is away. */
const AWAY_LOOK_MS = 1_000

export type EventTiming = {
  /** Silence after which a heartbeat is sent. */
  readonly heartbeatMs: number
  /** How long a client may take to read an event before its connection is closed. */
  readonly slowReaderMs: number
}

export type Following = {
  readonly res: Response
  readonly sink: EventSink
  readonly seat: Seat
  /** Of the database and its run, as the headers said. */
  readonly epoch: string
  /** Whether the client named an epoch: then the ids of its events hold the token. */
  readonly namesEpoch: boolean
  readonly cursor: number
  /** The state in which the cursor was found to be good. */
  readonly feed: FeedState
  readonly view: View
}

type Deps = { readonly database: DatabaseSource; readonly watch: FeedWatch; readonly timing: EventTiming }

/**
 * Sends events until the client goes away, the database is replaced, the service stops, or another run begins. The headers
 * named the run, so the client has to connect again and learn of the next one before it gets any cursor of it.
 */
export async function followEvents({ database, watch, timing }: Deps, following: Following): Promise<void> {
  const { res, sink, seat, epoch, view, namesEpoch } = following
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
      await sendGone(sink, eventId(cursor, namesEpoch ? token : null), news.refusal)
      break
    }
    if (news.kind === 'away') reportDamage(res, news.error)
    else ({ cursor, token } = news)
    const id = eventId(cursor, namesEpoch ? token : null)
    if (isAway !== (news.kind === 'away')) {
      isAway = !isAway
      await sink.comment(isAway ? AWAY : BACK)
    }
    if (news.kind === 'changes') {
      const { changes, hasMore } = news
      const more = hasMore ? `,"epoch":${JSON.stringify(token)}` : ''
      const page = `{"cursor":${cursor},"changes":[${changes.join('')}],"has_more":${hasMore}${more}}`
      await sink.send('changes', id, page)
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

export function sendGone(sink: EventSink, id: string, refusal: Refusal): Promise<void> {
  return sink.send('gone', id, JSON.stringify(problemOf(refusal)))
}

type News =
  | {
      readonly kind: 'changes'
      readonly cursor: number
      readonly token: string
      /** As JSON, with commas between them. */
      readonly changes: readonly (string | Buffer)[]
      readonly hasMore: boolean
    }
  | { readonly kind: 'nothing'; readonly cursor: number; readonly token: string; readonly seen: SeenFeed }
  | { readonly kind: 'gone'; readonly refusal: Refusal }
  /** The database is in another run than the headers named. */
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
      return { feed: state, refusal: cursorRefusal(queries, state, { cursor, epoch: token, files: reading.files }) }
    })
    if (refusal !== null) return { kind: 'gone', refusal }
    if (feed.epoch !== epoch) return { kind: 'other run' }
    const answer = await beginAnswer(reading, { cursor, maxSize: EVENT_ROWS, view, signal })
    // A run may have begun after the read above.
    if (parseFeedEpoch(answer.epoch)?.run !== parseFeedEpoch(epoch)?.run) return { kind: 'other run' }
    const place = { cursor: answer.cursor, token: answer.epoch }
    const changes = changeTexts([...answer.pages].flat())
    if (changes.length > 0) return { kind: 'changes', ...place, changes, hasMore: answer.hasMore }
    return { kind: 'nothing', ...place, seen: { reading, head: answer.feed.head } }
  } catch (error) {
    if (error instanceof DatabaseUnavailableError) return { kind: 'away', error }
    throw error
  }
}

/** Only damage goes into the log of this request; `database-failures.ts` logs every other failure once. */
function reportDamage(res: Response, error: DatabaseUnavailableError): void {
  if (error instanceof DatabaseDamagedError) res.err = error
}
