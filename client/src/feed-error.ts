/** The errors of a request, as types that callers can tell apart. */
import type { Problem } from './wire.ts'

/**
 * The cursor means nothing in this database: it was replaced, or an older copy was restored. Start again at cursor 0 without
 * an epoch, and drop every node that does not come again. `follow` does this by itself.
 */
export class FeedGoneError extends Error {
  override name = 'FeedGoneError'
  /** Of the database that answers now. */
  readonly epoch: string | null
  readonly head: number | null

  constructor(problem: Problem & { readonly epoch?: string; readonly head?: number }) {
    super(problem.detail ?? 'The cursor is not one of this database; start again at cursor 0.')
    this.epoch = problem.epoch ?? null
    this.head = problem.head ?? null
  }
}

/** The server refused the request, or it is not a drive-feed. */
export class FeedRequestError extends Error {
  override name = 'FeedRequestError'
  readonly status: number
  /** The delay that the server asked for; null if it did not. */
  readonly retryAfterMs: number | null

  constructor(message: string, status: number, retryAfterMs: number | null = null) {
    super(message)
    this.status = status
    this.retryAfterMs = retryAfterMs
  }
}

const PASSING = new Set([408, 429, 500, 502, 503, 504])

/** Whether a retry may succeed: the server is busy or away, or the connection broke. */
export function isPassing(error: unknown): boolean {
  if (error instanceof FeedGoneError) return false
  return !(error instanceof FeedRequestError) || PASSING.has(error.status)
}
