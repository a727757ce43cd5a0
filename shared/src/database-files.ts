/** The three files of a database in WAL mode: whether they are still those that a connection has open. */
import { type FileStats, isSameInode, statsOrNull } from './file-stats.ts'

/** A file is null if none can be found. */
export type DatabaseFiles = {
  readonly path: string
  readonly main: FileStats | null
  readonly wal: FileStats | null
  readonly shm: FileStats | null
}

/** @param path path of the database */
export function databaseFilesAt(path: string): DatabaseFiles {
  return { path, main: statsOrNull(path), wal: statsOrNull(`${path}-wal`), shm: statsOrNull(`${path}-shm`) }
}

/**
 * Whether the same files are at the path. If `-wal` or `-shm` is another file or gone, somebody put a copy of the
 * database there, perhaps into the very same file, and this connection would go on with files that nobody else has. An
 * open file keeps its inode number, so no other file can have it.
 *
 * @param now the files there now, if they were looked at already
 */
export function areStillThere(files: DatabaseFiles, now: DatabaseFiles = databaseFilesAt(files.path)): boolean {
  return isEachSame(files, now)
}

/**
 * Whether there is a file now that was missing before. A connection may have opened it since, and then nobody would
 * notice if another file takes its place.
 */
export function hasOneMore({ path, wal, shm }: DatabaseFiles): boolean {
  return (wal === null && statsOrNull(`${path}-wal`) !== null) || (shm === null && statsOrNull(`${path}-shm`) !== null)
}

/**
 * Whether somebody put a copy into the very file: it is the same file, but its `-wal` or `-shm` is another one or gone.
 */
export function isOverwritten(files: DatabaseFiles): boolean {
  const now = databaseFilesAt(files.path)
  return isSameInode(files.main, now.main) && !isEachSame(files, now)
}

function isEachSame({ main, wal, shm }: DatabaseFiles, now: DatabaseFiles): boolean {
  if (!isSameInode(main, now.main)) return false
  return (wal === null || isSameInode(wal, now.wal)) && (shm === null || isSameInode(shm, now.shm))
}

/**
 * Whether nothing was written to the files between the two looks. `-shm` does not count: it is mapped, so writing to it
 * moves no time.
 */
export function areUntouched({ main, wal }: DatabaseFiles, now: DatabaseFiles): boolean {
  if (main?.size !== now.main?.size || main?.ctimeNs !== now.main?.ctimeNs) return false
  // Not the ctime: SQLite, when root opens the database, sets the owner of `-wal` each time.
  return wal?.size === now.wal?.size && wal?.mtime === now.wal?.mtime
}

/** Size of the write-ahead log of the database at a path; 0 if there is none. */
export function walBytesOf(path: string): number {
  return statsOrNull(`${path}-wal`)?.size ?? 0
}
