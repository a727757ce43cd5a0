/** Whether a client's cursor still means something in this database. */
import { parseFeedEpoch } from '@drive-feed/shared/feed-epoch.ts'
import type { FeedState } from '../feed/feed-state.ts'
import type { Queries } from '../feed/queries.ts'
import type { Refusal } from '../wire/refusal.ts'
import { gone, OTHER_DATABASE } from '../wire/refusals.ts'

type Asked = {
  readonly cursor: number
  readonly epoch: string | undefined
  /** Names the files that are read now, see `Reading`. */
  readonly files: string
}

const OLDER_COPY = 'The cursor lies beyond the end of the log, so the database is an older copy'
const OTHER_HISTORY =
  'The cursor is of changes that this database does not have: it is an older copy that went on by itself'
const OTHER_FILES = 'The cursor is of an answer that was long in coming, and the files of the database are others now'

/**
 * The refusal for a client that named the epoch of its cursor, if the database is another one or an older copy; null if the
 * cursor is good. A client that named no epoch is served as the original program served it. Cursor 0 is always good.
 *
 * What counts is the state of the database that the answer with the cursor was read from, not the cursor (I13). That answer
 * left out only rows that had already moved beyond the cursor. An older copy may still have those rows at or below the
 * cursor, and would never send them. So this database must have been in that state: it knows the run, and the state is not
 * beyond the start of the next run. An older copy that is written to begins a run of its own, whatever number its log
 * has reached.
 *
 * If the token was sent before the answer was read, nobody knows that state: the cursor is good while the files stay the
 * same.
 */
export function cursorRefusal(queries: Pick<Queries, 'runEnd'>, feed: FeedState, asked: Asked): Refusal | null {
  const reason = reasonOf(queries, feed, asked)
  return reason === null ? null : gone(reason, feed)
}

function reasonOf(queries: Pick<Queries, 'runEnd'>, feed: FeedState, { cursor, epoch, files }: Asked): string | null {
  if (epoch === undefined || cursor === 0) return null
  const named = parseFeedEpoch(epoch)
  if (named === null || named.database !== parseFeedEpoch(feed.epoch)?.database) return OTHER_DATABASE
  const { run, readFrom = null } = named
  const readUpTo = readFrom !== null && 'head' in readFrom ? Math.max(cursor, readFrom.head) : cursor
  if (readUpTo > feed.head) return OLDER_COPY
  // The client got this epoch before epochs named runs, and kept it.
  if (run === null) return null
  const end = queries.runEnd(run)
  if (end === undefined || (end !== null && readUpTo > end)) return OTHER_HISTORY
  return readFrom !== null && 'files' in readFrom && readFrom.files !== files ? OTHER_FILES : null
}
