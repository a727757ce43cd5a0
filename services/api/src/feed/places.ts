/**
 * Where nodes are: what a row's ancestors say. Remembers what it read and found out, as long as nothing was changed.
 *
 * A tree may be deeper than a page is long, so what counts is that no folder is climbed from twice: whether it is below
 * another one, and its path, are remembered for every folder on the way.
 */
import type { Place, Queries } from './queries.ts'

export type Places = {
  /** An absolute path as the indexer sees it; null for what is below no watched folder, the super-root too. */
  readonly pathOf: (nodeId: string, place: Place) => string | null
  /** Whether the node is this folder or below it. */
  readonly isUnder: (nodeId: string, place: Place, folderId: string) => boolean
  /** Adds the node and the folders above it, up to the first that is among them already: then those above it are, too. */
  readonly addFolders: (nodeId: string, place: Place, folders: Set<string>) => void
  /** Whether so much was climbed already that a node from which nobody has climbed is better left to another read. */
  readonly isTooFar: (place: Place) => boolean
  /** Folders passed in all climbs of this read: what they cost. */
  readonly steps: () => number
  /** Begins another read of the same state. False where so much is remembered that it is better forgotten. */
  readonly beginRead: () => boolean
}

// Folders are nested deeper than a path may be long (PATH_MAX is 4,096 bytes), but not by thousands of names more. Only a
// damaged file has a cycle, but then the climb must end too.
const CLIMB_MAX = 65_536
/** Hardly any folder is deeper, and the ancestors of what a page holds are mostly the same. */
const STEPS_ONE_BY_ONE = 32
/** Folders passed in all climbs before another read is better, in some 5 ms if they have to be read. */
const STEPS_MAX = 2_000
/** What is remembered: folders, and half a thousand characters of paths for one. Some 20 MB. */
const REMEMBERED_MAX = 100_000
const CHARACTERS_FOR_ONE = 500

const ofReads = new WeakMap<Queries, { readonly state: string; readonly places: Places }>()

/** For this read; others of the same connection share it while no change was made, the pages of a long answer above all. */
export function placesIn(queries: Queries): Places {
  const state = JSON.stringify(queries.feed())
  const last = ofReads.get(queries)
  if (last?.state === state && last.places.beginRead()) return last.places
  const places = createPlaces(queries)
  ofReads.set(queries, { state, places })
  return places
}

/**
 * A page's nodes are mostly in the same few folders, so each folder above them is read once and not once for each node.
 */
export function createPlaces(queries: Pick<Queries, 'place' | 'ancestors' | 'rootPaths'>): Places {
  const known = new Map<string, Place | undefined>()
  const folderPaths = new Map<string, string | null>()
  /** By the folder asked about: which folders are below it. */
  const under = new Map<string, Map<string, boolean>>()
  let stepsTaken = 0
  let found = 0
  let characters = 0
  let roots: Map<string, string> | null = null
  const rootPath = (nodeId: string): string | undefined => {
    roots ??= queries.rootPaths()
    return roots.get(nodeId)
  }

  /** @param steps how far this climb has come */
  const placeOf = (nodeId: string, steps: number): Place | undefined => {
    stepsTaken += 1
    if (!known.has(nodeId)) {
      // Folder by folder it would take four times as long.
      const above = steps >= STEPS_ONE_BY_ONE ? queries.ancestors(nodeId) : []
      for (const { id, ...place } of above) known.set(id, place)
      if (above.length === 0) known.set(nodeId, queries.place(nodeId))
    }
    return known.get(nodeId)
  }

  /** From the top down, so that each folder's path is made of its parent's and remembered. */
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
    // What is made of pieces stays in pieces until it is looked at: each path in the folder would put thousands together.
    if (way.length > 0 && path !== null) {
      path.charCodeAt(0)
      characters += path.length
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
    isTooFar: ({ parentId }) => stepsTaken >= STEPS_MAX && parentId !== null && !known.has(parentId),
    steps: () => stepsTaken,
    beginRead: () => {
      stepsTaken = 0
      return known.size + folderPaths.size + found + characters / CHARACTERS_FOR_ONE < REMEMBERED_MAX
    },
  }
}

function joined(folder: string | null, name: string): string | null {
  if (folder === null) return null
  // The watched folder can be "/" itself.
  return `${folder === '/' ? '' : folder}/${name}`
}
