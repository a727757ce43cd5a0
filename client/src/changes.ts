/** Asking for changes page by page. */
import type { Requests } from './requests.ts'
import type { ChangesPage, FeedView } from './wire.ts'

/** A place in the feed of one database. */
export type Position = {
  /** 0, which is the beginning, or one that a page had. */
  readonly cursor?: number
  /** The epoch of the page that had the cursor; without it a cursor of another database or of another copy is not noticed. */
  readonly epoch?: string | null
}

export type ChangesOptions = Position &
  FeedView & {
    /** Seconds that the server waits for a change, 55 at most. Without it, the pages end when there are no more. */
    readonly wait?: number
    /** Changes a page at most. */
    readonly maxSize?: number
    readonly signal?: AbortSignal
  }

/** A page, and the database that it came from. */
export type FeedPage = ChangesPage & { readonly epoch: string | null; readonly head: number | null }

const MAX_SIZE = 1_000

/**
 * The pages after a cursor, each asked for when the one before was taken. The first one always comes; later ones only
 * with changes or a new cursor.
 *
 * @throws {FeedGoneError} when the database is another one, {FeedRequestError} when the server refuses
 */
export async function* readChanges(requests: Requests, options: ChangesOptions): AsyncGenerator<FeedPage> {
  const { wait, maxSize = MAX_SIZE, signal } = options
  let { cursor = 0, epoch = null } = options
  for (let isFirst = true; ; isFirst = false) {
    // The beginning is one in every database.
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
    // The original answers at once, whether there is something or not.
    if (!isNews && page.epoch === null) await requests.sleep(wait * 1_000, signal)
  }
}

export function viewQuery({ include, under, type, settled }: FeedView) {
  return { include, under, type, settled: settled === true ? 1 : undefined }
}
