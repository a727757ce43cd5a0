/** The token that goes with an answer, sent as `Feed-Epoch`: it names the state of the database that the answer was read from. */
import { formatFeedEpoch, parseFeedEpoch, type ReadFrom } from '@drive-feed/shared/feed-epoch.ts'
import type { FeedState } from './feed-state.ts'

/** @param feed as the last read of the answer found it */
export function epochAt(cursor: number, feed: Pick<FeedState, 'epoch' | 'head'>): string {
  return withReadFrom(feed.epoch, cursor < feed.head ? { head: feed.head } : null)
}

/** For an answer whose token is sent before it is read. @param files names the files that it is read from, see `Reading` */
export function epochOfFiles(feed: Pick<FeedState, 'epoch'>, files: string): string {
  return withReadFrom(feed.epoch, { files })
}

function withReadFrom(epoch: string, readFrom: ReadFrom | null): string {
  const named = parseFeedEpoch(epoch)
  // A damaged epoch is passed on as it is; it matches no token.
  return named === null ? epoch : formatFeedEpoch({ ...named, readFrom })
}
