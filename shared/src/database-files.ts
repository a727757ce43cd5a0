/** The three files that a database in WAL mode is: whether they are still those that a connection has open. */
import { type FileStats, isSameInode, statsOrNull } from './file-stats.ts'

/** Each null where nothing can be found. */
export type DatabaseFiles = {
  readonly path: string
  readonly main: FileStats | null
  readonly wal: FileStats | null
  readonly shm: FileStats | null
}

/** @param path of the database */
export function databaseFilesAt(path: string): DatabaseFiles {
  return { path, main: statsOrNull(path), wal: statsOrNull(`${path}-wal`), shm: statsOrNull(`${path}-shm`) }
}

/**
 * Whether the same files are at the path. One whose `-wal` or `-shm` is another or gone goes on with files that nobody
 * else has: somebody put a copy of the database there, perhaps into the very same file. A file that is open keeps its
 * inode number, so that no other one can have it.
 *
 * @param now what is there, if it was looked at already
 */
export function areStillThere(files: DatabaseFiles, now: DatabaseFiles = databaseFilesAt(files.path)): boolean {
  return isEachSame(files, now)
}

/**
 * Whether there is a file now that was not there: a connection may have opened it since, and would not be known to go on
 * with it when another one takes its place.
 */
export function hasOneMore({ path, wal, shm }: DatabaseFiles): boolean {
  return (wal === null && statsOrNull(`${path}-wal`) !== null) || (shm === null && statsOrNull(`${path}-shm`) !== null)
}

/** Whether somebody put a copy into the very file: it is the same one, and others, or none, are where its companions were. */
export function isOverwritten(files: DatabaseFiles): boolean {
  const now = databaseFilesAt(files.path)
  return isSameInode(files.main, now.main) && !isEachSame(files, now)
}

function isEachSame({ main, wal, shm }: DatabaseFiles, now: DatabaseFiles): boolean {
  if (!isSameInode(main, now.main)) return false
  return (wal === null || isSameInode(wal, now.wal)) && (shm === null || isSameInode(shm, now.shm))
}

/** Whether nothing was written to them between the two. Of what is written to `-shm`, which is mapped, the kernel does not tell. */
export function areUntouched({ main, wal }: DatabaseFiles, now: DatabaseFiles): boolean {
  if (main?.size !== now.main?.size || main?.ctimeNs !== now.main?.ctimeNs) return false
  // Not its ctime: SQLite, opened by root, gives the file to the owner of the database each time.
  return wal?.size === now.wal?.size && wal?.mtime === now.wal?.mtime
}

/** Size of the write-ahead log of the database at a path; 0 where there is none. */
export function walBytesOf(path: string): number {
  return statsOrNull(`${path}-wal`)?.size ?? 0
}
