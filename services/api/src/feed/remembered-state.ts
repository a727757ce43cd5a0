/** Where the log stands, read again only after another connection wrote: most requests come while nothing changes. */
import type { FeedState } from './feed-state.ts'
import type { Queries } from './queries.ts'

export type RememberedState = {
  /** The same queries. While nothing was written, `feed` gives the same object. */
  readonly queries: Queries
  readonly forget: () => void
}

export function rememberState(queries: Queries): RememberedState {
  let state: FeedState | null = null
  const feed = (): FeedState => {
    state ??= queries.feed()
    return state
  }
  return {
    queries: { ...queries, feed, head: () => feed().head },
    forget: () => {
      state = null
    },
  }
}
