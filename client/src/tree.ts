/** The tree of nodes that a client has received. */
import { type FeedChange, type FeedNode, SUPER_ROOT_ID } from './wire.ts'

/** Deeper than any path that the kernel accepts; ends the loop if there is a cycle. */
const DEPTH_MAX = 4_096

export type Tree = ReadonlyMap<string, FeedNode>

/** A change of one node: `before` is null for a new one, `after` for a removed one. */
export type TreeChange =
  | { readonly before: FeedNode | null; readonly after: FeedNode }
  | { readonly before: FeedNode; readonly after: null }

/** Applies a change. Null if it has no effect: the client may receive a removal twice, or for a node that it never had. */
export function applyChange(nodes: Map<string, FeedNode>, change: FeedChange): TreeChange | null {
  const before = nodes.get(change.removed ? change.node_id : change.node.id) ?? null
  if (!change.removed) {
    nodes.set(change.node.id, change.node)
    return { before, after: change.node }
  }
  nodes.delete(change.node_id)
  return before === null ? null : { before, after: null }
}

/**
 * The names from the watched folder down to the node, joined by `/`. Null while a folder above it is missing: it was
 * removed, and the change with the node's new place has not arrived yet.
 */
export function placeOf(nodes: Tree, id: string): string | null {
  const names: string[] = []
  let at = nodes.get(id)
  for (; at !== undefined && names.length < DEPTH_MAX; at = nodes.get(at.parent_id ?? '')) {
    names.unshift(at.name)
    if (at.parent_id === SUPER_ROOT_ID) return names.join('/')
  }
  return null
}

/** Removals of all nodes for which `isGone` holds, children before their folders, as in the feed. */
export function removalsOf(nodes: Tree, isGone: (id: string) => boolean): FeedChange[] {
  const gone = [...nodes.keys()].filter(isGone)
  const depthOf = (id: string) => {
    let depth = 0
    for (let at = nodes.get(id); at !== undefined && depth < DEPTH_MAX; at = nodes.get(at.parent_id ?? '')) depth += 1
    return depth
  }
  const depths = new Map(gone.map((id) => [id, depthOf(id)]))
  gone.sort((a, b) => (depths.get(b) ?? 0) - (depths.get(a) ?? 0))
  return gone.map((id) => ({ removed: true, node_id: id }))
}
