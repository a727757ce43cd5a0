/**
 * What a client of the original program keeps: nodes and, apart from them, the parent of each. It applies changes in
 * their order and checks nothing.
 */
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'
import type { FeedNode } from '../../../client/src/wire.ts'
import { describeNode, type TreeImage } from '../../support/disk-tree.ts'

/** A node with the path that the client worked out for it, as on the server's disk. */
export type PlacedNode = { readonly node: FeedNode; readonly path: string }
export type Action = { readonly removed: string } | PlacedNode

export type Snapshot = {
  readonly cursor: () => string
  /** Applies all actions and the cursor, or nothing. */
  readonly applyChanges: (actions: readonly Action[], cursor: string) => void
  /** The tree by the parents' names, in the form of `diskTree`. */
  readonly tree: () => TreeImage
  /** The same tree by the paths that were worked out. */
  readonly paths: () => TreeImage
}

export function createSnapshot(initialCursor: string): Snapshot {
  const nodes = new Map<string, PlacedNode>()
  const parents = new Map<string, string>()
  let current = initialCursor

  const remove = (id: string) => {
    nodes.delete(id)
    parents.delete(id)
    // Like the original's clients: what is still in a removed folder has no parent until it comes again.
    for (const [child, parent] of parents) if (parent === id) parents.delete(child)
  }
  const nameOf = (id: string): string => {
    const parent = parents.get(id)
    const name = nodes.get(id)?.node.name ?? `(no node ${id})`
    if (parent === SUPER_ROOT_ID) return name
    return parent === undefined ? `(in no folder)/${name}` : `${nameOf(parent)}/${name}`
  }
  const image = (keyOf: (id: string, placed: PlacedNode) => string): TreeImage =>
    new Map(Array.from(nodes, ([id, placed]) => [keyOf(id, placed), describeNode(placed.node)]))
  return {
    cursor: () => current,
    applyChanges: (actions, cursor) => {
      for (const action of actions) {
        if ('removed' in action) remove(action.removed)
        else {
          nodes.set(action.node.id, action)
          parents.set(action.node.id, action.node.parent_id ?? '')
        }
      }
      current = cursor
    },
    tree: () => image(nameOf),
    paths: () => image((_id, { path }) => path),
  }
}
