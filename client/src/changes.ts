/** Reads the changes page by page. */
import type { Requests } from './requests.ts'
import type { ChangesPage, FeedView } from './wire.ts'

/** A position in the feed of one database. */
export type Position = {
  /** The cursor of a page, or 0 for the beginning. */
  readonly cursor?: number
  /** The epoch of the page with that cursor. Without it, nobody notices that the cursor belongs to another database or copy. */
  readonly epoch?: string | null
}

export type ChangesOptions = Position &
  FeedView & {
    /** Long poll: seconds that the server waits for a change, at most 55. Without it, the pages end at the newest change. */
    readonly wait?: number
    /** Changes in a page at most. */
    readonly maxSize?: number
    readonly signal?: AbortSignal
  }

/** A page, and the database that it is from. */
export type FeedPage = ChangesPage & { readonly epoch: string | null; readonly head: number | null }

const MAX_SIZE = 1_000

/**
 * The pages after a cursor. Each is requested when the caller has taken the one before. The first page always comes; later
 * ones only if they have changes or a new cursor.
 *
 * @throws {FeedGoneError} if the cursor belongs to another database, {FeedRequestError} if the server refuses
 */
export async function* readChanges(requests: Requests, options: ChangesOptions): AsyncGenerator<FeedPage> {
  const { wait, maxSize = MAX_SIZE, signal } = options
  let { cursor = 0, epoch = null } = options
  for (let isFirst = true; ; isFirst = false) {
    // Cursor 0 is good in every database.
    const known = cursor === 0 || epoch === null ? {} : { epoch }
    const query = { cursor, max_size: maxSize, wait, ...known, ...viewQuery(options) }
    const answer = await requests.json<ChangesPage>({ path: 'changes', query, signal }, (wait ?? 0) * 1_000)
    const page = { ...answer.body, epoch: answer.epoch, head: answer.head }
    const isNews = page.changes.length > 0 || page.cursor !== cursor
    cursor = page.cursor
    epoch = page.epoch
    if (isNews || isFirst) yield page
    if (page.has_more) continue
    if (wait === undefined) return
    // The original program has no long poll: it answers immediately, with or without changes.
    if (!isNews && page.epoch === null) await requests.sleep(wait * 1_000, signal)
  }
}

export function viewQuery({ include, under, type, settled }: FeedView) {
  return { include, under, type, settled: settled === true ? 1 : undefined }
}
