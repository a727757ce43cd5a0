/**
 * What an answer of `/changes` holds. A short one is read at once, so that it leaves the client with the very tree that
 * the database had at that moment. Of a longer one first the end is found, then it is read page by page.
 *
 * Why an answer read in several short transactions, with the writer at work between them, is still correct:
 *
 * - The writer only ever deletes a node's row and appends a new one, so after the head was taken no row at or below it
 *   appears or changes; rows only go away. A row that is still there belongs to a node that was not touched since, and
 *   `nodes` says of it what it said then. What went away is beyond the answer's cursor and comes with the next answer.
 * - Hence a node is at most once in an answer, and what is in it is its current state.
 * - Parents first (I3) holds in the state each page is read from: the parent of a live node N that is still listed at or
 *   below the head is listed before N, so it was not touched either and had that place all the time. It came earlier in
 *   this answer, or in an earlier one. A folder re-issued meanwhile takes its whole subtree beyond the head with it in the
 *   same transaction: those not yet sent come with the next answer, after it. A file moved into a folder that was made
 *   meanwhile has itself a new row beyond the head.
 * - Replay (I2): at the answer's cursor the client has seen every row at or below it that still exists. That is all the
 *   next request builds on.
 *
 * One thing only a short answer promises: that no folder is missing afterwards. Where a node left its folder, the folder
 * was removed, and the node was touched once more while a long answer was read, that answer has the removal and not the
 * node: it comes with the next one. The same can be between two pages of `max_size`. A client must not take what is in a
 * folder for removed with it (I4).
 */
import type { Reading } from './database-source.ts'
import { epochAt, epochOfFiles } from './gone.ts'
import { placesIn } from './places.ts'
import type { ChangeRow, FeedState, Queries, Stretch } from './queries.ts'
import { nextTurn, searchInTurn } from './turns.ts'
import { createPageView, isFiltered, type SeenChange, type View, WHOLE } from './view.ts'

/**
 * What is asked for: changes after `cursor`, at most `maxSize` of them, all of them if that is null. Up to `noneUpTo` there
 * are certainly none, if that was found out already. `head` is where the log ended when the question was taken up, if that
 * was read already. `signal` aborts when nobody wants the answer any more: a filter may look through the whole log for it.
 */
export type Wanted = {
  readonly cursor: number
  readonly noneUpTo?: number
  readonly maxSize: number | null
  readonly view?: View
  readonly head?: number
  readonly signal?: AbortSignal
}

/** The answer holds what is visible up to `cursor`; `hasMore` says whether anything visible is beyond. */
export type Extent = { readonly cursor: number; readonly hasMore: boolean }

/**
 * An answer that is begun: `feed` is how things stood when it was, `epoch` the token that goes with its cursor. A page may
 * be empty.
 */
export type Answer = Extent & {
  readonly feed: FeedState
  readonly epoch: string
  readonly pages: Iterable<readonly SeenChange[]>
}

/** Bounds what one answer holds in memory, and how long other requests wait. About 50 KB of JSON. */
const PAGE_ROWS = 128
/** Changes that are still read at once, in some 5 ms: what a client that keeps up asks for is hardly ever more. */
const SHORT_ROWS = 1_000
/** Rows that a filter looks at in one read: each may need its ancestors read. */
const FILTER_ROWS = 1_000

