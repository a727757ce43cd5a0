/** Where nodes are: what a row's ancestors say. Remembers what it read, for one page and within one read. */
import type { Place, Queries } from './queries.ts'

export type Places = {
  /** An absolute path as the indexer sees it; null for what is below no watched folder, the super-root too. */
  readonly pathOf: (nodeId: string, place: Place) => string | null
  /** Whether the node is this folder or below it. */
  readonly isUnder: (nodeId: string, place: Place, folderId: string) => boolean
  /** The node and the folders above it. */
  readonly foldersOf: (nodeId: string, place: Place) => string[]
}

// Folders are nested deeper than a path may be long (PATH_MAX is 4,096 bytes), but not by thousands of names more. Only a
// damaged file has a cycle, but then the climb must end too.
const CLIMB_MAX = 65_536
/** Hardly any folder is deeper, and the ancestors of what a page holds are mostly the same. */
const STEPS_ONE_BY_ONE = 32

/**
 * A page's nodes are mostly in the same few folders, so each folder above them is read once and not once for each node.
 */
export function createPlaces(queries: Pick<Queries, 'place' | 'ancestors' | 'rootPaths'>): Places {
  const known = new Map<string, Place | undefined>()
  const folderPaths = new Map<string, string | null>()
  let roots: Map<string, string> | null = null
  const rootPath = (nodeId: string): string | undefined => {
    roots ??= queries.rootPaths()
    return roots.get(nodeId)
  }

  /** @param steps how far this climb has come */
  const placeOf = (nodeId: string, steps: number): Place | undefined => {
    if (!known.has(nodeId)) {
      // Folder by folder it would take four times as long.
      if (steps >= STEPS_ONE_BY_ONE) for (const { id, ...place } of queries.ancestors(nodeId)) known.set(id, place)
      else known.set(nodeId, queries.place(nodeId))
    }
    return known.get(nodeId)
  }

  /** From the top down, so that each folder's path is made of its parent's and remembered. */
  function folderPath(folderId: string | null): string | null {
    const way: { id: string; name: string }[] = []
    let path: string | null = null
    for (let id = folderId; id !== null && way.length < CLIMB_MAX; ) {
      const remembered = folderPaths.get(id) ?? rootPath(id)
      if (remembered !== undefined) {
        path = remembered
        break
      }
      const place = placeOf(id, way.length)
      if (place === undefined) break
      way.push({ id, name: place.name })
      id = place.parentId
    }
    for (const { id, name } of way.reverse()) {
      path = joined(path, name)
      folderPaths.set(id, path)
    }
    return path
  }

  function* foldersAbove(place: Place): Generator<string> {
    let above = place.parentId
    for (let steps = 0; above !== null && steps < CLIMB_MAX; steps += 1) {
      yield above
      above = placeOf(above, steps)?.parentId ?? null
    }
  }

  return {
    pathOf: (nodeId, place) => rootPath(nodeId) ?? joined(folderPath(place.parentId), place.name),
    foldersOf: (nodeId, place) => [nodeId, ...foldersAbove(place)],
    isUnder: (nodeId, place, folderId) => {
      if (nodeId === folderId) return true
      for (const above of foldersAbove(place)) if (above === folderId) return true
      return false
    },
  }
}

function joined(folder: string | null, name: string): string | null {
  if (folder === null) return null
  // The watched folder can be "/" itself.
  return `${folder === '/' ? '' : folder}/${name}`
}
