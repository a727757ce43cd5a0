/** Keeps a local copy of the tree up to date, also after the server's database was replaced. */
import { type ChangesOptions, type FeedPage, type Position, readChanges } from './changes.ts'
import { FeedGoneError } from './feed-error.ts'
import type { Requests } from './requests.ts'
import { applyChange, removalsOf, type Tree, type TreeChange } from './tree.ts'
import type { FeedNode } from './wire.ts'

/**
 * Everything that a later run needs to go on. While the feed is read from the beginning again, `cursor` and `epoch` stay the
 * old ones: a run that goes on from there starts over once more, instead of keeping nodes that are gone.
 */
export type FollowState = { readonly cursor: number; readonly epoch: string | null; readonly nodes: Tree }

export type FollowOptions = Omit<ChangesOptions, 'cursor' | 'epoch'> & {
  /** The last state of an earlier run. */
  readonly from?: FollowState
}

export type FollowUpdate = FollowState & {
  /** The changes of single nodes in the feed's order: folders before their contents, removals the other way round. */
  readonly changes: readonly TreeChange[]
  /** Whether `nodes` is the whole tree; false while more pages follow. */
  readonly isCaughtUp: boolean
  /** Whether the feed is being read from the beginning because the database was replaced. */
  readonly isStartingOver: boolean
}

/**
 * One update for each page. `nodes` is the same map in every update, and changes with the next one.
 *
 * After a 410 the feed is read from the beginning. The nodes known before stay until the end; then those that did not come
 * again are removed.
 */
export async function* follow(requests: Requests, options: FollowOptions): AsyncGenerator<FollowUpdate> {
  const { from = { cursor: 0, epoch: null, nodes: new Map() }, ...asked } = options
  const nodes = new Map<string, FeedNode>(from.nodes)
  let position: Position = { cursor: from.cursor, epoch: from.epoch }
  let stored = { cursor: from.cursor, epoch: from.epoch }
  /** Nodes that came since the feed is read from the beginning; null if it is not. */
  let receivedAgain: Set<string> | null = null
  for (;;) {
    try {
      for await (const page of readChanges(requests, { ...asked, ...position })) {
        const { cursor, epoch, has_more: hasMore } = page
        const changes = applyPage(nodes, page, receivedAgain)
        const isStartingOver = receivedAgain !== null
        if (!hasMore) receivedAgain = null
        position = { cursor, epoch }
        if (receivedAgain === null) stored = { cursor, epoch }
        yield { ...stored, nodes, changes, isCaughtUp: !hasMore, isStartingOver }
      }
      return
    } catch (error) {
      if (!(error instanceof FeedGoneError)) throw error
      receivedAgain = new Set()
      position = {}
    }
  }
}

/** With the last page of a feed that is read from the beginning, removes the nodes that did not come again. */
function applyPage(nodes: Map<string, FeedNode>, page: FeedPage, receivedAgain: Set<string> | null): TreeChange[] {
  for (const change of page.changes) {
    if (change.removed) receivedAgain?.delete(change.node_id)
    else receivedAgain?.add(change.node.id)
  }
  const changes = page.changes.flatMap((change) => applyChange(nodes, change) ?? [])
  if (receivedAgain === null || page.has_more) return changes
  const stale = removalsOf(nodes, (id) => !receivedAgain.has(id))
  return [...changes, ...stale.flatMap((change) => applyChange(nodes, change) ?? [])]
}
