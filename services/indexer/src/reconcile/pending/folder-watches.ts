/** Gives and takes the watches of folders: the tree, the kernel and the intake of events agree about each. */
import type { Folder, Tree } from '../../model/folder-tree.ts'
import type { EventIntake } from './event-intake.ts'

export type FolderWatches = {
  /** The folder got its watch: what it told before that was known is taken now. */
  readonly given: (folder: Folder, watch: number) => void
  /** Takes a folder and all below it out of the tree, with their watches. */
  readonly drop: (folder: Folder) => void
  /** Takes the watch of a folder that stays. What the kernel had queued by then still counts. */
  readonly release: (folder: Folder) => void
}

export type FolderWatchesTools = {
  readonly tree: Pick<Tree, 'remove' | 'setWatch'>
  readonly intake: Pick<EventIntake, 'watched' | 'unwatched' | 'releasing'>
  readonly removeWatch: (inotifyFd: number, watch: number) => void
}

export function createFolderWatches({ tree, intake, removeWatch }: FolderWatchesTools): FolderWatches {
  return {
    given: intake.watched,
    drop: (folder) => {
      const { root } = folder
      for (const watch of tree.remove(folder)) {
        intake.unwatched(root, watch)
        if (root.inotifyFd !== null) removeWatch(root.inotifyFd, watch)
      }
    },
    release: (folder) => {
      const { watch, root } = folder
      if (watch === null || root.inotifyFd === null) return
      intake.releasing(folder)
      tree.setWatch(folder, null)
      removeWatch(root.inotifyFd, watch)
    },
  }
}