/** Begins an answer: its end is known, and what it holds is read as `pages` is gone through. */
export async function beginAnswer(reading: Reading, wanted: Omit<Wanted, 'head'>): Promise<Answer> {
  const { cursor, noneUpTo = cursor, view = WHOLE, maxSize } = wanted
  const { feed, short } = reading.read((queries) => ({ feed: queries.feed(), short: readShort(queries, wanted) }))
  if (short !== null) return { ...short, feed, epoch: epochAt(short.cursor, feed) }
  const extent = await findExtent(reading, { ...wanted, head: feed.head })
  const pages = readPages(reading, { cursor, noneUpTo, upTo: extent.cursor, view })
  if (maxSize === null || maxSize > SHORT_ROWS)
    return { ...extent, feed, epoch: epochOfFiles(feed, reading.files), pages }
  // Few enough to be read before the token is sent, which then says from what.
  const read: (readonly SeenChange[])[] = []
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

/** The whole answer from one state of the database, or null where that would be a long read. */
function readShort(
  queries: Queries,
  { cursor, noneUpTo = cursor, maxSize, view = WHOLE }: Wanted,
): Omit<Answer, 'feed' | 'epoch'> | null {
  const head = queries.head()
  // One more than wanted tells whether there is more. A filter may leave out any of them.
  const limit = isFiltered(view) ? FILTER_ROWS : Math.min(maxSize ?? SHORT_ROWS, SHORT_ROWS) + 1
  const { seen: changes, reached } = see(queries, { after: noneUpTo, upTo: head, cursor, limit }, view)
  if (maxSize !== null && changes.length > maxSize) {
    const page = changes.slice(0, maxSize)
    return { cursor: page.at(-1)?.changeId ?? cursor, hasMore: true, pages: [page] }
  }
  return reached >= head ? { cursor: head, hasMore: false, pages: [changes] } : null
}

/**
 * Finds where the answer ends. That is the head where nothing more is to be seen, even if skipped tombstones are the last
 * rows; so a client that is up to date always has the head as its cursor.
 *
 * A cursor beyond the head was given out by another database (the file was lost or an older copy restored). The answer is
 * empty and has the head, so that the client gets what changes from now on; with the cursor it sent (the original's
 * answer) it would miss everything until the head has passed it.
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
 * Looks for the first visible change after `after`, for a client that is at `cursor`.
 *
 * @returns how far there certainly is none: `head` when there is none at all
 */
export async function findFirst(
  reading: Reading,
  wanted: { cursor: number; after: number; head: number; view: View; signal?: AbortSignal },
): Promise<{ readonly isFound: boolean; readonly noneUpTo: number }> {
  const { cursor, after, head, view, signal } = wanted
  let noneUpTo = after
  /** True once that is known. */
  const lookOnce = (): boolean => {
    const stretch = { after: noneUpTo, upTo: head, cursor, limit: 1 }
    const { ids, reached } = reading.read((queries) => visibleIds(queries, stretch, view))
    if (ids.length > 0) return true
    noneUpTo = reached
    return noneUpTo >= head
  }
  if (noneUpTo >= head) return { isFound: false, noneUpTo }
  // Whoever keeps up is answered at once.
  if (!lookOnce()) {
    await searchInTurn(async () => {
      do await nextTurn()
      while (signal?.aborted !== true && !lookOnce())
    })
  }
  return { isFound: noneUpTo < head && signal?.aborted !== true, noneUpTo }
}

/** A filter is decided row by row, so it may look at fewer or give more than the limit. */
function visibleIds(queries: Queries, stretch: Stretch, view: View): { ids: number[]; reached: number } {
  if (!isFiltered(view)) return queries.visibleIds(stretch)
  const { seen, reached } = see(queries, { ...stretch, limit: FILTER_ROWS }, { ...view, hasPaths: false })
  return { ids: seen.map(({ changeId }) => changeId), reached }
}

/**
 * What a client sees of a stretch, and how far was looked: less far than the rows go where those that are left lie in other
 * parts of a very deep tree than what was climbed from already.
 */
function see(queries: Queries, stretch: Stretch, view: View): { seen: SeenChange[]; reached: number } {
  const { rows, reached } = queries.visibleChanges(stretch)
  const places = placesIn(queries)
  const seeRow = createPageView(view, stretch.cursor, queries, places)
  const seen: SeenChange[] = []
  let last = stretch.after
  for (const row of rows) {
    if (isPlaced(row, view) && places.isTooFar(row.node)) return { seen, reached: last }
    const change = seeRow(row)
    if (change !== null) seen.push(change)
    last = row.changeId
  }
  return { seen, reached }
}

/** Whether somebody has to climb from it to know what the client sees. */
function isPlaced(
  row: ChangeRow,
  { under, hasPaths }: View,
): row is ChangeRow & { node: NonNullable<ChangeRow['node']> } {
  return row.node !== null && (under !== null || hasPaths)
}

/**
 * The changes after `cursor` up to `upTo`, oldest first. Each step is one short read; a page may be empty.
 *
 * @param pageRows changes a page at most
 */
export function* readPages(
  reading: Reading,
  wanted: { cursor: number; noneUpTo?: number; upTo: number; view?: View; pageRows?: number },
): Generator<SeenChange[]> {
  const { cursor, noneUpTo = cursor, upTo, view = WHOLE, pageRows = PAGE_ROWS } = wanted
  for (let after = noneUpTo; after < upTo; ) {
    const stretch = { after, upTo, cursor, limit: pageRows }
    const { seen, reached } = reading.read((queries) => see(queries, stretch, view))
    after = reached
    yield seen
  }
}
