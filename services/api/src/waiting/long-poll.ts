/** Taking up a question about the changes after a cursor: at once, or when there is something to answer. */
import { findFirst } from '../feed/changes-reader.ts'
import type { DatabaseSource, Reading } from '../feed/database-source.ts'
import { goneRefusal } from '../feed/gone.ts'
import type { FeedState } from '../feed/queries.ts'
import type { View } from '../feed/view.ts'
import type { Refusal } from '../http/problem.ts'
import type { FeedWatch, Seat } from './feed-watch.ts'

export type Question = {
  readonly cursor: number
  readonly epoch: string | undefined
  readonly view: View
  readonly waitSeconds: number
  /** Aborts when the client has gone. */
  readonly signal: AbortSignal
}

/** The database to answer from, as it was found, and up to where it certainly has no answer; or why there is none from it. */
export type TakenUp =
  | { readonly reading: Reading; readonly feed: FeedState; readonly noneUpTo: number }
  | { readonly reading: null; readonly feed: FeedState; readonly refusal: Refusal }

export const NO_SEAT: Refusal = { status: 503, detail: 'Too many clients are waiting already; ask again in a moment.' }

/** @throws {DatabaseUnavailableError} also when it goes away during the wait */
export async function takeUp(
  { database, watch }: { database: DatabaseSource; watch: FeedWatch },
  question: Question,
): Promise<TakenUp> {
  const { cursor, view, signal } = question
  const untilMs = performance.now() + question.waitSeconds * 1_000
  let seat: Seat | null = null
  let searched: { readonly reading: Reading; readonly noneUpTo: number } | null = null
  try {
    for (;;) {
      const reading = database.open()
      const { feed, gone } = reading.read((queries) => {
        const state = queries.feed()
        return { feed: state, gone: goneRefusal(queries, state, { ...question, files: reading.files }) }
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
