/** Whether the file at the database's path is still the one that was opened. */
import { rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { type DatabaseFiles, databaseFilesAt } from '@drive-feed/shared/database-files.ts'
import { type FileStats, isSameInode, statsOrNull } from '@drive-feed/shared/file-stats.ts'
import type { FeedDatabase } from '@drive-feed/shared/open-database.ts'

export type DatabaseFile = DatabaseFiles & {
  /** Null if it can't be found. */
  readonly folder: FileStats | null
}

export function databaseFileAt(path: string): DatabaseFile {
  return { ...databaseFilesAt(path), folder: statsOrNull(dirname(path)) }
}

/** Whether the folder is still on the same filesystem. In an empty mount point another database would be made. */
export function isFolderThere({ path, folder }: DatabaseFile): boolean {
  return statsOrNull(dirname(path))?.device === folder?.device
}

/**
 * Whether somebody replaced or wrote the file since. The answer is right only if this process has not written to it.
 */
export function isTouched({ path, main }: DatabaseFile): boolean {
  const now = statsOrNull(path)
  return !isSameInode(main, now) || main?.mtime !== now?.mtime || main?.size !== now?.size
}

/**
 * Removes the `-wal` and `-shm` of the file that was open before, if another file took its place and they still lie
 * beside it. SQLite would take what is in that `-wal` for the new file's latest changes.
 */
export function removeStaleWal(before: DatabaseFile): void {
  const now = databaseFilesAt(before.path)
  if (isSameInode(before.main, now.main) || !isSameInode(before.wal, now.wal)) return
  for (const ending of ['-wal', '-shm']) rmSync(before.path + ending, { force: true })
}

/** Whether SQLite finds the file's structure sound. Reads the whole file. */
export function isWhole({ sqlite }: FeedDatabase): boolean {
  try {
    return sqlite.pragma('quick_check(1)', { simple: true }) === 'ok'
  } catch {
    return false
  }
}
