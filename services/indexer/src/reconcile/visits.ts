/** Folders waiting to be watched and listed, parents before children. */
import type { Folder, RootFolder } from '../watch/tree.ts'

/** `isDeep`: the folders below are to be listed again too, though they are known. */
export type Visit = { readonly folder: Folder; readonly isDeep: boolean }

export type Visits = {
  readonly size: () => number
  readonly add: (folder: Folder, isDeep: boolean) => void
  readonly take: (max: number) => Visit[]
  /** To be called once for each visit taken, when it is settled. */
  readonly done: (visit: Visit) => void
  /** Puts a visit back that was taken and not made. */
  readonly putBack: (visit: Visit) => void
  /** Visits of a root waiting or under way. */
  readonly open: (root: RootFolder) => number
  /** Whether any visit is waiting or under way. */
  readonly areOpen: () => boolean
  readonly dropRoot: (root: RootFolder) => void
}

export function createVisits(): Visits {
  const queue = new Map<Folder, boolean>()
  const open = new Map<RootFolder, number>()
  const count = (root: RootFolder, by: number) => open.set(root, (open.get(root) ?? 0) + by)
  const add = (folder: Folder, isDeep: boolean) => {
    const queued = queue.get(folder)
    if (queued === undefined) count(folder.root, 1)
    queue.set(folder, queued === true || isDeep)
  }
  return {
    size: () => queue.size,
    add,
    take: (max) => {
      const taken: Visit[] = []
      for (const [folder, isDeep] of queue) {
        if (taken.length === max) break
        queue.delete(folder)
        if (folder.attached) taken.push({ folder, isDeep })
        else count(folder.root, -1)
      }
      return taken
    },
    done: ({ folder }) => {
      count(folder.root, -1)
    },
    putBack: ({ folder, isDeep }) => {
      count(folder.root, -1)
      add(folder, isDeep)
    },
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
