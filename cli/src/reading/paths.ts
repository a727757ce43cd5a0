/** Paths of nodes, as the indexer sees the disk. */
import type { FeedDatabase } from '@drive-feed/shared/open-database.ts'

/** Gives paths by node id, null for a node below no watched folder. Each folder is read once. */
export function createPaths({ sqlite }: FeedDatabase): (nodeId: string) => string | null {
  const roots = sqlite.prepare<[], [string, string]>('SELECT node_id, path FROM watch_roots').raw().all()
  const paths = new Map<string, string | null>(roots)
  const place = sqlite
    .prepare<[string], [string | null, string]>('SELECT parent_id, name FROM nodes WHERE node_id = ?')
    .raw()
  return (nodeId) => {
    const way: { readonly id: string; readonly name: string }[] = []
    let path: string | null = null
    for (let id: string | null = nodeId; id !== null; ) {
      const known = paths.get(id)
      if (known !== undefined) {
        path = known
        break
      }
      const found = place.get(id)
      if (found === undefined) break
      way.push({ id, name: found[1] })
      // In a damaged file the way may be a circle: it ends where this is met again.
      paths.set(id, null)
      id = found[0]
    }
    for (const { id, name } of way.reverse()) {
      path = path === null ? null : `${path === '/' ? '' : path}/${name}`
      paths.set(id, path)
    }
    return path
  }
}
