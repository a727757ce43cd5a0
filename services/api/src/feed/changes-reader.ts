/**
 * Reads the answers of `/changes`. A short answer is read in one transaction, so it leaves the client with the tree that
 * the database held at that moment. A longer one is read page by page, after its end was determined.
 *
 * An answer that is read in several short transactions, with writes between them, is still correct:
 *
 * - The writer only deletes the row of a node and appends a new one. So after the head is read, no row at or below it
 *   appears or changes; rows only disappear. A row that is still there belongs to a node that was not written since, and
 *   `nodes` holds the same for it. A node whose row disappeared has a row beyond the answer's cursor, in the next answer.
 * - Hence an answer lists a node at most once, in its current state.
 * - Parents first (I3) holds in the state that each page is read from. The parent of a live node N that is listed at or
 *   below the head is listed before N, so it was not written either and has had that place all the time: this answer or an
 *   earlier one listed it. A folder that is re-issued while the answer is read takes its whole subtree beyond the head, in
 *   the same transaction: the nodes that were not yet sent are in the next answer, after the folder. A file that moves into
 *   a new folder gets a row beyond the head itself.
 * - Replay (I2): at the answer's cursor the client has seen every row at or below it that still exists. The next request
 *   builds on nothing else.
 *
 * Only a short answer guarantees that no folder is missing afterwards. Suppose that, while a long answer is read, a node
 * leaves its folder, the folder is removed, and the node is written once more: then this answer has the removal, and the
 * next one has the node. The same can happen between two pages of `max_size`. A client must therefore not drop the contents
 * of a folder together with the folder (I4).
 */

import type { ChangeRow, ChangeRun } from './change-row.ts'
import type { Reading } from './database-source.ts'
import { epochAt, epochOfFiles } from './epochs.ts'
import type { FeedState } from './feed-state.ts'
import type { Stretch } from './log-queries.ts'
import { placesIn } from './places.ts'
import type { Queries } from './queries.ts'
import { nextTurn, searchInTurn } from './turns.ts'
import { createPageView, isFiltered, type SeenChange, type View, WHOLE } from './view.ts'

export type Wanted = {
  /** The changes after this one. */
  readonly cursor: number
  /** No change up to this one is visible, as far as an earlier search found. */
  readonly noneUpTo?: number
  /** Changes at most; null for all. */
  readonly maxSize: number | null
  readonly view?: View
  /** Where the log ended when the request came, if that was already read. */
  readonly head?: number
  /** Aborts when nobody wants the answer any more: a filter may search the whole log for it. */
  readonly signal?: AbortSignal
}

/** The answer holds every visible change up to `cursor`; `hasMore` says whether there are visible ones beyond. */
export type Extent = { readonly cursor: number; readonly hasMore: boolean }

export type Answer = Extent & {
  /** The state of the feed when the answer was begun. */
  readonly feed: FeedState
  /** The token that goes with the cursor. */
  readonly epoch: string
  /** A page may be empty. */
  readonly pages: Iterable<Page>
}

/** Changes in their order. Where nobody asked for more than their JSON, many of them may be one run. */
export type Page = readonly (SeenChange | ChangeRun)[]

/** Bounds the memory for one answer, and how long other requests wait. About 50 KB of JSON. */
const PAGE_ROWS = 128
/** Changes read in one transaction, in about 5 ms. A client that keeps up hardly ever asks for more. */
const SHORT_ROWS = 1_000
/** Rows that a filter looks at in one read: the ancestors of each may have to be read. */
const FILTER_ROWS = 1_000

