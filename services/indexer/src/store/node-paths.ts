/** Paths of folders as clients see them, made from the rows. They are cached until `forget` is called. */
import type { FeedDatabase } from '@drive-feed/shared/open-database.ts'

export type NodePaths = {
  /** Null if no watched folder is above. The path of the watched folder "/" is "". */
  readonly pathOf: (nodeId: string) => string | null
  /** To be called when a folder moved. */
  readonly forget: () => void
}

type Row = { readonly parentId: string | null; readonly name: string; readonly rootPath: string | null }

/** Bounds the cache, and ends the climb in a damaged file. */
const REMEMBERED_MAX = 10_000

export function createNodePaths({ sqlite }: FeedDatabase): NodePaths {
  // By name too: the node of a root whose folder was replaced by another one still had that root's path.
  const row = sqlite.prepare<[string], Row>(
    `SELECT nodes.parent_id AS parentId, nodes.name,
            (SELECT path FROM watch_roots WHERE watch_roots.node_id = nodes.node_id
               OR (watch_roots.name = nodes.name AND above.parent_id IS NULL) LIMIT 1) AS rootPath
     FROM nodes LEFT JOIN nodes AS above ON above.node_id = nodes.parent_id WHERE nodes.node_id = ?`,
  )
  const known = new Map<string, string | null>()

  const pathOf = (nodeId: string): string | null => {
    const way: { readonly id: string; readonly name: string }[] = []
    let path: string | null = null
    for (let id: string | null = nodeId; id !== null && way.length < REMEMBERED_MAX; ) {
      const remembered = known.get(id)
      const found: Row | undefined = remembered === undefined ? row.get(id) : undefined
      const root = remembered ?? found?.rootPath?.replace(/\/$/, '')
      if (root !== undefined) {
        path = root
        if (remembered === undefined) known.set(id, root)
        break
      }
      if (found === undefined) break
      way.push({ id, name: found.name })
      id = found.parentId
    }
    if (known.size + way.length > REMEMBERED_MAX) known.clear()
    for (const { id, name } of way.reverse()) {
      if (path !== null) path = `${path}/${name}`
      known.set(id, path)
    }
    return path
  }
  return { pathOf, forget: () => known.clear() }
}
