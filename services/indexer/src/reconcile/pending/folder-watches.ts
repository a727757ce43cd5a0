/** Gives folders their watches and takes them away, so that tree, kernel and intake of events agree about each. */
import type { Folder, Tree } from '../../model/folder-tree.ts'
import type { EventIntake } from './event-intake.ts'

export type FolderWatches = {
  /** The folder got its watch: takes the events that came before the watch was known. */
  readonly given: (folder: Folder, watch: number) => void
  /** Takes a folder and all below it out of the tree, with their watches. */
  readonly drop: (folder: Folder) => void
  /** Takes the watch of a folder that stays. Events that the kernel queued by then still count. */
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
