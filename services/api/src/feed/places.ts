/**
 * Where nodes are: their paths, and which folders they are below. Remembers every ancestor that it read, for as long as the
 * database does not change.
 *
 * A tree may have more levels than a page has rows, so no folder may be climbed twice: each climb remembers the path of
 * every folder on its way, and whether it is below the folder in question.
 */
import type { Place, Queries } from './queries.ts'

export type Places = {
  /** An absolute path as the indexer sees it; null for the super-root, and for a node below no watched folder. */
  readonly pathOf: (nodeId: string, place: Place) => string | null
  /** Whether the node is this folder or below it. */
  readonly isUnder: (nodeId: string, place: Place, folderId: string) => boolean
  /** Adds the node and its ancestors, up to the first one that is already in the set: its own ancestors are in it too. */
  readonly addFolders: (nodeId: string, place: Place, folders: Set<string>) => void
  /**
   * Reads the node's ancestors, as far as one read may. False if the rest, or everything that depends on it, belongs into
   * another read, which goes on where this one ended.
   */
  readonly climb: (place: Place) => boolean
  /** The cost of this read, in folders that were read from the database. */
  readonly cost: () => number
  /** Begins another read of the same state. False if so much is remembered that it has to be forgotten. */
  readonly beginRead: () => boolean
  /** What one read of the next state may cost: twice as much if this state changed before a climb reached its end. */
  readonly costMaxOfNextState: () => number
}

// Folders may be nested deeper than PATH_MAX (4,096 bytes) allows, but not by thousands of levels. In a damaged file there
// may be a cycle, and the climb has to end there too.
const CLIMB_MAX = 65_536
/** Hardly any folder is deeper, and the nodes of a page share most of their ancestors. */
const STEPS_ONE_BY_ONE = 32
/** Folders that one read reads, about 5 ms if each is read by itself. */
const COST_MAX = 2_000
/** The cost of passing a folder that is remembered. */
const COST_OF_PASSING = 0.1
/** Folders remembered, about 20 MB. Every 500 characters of paths count as one folder. */
const REMEMBERED_MAX = 100_000
const CHARACTERS_FOR_ONE = 500

const ofReads = new WeakMap<Queries, { readonly state: string; readonly places: Places }>()

/** Reads of one connection share their places while the database does not change, above all the pages of a long answer. */
export function placesIn(queries: Queries): Places {
  const state = JSON.stringify(queries.feed())
  const last = ofReads.get(queries)
  if (last?.state === state && last.places.beginRead()) return last.places
  // A database that changes faster than a deep tree is climbed would else be climbed for ever.
  const places = createPlaces(queries, last?.places.costMaxOfNextState())
  ofReads.set(queries, { state, places })
  return places
}

/**
 * The nodes of a page are mostly in the same few folders, so every folder is read once, not once for each node.
 *
 * @param costMax what one read may cost, in folders that are read
 */
export function createPlaces(queries: Pick<Queries, 'place' | 'ancestors' | 'rootPaths'>, costMax = COST_MAX): Places {
  const known = new Map<string, Place | undefined>()
  /** Folders whose ancestors are all known. */
  const climbed = new Set<string>()
  const folderPaths = new Map<string, string | null>()
  /** For each folder in question: whether other folders are below it. */
  const under = new Map<string, Map<string, boolean>>()
  let cost = 0
  let isClimbing = false
  let found = 0
  let characters = 0
  let roots: Map<string, string> | null = null
  const rootPath = (nodeId: string): string | undefined => {
    roots ??= queries.rootPaths()
    return roots.get(nodeId)
  }

  /** @param steps how far this climb has come */
  function read(nodeId: string, steps: number): void {
    // For a deep folder, single reads take four times as long as one recursive query.
    const above = steps >= STEPS_ONE_BY_ONE ? queries.ancestors(nodeId) : []
    for (const { id, ...place } of above) known.set(id, place)
    if (above.length === 0) known.set(nodeId, queries.place(nodeId))
    cost += Math.max(1, above.length)
  }

  /** @param steps how far this climb has come */
  const placeOf = (nodeId: string, steps: number): Place | undefined => {
    cost += COST_OF_PASSING
    if (!known.has(nodeId)) read(nodeId, steps)
    return known.get(nodeId)
  }

  function climb({ parentId }: Place): boolean {
    const way: string[] = []
    for (let id = parentId; id !== null && !climbed.has(id) && way.length < CLIMB_MAX; ) {
      if (!known.has(id)) {
        if (cost >= costMax) {
          isClimbing = true
          return false
        }
        read(id, way.length)
      }
      way.push(id)
      // Passing what an earlier read read costs nothing here: however deep the tree is, each read gets further.
      id = known.get(id)?.parentId ?? null
    }
    if (way.length > 0) isClimbing = false
    for (const folder of way) climbed.add(folder)
    return cost < costMax
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
    climb,
    cost: () => cost,
    costMaxOfNextState: () => (isClimbing ? 2 * costMax : COST_MAX),
    beginRead: () => {
      cost = 0
      return known.size + folderPaths.size + found + characters / CHARACTERS_FOR_ONE < REMEMBERED_MAX
    },
  }
}

function joined(folder: string | null, name: string): string | null {
  if (folder === null) return null
  // The watched folder can be "/" itself.
  return `${folder === '/' ? '' : folder}/${name}`
}
