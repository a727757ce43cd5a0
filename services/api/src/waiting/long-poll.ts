/** The long poll of `/changes`: a request with `wait` is held until it has something to answer, or its time is over. */
import { findFirst } from '../feed/changes-reader.ts'
import type { DatabaseSource, Reading } from '../feed/database-source.ts'
import type { FeedState } from '../feed/feed-state.ts'
import type { View } from '../feed/view.ts'
import type { Refusal } from '../wire/refusal.ts'
import { NO_SEAT } from '../wire/refusals.ts'
import { cursorRefusal } from './cursor-refusal.ts'
import type { FeedWatch, Seat } from './feed-watch.ts'

export type LongPoll = {
  readonly cursor: number
  readonly epoch: string | undefined
  readonly view: View
  /** 0 answers immediately. */
  readonly waitSeconds: number
  /** Aborts when the client has gone. */
  readonly signal: AbortSignal
}

/**
 * How the poll ended. With a `reading`, the request is to be answered from it; up to `noneUpTo` nothing is visible to the
 * client. Without one, the request is refused.
 */
export type Polled =
  | { readonly reading: Reading; readonly feed: FeedState; readonly noneUpTo: number }
  | { readonly reading: null; readonly feed: FeedState; readonly refusal: Refusal }

/** @throws {DatabaseUnavailableError} also if the database becomes unavailable while the request is held */
export async function longPoll(
  { database, watch }: { database: DatabaseSource; watch: FeedWatch },
  poll: LongPoll,
): Promise<Polled> {
  const { cursor, view, signal } = poll
  const untilMs = performance.now() + poll.waitSeconds * 1_000
  let seat: Seat | null = null
  let searched: { readonly reading: Reading; readonly noneUpTo: number } | null = null
  try {
    for (;;) {
      const reading = database.open()
      const { feed, gone } = reading.read((queries) => {
        const state = queries.feed()
        return { feed: state, gone: cursorRefusal(queries, state, { ...poll, files: reading.files }) }
      })
      if (gone !== null) return { reading: null, feed, refusal: gone }
      const timeoutMs = untilMs - performance.now()
      const after: number = searched?.reading === reading ? searched.noneUpTo : cursor
      if (timeoutMs <= 0 || cursor > feed.head || signal.aborted || watch.isClosed()) {
        return { reading, feed, noneUpTo: after }
      }
      const { isFound, noneUpTo } = await findFirst(reading, { cursor, after, head: feed.head, view, signal })
      if (isFound) return { reading, feed, noneUpTo }
      seat ??= watch.takeSeat()
      if (seat === null) return { reading: null, feed, refusal: NO_SEAT }
      const wants = { view, cursor, epoch: feed.epoch }
      searched = { reading, noneUpTo: await seat.changed({ reading, head: noneUpTo, wants }, { timeoutMs, signal }) }
    }
  } finally {
    seat?.leave()
  }
}
