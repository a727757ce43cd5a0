/** Keeping the tree: changes applied to a local map, which is right again also after the server's database was replaced. */
import { type ChangesOptions, type FeedPage, type Position, readChanges } from './changes.ts'
import { FeedGoneError } from './feed-error.ts'
import type { Requests } from './requests.ts'
import { applyChange, removalsOf, type Tree, type TreeChange } from './tree.ts'
import type { FeedNode } from './wire.ts'

/**
 * All that has to be stored to go on later. While the feed is read from its beginning again, `cursor` and `epoch` stay
 * those of before: whoever goes on from there starts over once more, instead of keeping nodes that are gone.
 */
export type FollowState = { readonly cursor: number; readonly epoch: string | null; readonly nodes: Tree }

export type FollowOptions = Omit<ChangesOptions, 'cursor' | 'epoch'> & {
  /** Where an earlier run ended. */
  readonly from?: FollowState
}

export type FollowUpdate = FollowState & {
  /** What became of single nodes, in the feed's order: folders before what is in them, removals the other way round. */
  readonly changes: readonly TreeChange[]
  /** Whether `nodes` is the whole tree now: false while more pages are to come. */
  readonly isCaughtUp: boolean
  /** Whether the feed was read from its beginning because the database is another one. */
  readonly isStartingOver: boolean
}

/**
 * One update for each page. `nodes` is one map that lives on; copy it if it has to stay as it is.
 *
 * After a 410 the feed is read again from its beginning. Nodes known before stay until that is done; then those that were
 * not told again are removed.
 */
export async function* follow(requests: Requests, options: FollowOptions): AsyncGenerator<FollowUpdate> {
  const { from = { cursor: 0, epoch: null, nodes: new Map() }, ...asked } = options
  const nodes = new Map<string, FeedNode>(from.nodes)
  let position: Position = { cursor: from.cursor, epoch: from.epoch }
  let stored = { cursor: from.cursor, epoch: from.epoch }
  /** Told since the feed is read from its beginning; null where it is not. */
  let toldAgain: Set<string> | null = null
  for (;;) {
    try {
      for await (const page of readChanges(requests, { ...asked, ...position })) {
        const { cursor, epoch, has_more: hasMore } = page
        const changes = applyPage(nodes, page, toldAgain)
        const isStartingOver = toldAgain !== null
        if (!hasMore) toldAgain = null
        position = { cursor, epoch }
        if (toldAgain === null) stored = { cursor, epoch }
        yield { ...stored, nodes, changes, isCaughtUp: !hasMore, isStartingOver }
      }
      return
    } catch (error) {
      if (!(error instanceof FeedGoneError)) throw error
      toldAgain = new Set()
      position = {}
    }
  }
}

/** With the last page of a feed that is read from its beginning, what was not told again goes. */
function applyPage(nodes: Map<string, FeedNode>, page: FeedPage, toldAgain: Set<string> | null): TreeChange[] {
  for (const change of page.changes) {
    if (change.removed) toldAgain?.delete(change.node_id)
    else toldAgain?.add(change.node.id)
  }
  const changes = page.changes.flatMap((change) => applyChange(nodes, change) ?? [])
  if (toldAgain === null || page.has_more) return changes
  const stale = removalsOf(nodes, (id) => !toldAgain.has(id))
  return [...changes, ...stale.flatMap((change) => applyChange(nodes, change) ?? [])]
}
