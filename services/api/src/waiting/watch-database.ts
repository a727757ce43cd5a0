/** Tells when the files of the database may have changed, by inotify. */
import { watch } from 'node:fs'
import { basename, dirname } from 'node:path'

export type FolderWatcher = { readonly close: () => void }

/**
 * Watches the folder, because the indexer creates and removes the WAL and the database may be replaced. inotify watches
 * inodes, so it also reports writes through another mount of the folder, such as a container's read-only volume.
 *
 * @returns null if the kernel refuses a watch
 */
export function watchDatabase(databasePath: string, onEvent: () => void, onFailure: () => void): FolderWatcher | null {
  const name = basename(databasePath)
  try {
    const watcher = watch(dirname(databasePath), (_event, changed) => {
      // Other files, such as the log, may be in the same folder.
      if (changed === null || changed.startsWith(name)) onEvent()
    })
    watcher.on('error', onFailure)
    return watcher
  } catch {
    return null
  }
}
