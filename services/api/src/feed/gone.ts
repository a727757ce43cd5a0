/** Which token goes with an answer, and whether a client's cursor means nothing in this database (any more). */
import { type FeedEpoch, formatFeedEpoch, parseFeedEpoch, type ReadFrom } from '@drive-feed/shared/feed-epoch.ts'
import type { Refusal } from '../http/problem.ts'
import type { FeedState, Queries } from './queries.ts'

type Asked = {
  readonly cursor: number
  readonly epoch: string | undefined
  /** The name of the files that are read now. */
  readonly files: string
}

const OTHER_DATABASE = 'The cursor belongs to another database'
const OLDER_COPY = 'The cursor lies beyond the end of the log, so the database is an older copy'
const OTHER_HISTORY =
  'The cursor is of changes that this database does not have: it is an older copy that went on by itself'
const OTHER_FILES = 'The cursor is of an answer that was long in coming, and the files of the database are others now'

/**
 * The refusal for a client that named the epoch of its cursor, when the database is another one or an older copy of it;
 * null where the cursor is good. One that named no epoch is served as the original did, and 0 is good in any database.
 *
 * What counts is not the cursor but the state of the database that the answer with it was read from (I13). What a client
 * at a cursor was not told of rows before it is only what had moved beyond it by then; an older copy of that state may have
 * those rows where they were, and would never tell of them. So that state has to be one that this database has been in:
 * its run is known here, and it is not beyond where the next run began. An older copy that goes on begins a run of its own
 * there, whatever number its log has reached since.
 *
 * Of an answer whose token is sent before it is read nobody knows that state. It is good while the files are the same.
 */
export function goneRefusal(queries: Pick<Queries, 'runEnd'>, feed: FeedState, asked: Asked): Refusal | null {
  const reason = reasonOf(queries, feed, asked)
  if (reason === null) return null
  const detail = `${reason}: forget what was fetched and start again at cursor 0.`
  return { status: 410, detail, members: { epoch: feed.epoch, head: feed.head } }
}

function reasonOf(queries: Pick<Queries, 'runEnd'>, feed: FeedState, { cursor, epoch, files }: Asked): string | null {
  if (epoch === undefined || cursor === 0) return null
  const named: FeedEpoch | null = parseFeedEpoch(epoch)
  if (named === null || named.database !== parseFeedEpoch(feed.epoch)?.database) return OTHER_DATABASE
  const { run, readFrom = null } = named
  const readUpTo = readFrom !== null && 'head' in readFrom ? Math.max(cursor, readFrom.head) : cursor
  if (readUpTo > feed.head) return OLDER_COPY
  // One that it was given before there were runs, and kept.
  if (run === null) return null
  const end = queries.runEnd(run)
  if (end === undefined || (end !== null && readUpTo > end)) return OTHER_HISTORY
  return readFrom !== null && 'files' in readFrom && readFrom.files !== files ? OTHER_FILES : null
}

/** The token for the cursor of an answer whose last read found the log like this. */
export function epochAt(cursor: number, feed: Pick<FeedState, 'epoch' | 'head'>): string {
  return withReadFrom(feed.epoch, cursor < feed.head ? { head: feed.head } : null)
}

/** The token for an answer that is read only once its token is sent. @param files the name of those that it is read from */
export function epochOfFiles(feed: Pick<FeedState, 'epoch'>, files: string): string {
  return withReadFrom(feed.epoch, { files })
}

function withReadFrom(epoch: string, readFrom: ReadFrom | null): string {
  const named = parseFeedEpoch(epoch)
  // What is left of a damaged one is nobody's token.
  return named === null ? epoch : formatFeedEpoch({ ...named, readFrom })
}