/** Begins an answer: determines its end. Its changes are read as `pages` is iterated. */
export async function beginAnswer(reading: Reading, wanted: Omit<Wanted, 'head'>): Promise<Answer> {
  const { cursor, noneUpTo = cursor, view = WHOLE, maxSize } = wanted
  const { feed, short } = reading.read((queries) => ({ feed: queries.feed(), short: readShort(queries, wanted) }))
  if (short !== null) return { ...short, feed, epoch: epochAt(short.cursor, feed) }
  const extent = await findExtent(reading, { ...wanted, head: feed.head })
  const pages = readPages(reading, { cursor, noneUpTo, upTo: extent.cursor, view })
  if (maxSize === null || maxSize > SHORT_ROWS)
    return { ...extent, feed, epoch: epochOfFiles(feed, reading.files), pages }
  // So few are read before the token is sent, so that the token can name the state that they were read from.
  const read: Page[] = []
  for (const page of pages) {
    read.push(page)
    await nextTurn()
  }
  return {
    ...extent,
    feed,
    epoch: epochAt(
      extent.cursor,
      reading.read((queries) => queries.feed()),
    ),
    pages: read,
  }
}

/** The whole answer from one state of the database, or null if that would be a long read. */
function readShort(queries: Queries, wanted: Wanted): Omit<Answer, 'feed' | 'epoch'> | null {
  const { cursor, noneUpTo = cursor, maxSize, view = WHOLE } = wanted
  const head = queries.head()
  // One more than wanted shows whether there are more. A filter may leave out any of them.
  const limit = isFiltered(view) ? FILTER_ROWS : Math.min(maxSize ?? SHORT_ROWS, SHORT_ROWS) + 1
  const stretch = { after: noneUpTo, upTo: head, cursor, limit }
  if (isFiltered(view)) {
    const { seen, reached } = see(queries, stretch, view)
    const page = maxSize !== null && seen.length > maxSize ? seen.slice(0, maxSize) : null
    if (page !== null) return { cursor: page.at(-1)?.changeId ?? cursor, hasMore: true, pages: [page] }
    return reached >= head ? { cursor: head, hasMore: false, pages: [seen] } : null
  }
  const { ids, reached } = queries.visibleIds(stretch)
  const hasMore = maxSize !== null && ids.length > maxSize
  if (!hasMore && reached < head) return null
  const found = { ids: hasMore ? ids.slice(0, maxSize) : ids, reached: hasMore ? (ids[maxSize - 1] ?? cursor) : head }
  const page = readFound(queries, stretch, found, view)
  return page.reached < found.reached ? null : { cursor: found.reached, hasMore, pages: [page.seen] }
}

/**
 * Determines where the answer ends: at the head if nothing visible is left, even if the last rows are tombstones that are
 * skipped. So the cursor of a client that is up to date is always the head.
 *
 * A cursor beyond the head comes from another database: the file was lost, or an older copy was restored. The answer is
 * empty and its cursor is the head, so that the client receives later changes. The original program answers with the cursor
 * that the client sent; then the client misses every change until the head has passed it.
 */
export async function findExtent(reading: Reading, wanted: Wanted): Promise<Extent> {
  const { cursor, noneUpTo = cursor, maxSize, view = WHOLE, head = reading.read((queries) => queries.head()) } = wanted
  if (maxSize === null) return { cursor: head, hasMore: false }
  return searchInTurn(async () => {
    let after = noneUpTo
    let last = cursor
    for (let room = maxSize; after < head && wanted.signal?.aborted !== true; ) {
      const stretch = { after, upTo: head, cursor, limit: room + 1 }
      const { ids, reached } = reading.read((queries) => visibleIds(queries, stretch, view))
      if (ids.length > room) return { cursor: ids[room - 1] ?? last, hasMore: true }
      room -= ids.length
      last = ids.at(-1) ?? last
      after = reached
      if (after < head) await nextTurn()
    }
    return { cursor: head, hasMore: false }
  })
}

/**
 * Searches for the first visible change after `after`, for a client at `cursor`.
 *
 * @returns `noneUpTo`: no change up to this one is visible; it is `head` if there is none at all
 */
