/** Whether a client's cursor means nothing in this database (any more). */
import { type FeedEpoch, parseFeedEpoch } from '@drive-feed/shared/feed-epoch.ts'
import type { Refusal } from './http/problem.ts'
import type { FeedState, Queries } from './queries.ts'

type Asked = { readonly cursor: number; readonly epoch: string | undefined }

const OTHER_DATABASE = 'The cursor belongs to another database'
const OLDER_COPY = 'The cursor lies beyond the end of the log, so the database is an older copy'
const OTHER_HISTORY =
  'The cursor is of changes that this database does not have: it is an older copy that went on by itself'

/**
 * The refusal for a client that named the epoch of its cursor, when the database is another one or an older copy of it;
 * null where the cursor is good. One that named no epoch is served as the original did, and 0 is good in any database.
 *
 * A cursor is good if its run is known here and it is not beyond where the next run began: an older copy that goes on
 * begins a run of its own there, whatever number its log has reached since (I13).
 */
export function goneRefusal(queries: Pick<Queries, 'runEnd'>, feed: FeedState, asked: Asked): Refusal | null {
  const reason = reasonOf(queries, feed, asked)
  if (reason === null) return null
  const detail = `${reason}: forget what was fetched and start again at cursor 0.`
  return { status: 410, detail, members: { epoch: feed.epoch, head: feed.head } }
}

function reasonOf(queries: Pick<Queries, 'runEnd'>, feed: FeedState, { cursor, epoch }: Asked): string | null {
  if (epoch === undefined || cursor === 0) return null
  const named: FeedEpoch | null = parseFeedEpoch(epoch)
  if (named === null || named.database !== parseFeedEpoch(feed.epoch)?.database) return OTHER_DATABASE
  if (cursor > feed.head) return OLDER_COPY
  // One that it was given before there were runs, and kept.
  if (named.run === null) return null
  const end = queries.runEnd(named.run)
  return end === undefined || (end !== null && cursor > end) ? OTHER_HISTORY : null
}
