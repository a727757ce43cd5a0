/** One writer (I8): an flock(2) on a file beside the database, held until the process ends, however it ends. */
import { closeSync, constants, existsSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { type DatabaseNote, lockPath, tellOfCommit, writeNote } from '@drive-feed/shared/database-note.ts'
import { whyNotWritable } from '@drive-feed/shared/not-writable.ts'
import { DatabaseUnusableError } from '@drive-feed/shared/open-database.ts'

export type WriterLock = {
  readonly release: () => void
  /** Leaves a note for readers in the lock file, or empties it. */
  readonly note: (note: DatabaseNote | null) => void
  /** Tells readers that something was committed. */
  readonly tell: () => void
}

type TryLock = (fd: number) => boolean

/**
 * @param tryLock takes the lock on a descriptor; false when another process has it
 * @throws {DatabaseUnusableError} when another indexer runs on the same database
 */
export function lockForWriting(databasePath: string, tryLock: TryLock): WriterLock {
  const lock = lockIfFree(databasePath, tryLock)
  if (lock !== null) return lock
  throw new DatabaseUnusableError(
    `database_url: another indexer is running on ${databasePath}; stop it first, or give this one another database`,
  )
}

/** Null if another process has it. @throws {DatabaseUnusableError} when nobody can have it */
export function lockIfFree(databasePath: string, tryLock: TryLock): WriterLock | null {
  const folder = dirname(databasePath)
  if (!existsSync(folder)) {
    throw new DatabaseUnusableError(`database_url: the folder ${folder} does not exist; make it, or change the path`)
  }
  const path = lockPath(databasePath)
  let fd: number
  try {
    fd = openSync(path, constants.O_RDWR | constants.O_CREAT)
  } catch (error) {
    const { message } = error as Error
    const why = whyNotWritable(databasePath) ?? `${path} can't be opened for writing: ${message}`
    throw new DatabaseUnusableError(`database_url: ${why}`, { cause: error })
  }
  if (tryLock(fd)) {
    return { release: () => closeSync(fd), note: (note) => writeNote(fd, note), tell: () => tellOfCommit(fd) }
  }
  closeSync(fd)
  return null
}
