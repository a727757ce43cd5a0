/** Which file is at the database's path: whether it is still the one that was opened there. */
import { rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { type FileStats, isSameInode, statsBehind } from '@drive-feed/shared/file-stats.ts'
import type { FeedDatabase } from '@drive-feed/shared/open-database.ts'

export type DatabaseFile = {
  readonly path: string
  /** Each null where nothing can be found. */
  readonly main: FileStats | null
  readonly wal: FileStats | null
  readonly folder: FileStats | null
}

export function databaseFileAt(path: string): DatabaseFile {
  return { path, main: statsAt(path), wal: statsAt(`${path}-wal`), folder: statsAt(dirname(path)) }
}

/** Whether the same file is still at the path. */
export function isStillThere({ path, main }: DatabaseFile): boolean {
  return isSameInode(main, statsAt(path))
}

/** Whether the folder is still of the same filesystem. A database made in an empty mount point would be another one. */
export function isFolderThere({ path, folder }: DatabaseFile): boolean {
  return statsAt(dirname(path))?.device === folder?.device
}

/** Whether the file was replaced or written by somebody since; this program must not have written meanwhile. */
export function isTouched({ path, main }: DatabaseFile): boolean {
  const now = statsAt(path)
  return !isSameInode(main, now) || main?.mtime !== now?.mtime || main?.size !== now?.size
}

/**
 * Where another file took the place of the one that was open, the `-wal` of that one may still lie beside it. SQLite
 * would take what is in it for the new file's latest changes.
 */
export function removeStaleWal(before: DatabaseFile): void {
  if (isStillThere(before) || !isSameInode(before.wal, statsAt(`${before.path}-wal`))) return
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

function statsAt(path: string): FileStats | null {
  try {
    return statsBehind(path)
  } catch {
    // A folder that can't be entered: as good as not there.
    return null
  }
}