export async function findFirst(
  reading: Reading,
  wanted: { cursor: number; after: number; head: number; view: View; signal?: AbortSignal },
): Promise<{ readonly isFound: boolean; readonly noneUpTo: number }> {
  const { cursor, after, head, view, signal } = wanted
  let noneUpTo = after
  /** True once the search is over. */
  const lookOnce = (): boolean => {
    const stretch = { after: noneUpTo, upTo: head, cursor, limit: 1 }
    const { ids, reached } = reading.read((queries) => visibleIds(queries, stretch, view))
    if (ids.length > 0) return true
    noneUpTo = reached
    return noneUpTo >= head
  }
  if (noneUpTo >= head) return { isFound: false, noneUpTo }
  // For a client that keeps up, the first look is enough.
  if (!lookOnce()) {
    await searchInTurn(async () => {
      do await nextTurn()
      while (signal?.aborted !== true && !lookOnce())
    })
  }
  return { isFound: noneUpTo < head && signal?.aborted !== true, noneUpTo }
}

/** The rows with these numbers, for a view without a filter. `reached` as in `see`. */
function readFound(
  queries: Queries,
  stretch: Stretch,
  { ids, reached }: { readonly ids: readonly number[]; readonly reached: number },
  view: View,
): { readonly seen: Page; readonly reached: number } {
  if (ids.length === 0) return { seen: [], reached }
  if (!view.hasPaths) return { seen: queries.plainChanges(ids, stretch), reached }
  const found = see(queries, { ...stretch, upTo: ids.at(-1) ?? reached, limit: ids.length }, view)
  return found.seen.length === ids.length ? { ...found, reached } : found
}

/** A filter decides row by row, so it may look at fewer rows than the limit, or give more. */
function visibleIds(queries: Queries, stretch: Stretch, view: View): { ids: number[]; reached: number } {
  if (!isFiltered(view)) return queries.visibleIds(stretch)
  const { seen, reached } = see(queries, { ...stretch, limit: FILTER_ROWS }, { ...view, hasPaths: false }, false)
  return { ids: seen.map(({ changeId }) => changeId), reached }
}

/**
 * The changes of a stretch that a client sees. `reached` is the last row that was looked at: not the last one of the
 * stretch if the remaining rows lie in parts of a very deep tree that are left to the next read.
 *
 * @param isShown false if only the numbers are wanted
 */
function see(
  queries: Queries,
  stretch: Stretch,
  view: View,
  isShown = true,
): { seen: readonly SeenChange[]; reached: number } {
  const { rows, reached } = queries.visibleChanges(stretch, !view.isSettled, isShown)
  const places = placesIn(queries)
  const seeRow = createPageView(view, stretch.cursor, queries, places)
  const seen: SeenChange[] = []
  let last = stretch.after
  for (const row of rows) {
    if (isPlaced(row, view) && !places.climb(row.node)) return { seen, reached: last }
    const change = seeRow(row)
    if (change !== null) seen.push(change)
    last = row.changeId
  }
  return { seen, reached }
}

/** Whether the ancestors of the node decide what the client sees. */
function isPlaced(
  row: ChangeRow,
  { under, hasPaths }: View,
): row is ChangeRow & { node: NonNullable<ChangeRow['node']> } {
  return row.node !== null && (under !== null || hasPaths)
}

/**
 * The changes after `cursor` up to `upTo`, oldest first. Each page is one short read, and may be empty.
 *
 * @param pageRows changes in a page at most
 */
export function* readPages(
  reading: Reading,
  wanted: { cursor: number; noneUpTo?: number; upTo: number; view?: View; pageRows?: number },
): Generator<Page> {
  const { cursor, noneUpTo = cursor, upTo, view = WHOLE, pageRows = PAGE_ROWS } = wanted
  for (let after = noneUpTo; after < upTo; ) {
    const stretch = { after, upTo, cursor, limit: pageRows }
    const { seen, reached } = reading.read((queries) =>
      isFiltered(view) ? see(queries, stretch, view) : readFound(queries, stretch, queries.visibleIds(stretch), view),
    )
    after = reached
    yield seen
  }
}
