/**
 * Where nodes are: their paths, and which folders they are below. Remembers every ancestor that it read, for as long as the
 * database does not change.
 *
 * A tree may have more levels than a page has rows, so no folder may be climbed twice: each climb remembers the path of
 * every folder on its way, and whether it is below the folder in question.
 */
import { type Ancestors, CLIMB_MAX, createAncestors, type Patience } from './ancestors.ts'
import type { FeedState } from './feed-state.ts'
import type { Place, Queries } from './queries.ts'

export type Places = Pick<Ancestors, 'climb' | 'cost' | 'forNextState'> & {
  /** An absolute path as the indexer sees it; null for the super-root, and for a node below no watched folder. */
  readonly pathOf: (nodeId: string, place: Place) => string | null
  /** Whether the node is this folder or below it. */
  readonly isUnder: (nodeId: string, place: Place, folderId: string) => boolean
  /** Adds the node and its ancestors, up to the first one that is already in the set: its own ancestors are in it too. */
  readonly addFolders: (nodeId: string, place: Place, folders: Set<string>) => void
  /** Begins another read of the same state. False if so much is remembered that it has to be forgotten. */
  readonly beginRead: () => boolean
}

/** Folders remembered, about 20 MB. Every 500 characters of paths count as one folder. */
const REMEMBERED_MAX = 100_000
const CHARACTERS_FOR_ONE = 500

const ofReads = new WeakMap<Queries, { readonly state: FeedState; readonly places: Places }>()

/** Reads of one connection share their places while the database does not change, above all the pages of a long answer. */
export function placesIn(queries: Queries): Places {
  const state = queries.feed()
  const last = ofReads.get(queries)
  if (last !== undefined && isSame(last.state, state) && last.places.beginRead()) return last.places
  // A database that changes faster than a deep tree is climbed would else be climbed for ever.
  const places = createPlaces(queries, last?.places.forNextState())
  ofReads.set(queries, { state, places })
  return places
}

function isSame(one: FeedState, other: FeedState): boolean {
  if (one === other) return true
  return one.epoch === other.epoch && one.head === other.head && one.roots === other.roots
}

/** @param patience see `createAncestors` */
export function createPlaces(queries: Pick<Queries, 'place' | 'ancestors' | 'rootPaths'>, patience?: Patience): Places {
  const ancestors = createAncestors(queries, patience)
  const { climb, cost, forNextState, placeOf, foldersAbove } = ancestors
  const folderPaths = new Map<string, string | null>()
  /** For each folder in question: whether other folders are below it. */
  const under = new Map<string, Map<string, boolean>>()
  let found = 0
  let characters = 0
  let roots: Map<string, string> | null = null
  const rootPath = (nodeId: string): string | undefined => {
    roots ??= queries.rootPaths()
    return roots.get(nodeId)
  }

  /** Builds paths from the top down, each from that of the parent folder, and remembers them. */
  function folderPath(folderId: string | null): string | null {
    const way: { id: string; name: string }[] = []
    let path: string | null = null
    for (let id = folderId; id !== null && way.length < CLIMB_MAX; ) {
      const remembered = folderPaths.has(id) ? folderPaths.get(id) : rootPath(id)
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
    // V8 keeps a concatenated string in pieces until it is read. Reading it here flattens it once; otherwise every path in
    // this folder would do so with thousands of pieces.
    if (way.length > 0 && path !== null) {
      path.charCodeAt(0)
      characters += path.length
    }
    return path
  }

  function isUnder(place: Place, folderId: string): boolean {
    const answers = under.get(folderId) ?? new Map<string, boolean>()
    under.set(folderId, answers)
    const way: string[] = []
    let is = false
    for (const above of foldersAbove(place)) {
      const remembered = above === folderId || answers.get(above)
      if (remembered !== undefined) {
        is = remembered
        break
      }
      way.push(above)
    }
    for (const folder of way) answers.set(folder, is)
    found += way.length + 1
    return is
  }

  return {
    pathOf: (nodeId, place) => rootPath(nodeId) ?? joined(folderPath(place.parentId), place.name),
    addFolders: (nodeId, place, folders) => {
      if (folders.has(nodeId)) return
      folders.add(nodeId)
      for (const above of foldersAbove(place)) {
        if (folders.has(above)) break
        folders.add(above)
      }
    },
    isUnder: (nodeId, place, folderId) => nodeId === folderId || isUnder(place, folderId),
    ...{ climb, cost, forNextState },
    beginRead: () => {
      ancestors.beginRead()
      return ancestors.size() + folderPaths.size + found + characters / CHARACTERS_FOR_ONE < REMEMBERED_MAX
    },
  }
}

function joined(folder: string | null, name: string): string | null {
  if (folder === null) return null
  // The watched folder can be "/" itself.
  return `${folder === '/' ? '' : folder}/${name}`
}
