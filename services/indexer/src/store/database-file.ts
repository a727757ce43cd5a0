/** Which file is at the database's path: whether it is still the one that was opened there. */
import { type BigIntStats, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import type { FeedDatabase } from '@drive-feed/shared/open-database.ts'

export type DatabaseFile = {
  readonly path: string
  /** Each null where nothing can be found. */
  readonly main: BigIntStats | null
  readonly wal: BigIntStats | null
  readonly folder: BigIntStats | null
}

export function databaseFileAt(path: string): DatabaseFile {
  return { path, main: statsAt(path), wal: statsAt(`${path}-wal`), folder: statsAt(dirname(path)) }
}

/** Whether the same file is still at the path. */
export function isStillThere({ path, main }: DatabaseFile): boolean {
  return isSame(main, statsAt(path))
}

/** Whether the folder is still of the same filesystem. A database made in an empty mount point would be another one. */
export function isFolderThere({ path, folder }: DatabaseFile): boolean {
  return statsAt(dirname(path))?.dev === folder?.dev
}

/** Whether the file was replaced or written by somebody since; this program must not have written meanwhile. */
export function isTouched({ path, main }: DatabaseFile): boolean {
  const now = statsAt(path)
  return !isSame(main, now) || main?.mtimeNs !== now?.mtimeNs || main?.size !== now?.size
}

/**
 * Where another file took the place of the one that was open, the `-wal` of that one may still lie beside it. SQLite
 * would take what is in it for the new file's latest changes.
 */
export function removeStaleWal(before: DatabaseFile): void {
  if (isStillThere(before) || !isSame(before.wal, statsAt(`${before.path}-wal`))) return
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

function isSame(one: BigIntStats | null, other: BigIntStats | null): boolean {
  return one !== null && other !== null && one.dev === other.dev && one.ino === other.ino
}

function statsAt(path: string): BigIntStats | null {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false }) ?? null
  } catch {
    // A folder that can't be entered: as good as not there.
    return null
  }
}
