/** Which file is at the database's path: whether it is still the one that was opened there. */
import { rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { type DatabaseFiles, databaseFilesAt } from '@drive-feed/shared/database-files.ts'
import { type FileStats, isSameInode, statsOrNull } from '@drive-feed/shared/file-stats.ts'
import type { FeedDatabase } from '@drive-feed/shared/open-database.ts'

export type DatabaseFile = DatabaseFiles & {
  /** Null where it can't be found. */
  readonly folder: FileStats | null
}

export function databaseFileAt(path: string): DatabaseFile {
  return { ...databaseFilesAt(path), folder: statsOrNull(dirname(path)) }
}

/** Whether the folder is still of the same filesystem. A database made in an empty mount point would be another one. */
export function isFolderThere({ path, folder }: DatabaseFile): boolean {
  return statsOrNull(dirname(path))?.device === folder?.device
}

/** Whether the file was replaced or written by somebody since; this program must not have written meanwhile. */
export function isTouched({ path, main }: DatabaseFile): boolean {
  const now = statsOrNull(path)
  return !isSameInode(main, now) || main?.mtime !== now?.mtime || main?.size !== now?.size
}

/**
 * Where another file took the place of the one that was open, the `-wal` of that one may still lie beside it. SQLite
 * would take what is in it for the new file's latest changes.
 */
export function removeStaleWal(before: DatabaseFile): void {
  const now = databaseFilesAt(before.path)
  if (isSameInode(before.main, now.main) || !isSameInode(before.wal, now.wal)) return
  for (const ending of ['-wal', '-shm']) rmSync(before.path + ending, { force: true })
}

/** Whether SQLite finds nothing wrong with the structure of the file. Reads all of it. */
export function isWhole({ sqlite }: FeedDatabase): boolean {
  try {
    return sqlite.pragma('quick_check(1)', { simple: true }) === 'ok'
  } catch {
    return false
  }
}
