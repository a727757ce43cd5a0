/** Whether a client's cursor means nothing in this database (any more). */
import type { Refusal } from './http/problem.ts'
import type { FeedState } from './queries.ts'

/**
 * The refusal for a client that named the epoch of its cursor, when the database is another one or an older copy of it;
 * null where the cursor is good. One that named no epoch is served as the original did, and 0 is good in any database.
 */
export function goneRefusal(
  feed: FeedState,
  { cursor, epoch }: { readonly cursor: number; readonly epoch: string | undefined },
): Refusal | null {
  if (epoch === undefined || cursor === 0) return null
  const reason =
    epoch !== feed.epoch
      ? 'The cursor belongs to another database'
      : cursor > feed.head
        ? 'The cursor lies beyond the end of the log, so the database is an older copy'
        : null
  if (reason === null) return null
  const detail = `${reason}: forget what was fetched and start again at cursor 0.`
  return { status: 410, detail, members: { epoch: feed.epoch, head: feed.head } }
}
