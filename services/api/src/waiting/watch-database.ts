/** The kernel's word that the database's files may have changed. */
import { watch } from 'node:fs'
import { basename, dirname } from 'node:path'

export type FolderWatcher = { readonly close: () => void }

/**
 * Watches the folder and not the file: the WAL comes and goes with the indexer, and the database may be replaced. inotify
 * is about inodes, so a folder that is mounted read-only here and written elsewhere tells all the same.
 *
 * @returns null where there is no watch to be had
 */
export function watchDatabase(databasePath: string, onEvent: () => void, onFailure: () => void): FolderWatcher | null {
  const name = basename(databasePath)
  try {
    const watcher = watch(dirname(databasePath), (_event, changed) => {
      // The log may be in the same folder.
      if (changed === null || changed.startsWith(name)) onEvent()
    })
    watcher.on('error', onFailure)
    return watcher
  } catch {
    return null
  }
}
