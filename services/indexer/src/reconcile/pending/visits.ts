/** Folders that wait to be watched and listed, parents before children. */
import type { Folder, RootFolder } from '../../model/folder-tree.ts'

/** `isDeep`: whether the known folders below are listed again, too. */
export type Visit = { readonly folder: Folder; readonly isDeep: boolean }

export type Visits = {
  /** Visits that wait. */
  readonly size: () => number
  readonly add: (folder: Folder, isDeep: boolean) => void
  /**
   * Call for a known folder that came to another path. What is in it is known, unless patterns for paths leave out other
   * things there.
   */
  readonly addMoved: (folder: Folder) => void
  readonly take: (max: number) => Visit[]
  /** Call once for each visit taken, when it is settled. */
  readonly done: (visit: Visit) => void
  /** Puts a visit back that was taken and not made. */
  readonly putBack: (visit: Visit) => void
  /** Whether a deep visit of the folder waits or is under way. */
  readonly isOpen: (folder: Folder) => boolean
  /** How many visits of a root wait or are under way. */
  readonly open: (root: RootFolder) => number
  /** Whether any visit waits or is under way. */
  readonly areOpen: () => boolean
  readonly dropRoot: (root: RootFolder) => void
}

/** `listsMoved`: whether a folder that moved, and all below it, is listed again. */
export function createVisits(listsMoved = false): Visits {
  const queue = new Map<Folder, boolean>()
  /** How many deep visits of each folder are under way: a second may be taken before the first is settled. */
  const underWay = new Map<Folder, number>()
  const open = new Map<RootFolder, number>()
  const count = (root: RootFolder, by: number) => open.set(root, (open.get(root) ?? 0) + by)
  const add = (folder: Folder, isDeep: boolean) => {
    const queued = queue.get(folder)
    if (queued === undefined) count(folder.root, 1)
    queue.set(folder, queued === true || isDeep)
  }
  const done = ({ folder, isDeep }: Visit) => {
    const left = (underWay.get(folder) ?? 0) - 1
    if (isDeep && left > 0) underWay.set(folder, left)
    else if (isDeep) underWay.delete(folder)
    count(folder.root, -1)
  }
  return {
    size: () => queue.size,
    add,
    addMoved: (folder) => {
      if (listsMoved) add(folder, true)
    },
    take: (max) => {
      const taken: Visit[] = []
      for (const [folder, isDeep] of queue) {
        if (taken.length === max) break
        queue.delete(folder)
        if (folder.attached) taken.push({ folder, isDeep })
        else count(folder.root, -1)
      }
      for (const { folder, isDeep } of taken) if (isDeep) underWay.set(folder, (underWay.get(folder) ?? 0) + 1)
      return taken
    },
    done,
    putBack: (visit) => {
      done(visit)
      add(visit.folder, visit.isDeep)
    },
    isOpen: (folder) => queue.get(folder) === true || underWay.has(folder),
    open: (root) => open.get(root) ?? 0,
    areOpen: () => [...open.values()].some((visits) => visits > 0),
    dropRoot: (root) => {
      for (const folder of [...queue.keys()]) {
        if (folder.root !== root) continue
        queue.delete(folder)
        count(root, -1)
      }
    },
  }
}
