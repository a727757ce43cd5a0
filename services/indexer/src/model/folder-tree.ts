/**
 * The folders that are known to be on disk, in memory: which folder a watch descriptor stands for, and its path. Files
 * are not here (I9). A folder stands for an inode, and its path is made by walking up its parents. So a rename is one
 * re-link, and watches stay right, since they follow the inode.
 */

export type Folder = {
  readonly nodeId: string
  /** The device's stable name and the inode number, as in the `nodes` table. */
  readonly device: string
  readonly inode: string
  readonly root: RootFolder
  /** Null only for a root. */
  parent: Folder | null
  name: string
  readonly children: Map<string, Folder>
  /** Its watch descriptor in its root's inotify instance; null while it has none. */
  watch: number | null
  /**
   * When its watch last reported an event in it, or was set because something happened; 0 for never. Whole seconds
   * since 1970: a small integer takes no memory of its own.
   */
  stirredSeconds: number
  /** Whether it must be listed when it is next found at its place, since it could not be listed when its turn came. */
  needsVisit: boolean
  /** Whether its filesystem was seen to find names under another spelling. */
  folds: boolean
  /** Whether all its rows were compared with a listing since its filesystem was mounted. */
  isCompared: boolean
  /** False once it was removed from the tree. A caller that still holds it must drop it. */
  attached: boolean
}

/** A watched root as the tree knows it: where its folder is, and what belongs to its inotify instance. */
export type RootFolder = {
  /** The key in the config's `watches`. */
  readonly key: string
  /**
   * The configured path with its symbolic links resolved. It may change: a link may lead elsewhere when the root is
   * back.
   */
  path: string
  /** Its folder, set by `addRoot`; null before the root was first attached. The folder may have left the tree since. */
  top: Folder | null
  /** Whether its folder was listed since the root was attached. Until then it may turn out to be suddenly empty. */
  isListed: boolean
  /** Null if the kernel gave no instance; then the root is scanned again and again. */
  inotifyFd: number | null
  readonly byWatch: Map<number, Folder>
}

export type Tree = {
  readonly size: () => number
  /** How often a folder came to another path so far. */
  readonly placings: () => number
  /** How many folders are in one root, its top included. Counts all folders, so don't call it for each event. */
  readonly sizeOf: (root: RootFolder) => number
  readonly folders: () => Iterable<Folder>
  readonly get: (nodeId: string) => Folder | undefined
  /** Puts a root's folder into the tree, as its `top`. */
  readonly addRoot: (root: RootFolder, identity: FolderIdentity) => Folder
  readonly add: (parent: Folder, name: string, identity: FolderIdentity) => Folder
  /** Puts a folder under another parent and name. A folder under a different root must be removed and added instead. */
  readonly relink: (folder: Folder, parent: Folder, name: string) => void
  /** Removes a folder and all below it, and gives the watch descriptors that the caller is to remove. */
  readonly remove: (folder: Folder) => number[]
  readonly setWatch: (folder: Folder, watch: number | null) => void
}

export type FolderIdentity = { readonly nodeId: string; readonly device: string; readonly inode: string }

export function createTree(): Tree {
  const byId = new Map<string, Folder>()
  let placings = 0

  const make = (root: RootFolder, parent: Folder | null, name: string, identity: FolderIdentity): Folder => {
    const folder: Folder = {
      ...identity,
      root,
      parent,
      name,
      children: new Map(),
      watch: null,
      stirredSeconds: 0,
      needsVisit: false,
      isCompared: false,
      folds: false,
      attached: true,
    }
    placings += 1
    byId.set(folder.nodeId, folder)
    parent?.children.set(name, folder)
    return folder
  }
  const setWatch = (folder: Folder, watch: number | null) => {
    const { byWatch } = folder.root
    if (folder.watch !== null && byWatch.get(folder.watch) === folder) byWatch.delete(folder.watch)
    folder.watch = watch
    if (watch !== null) byWatch.set(watch, folder)
  }
  const unlink = (folder: Folder) => {
    // The name may already be another folder's: two folders can swap names in one transaction.
    if (folder.parent?.children.get(folder.name) === folder) folder.parent.children.delete(folder.name)
  }

  return {
    size: () => byId.size,
    placings: () => placings,
    sizeOf: (root) => {
      let count = 0
      for (const folder of byId.values()) if (folder.root === root) count += 1
      return count
    },
    folders: () => byId.values(),
    get: (nodeId) => byId.get(nodeId),
    addRoot: (root, identity) => {
      root.top = make(root, null, '', identity)
      return root.top
    },
    add: (parent, name, identity) => make(parent.root, parent, name, identity),
    relink: (folder, parent, name) => {
      placings += 1
      unlink(folder)
      folder.parent = parent
      folder.name = name
      parent.children.set(name, folder)
    },
    remove: (folder) => {
      unlink(folder)
      const watches: number[] = []
      for (const gone of withDescendants(folder)) {
        gone.attached = false
        // The id may already be that of a folder that took its place.
        if (byId.get(gone.nodeId) === gone) byId.delete(gone.nodeId)
        if (gone.watch !== null) watches.push(gone.watch)
        setWatch(gone, null)
      }
      return watches
    },
    setWatch,
  }
}

/** The folder's absolute path, made of its parents' names. */
export function pathOf(folder: Folder): string {
  const names = namesTo(folder)
  const { path } = folder.root
  return names.length === 0 ? path : `${path === '/' ? '' : path}/${names.join('/')}`
}

/** The folder's path from the name of its watch on, as patterns for paths have it: `photos/2024`. */
export function feedPathOf(folder: Folder): string {
  return [folder.root.key, ...namesTo(folder)].join('/')
}

function namesTo(folder: Folder): string[] {
  const names: string[] = []
  for (let at = folder; at.parent !== null; at = at.parent) names.push(at.name)
  return names.reverse()
}

/**
 * The folder itself and all below it, parents first. A stack and not recursion: folders may be nested deeper than
 * calls.
 */
export function* withDescendants(folder: Folder): Generator<Folder> {
  const levels: Iterator<Folder>[] = [[folder].values()]
  for (let level = levels.at(-1); level !== undefined; level = levels.at(-1)) {
    const { value, done } = level.next()
    if (done) {
      levels.pop()
      continue
    }
    yield value
    levels.push(value.children.values())
  }
}

/** Whether `folder` is `ancestor` or below it. */
export function isWithin(folder: Folder, ancestor: Folder): boolean {
  for (let at: Folder | null = folder; at !== null; at = at.parent) if (at === ancestor) return true
  return false
}
