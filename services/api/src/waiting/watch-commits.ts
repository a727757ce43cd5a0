/** Hears of commits, by inotify. */
import { watch } from 'node:fs'
import { lockPath } from '@drive-feed/shared/database-note.ts'

export type CommitWatcher = { readonly close: () => void }

/**
 * Watches the lock file, to which the indexer writes after each commit. Its WAL would tell of each page of a commit that can't
 * be read yet. inotify watches inodes, so it also reports writes through another mount of the folder, such as a container's
 * read-only volume.
 *
 * @param onFailure the file is no longer the one at its path, and is to be watched anew
 * @returns null if the kernel refuses a watch, or there is no such file
 */
export function watchCommits(databasePath: string, onCommit: () => void, onFailure: () => void): CommitWatcher | null {
  try {
    const watcher = watch(lockPath(databasePath), (event) => (event === 'change' ? onCommit() : onFailure()))
    watcher.on('error', onFailure)
    return watcher
  } catch {
    return null
  }
}
