/** One writer (invariant I8): an flock(2) on a file beside the database, held until the process ends, however it ends. */
import { closeSync, existsSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseUnusableError } from '@drive-feed/shared/open-database.ts'

/**
 * Gives what releases the lock again.
 *
 * @param tryLock takes the lock on a descriptor; false when another process has it
 * @throws {DatabaseUnusableError} when another indexer runs on the same database
 */
export function lockForWriting(databasePath: string, tryLock: (fd: number) => boolean): () => void {
  const folder = dirname(databasePath)
  if (!existsSync(folder)) {
    throw new DatabaseUnusableError(`database_url: the folder ${folder} does not exist; make it, or change the path`)
  }
  const path = `${databasePath}.lock`
  let fd: number
  try {
    fd = openSync(path, 'a')
  } catch (error) {
    const { message } = error as Error
    throw new DatabaseUnusableError(`database_url: ${path} can't be opened for writing: ${message}`, { cause: error })
  }
  if (tryLock(fd)) return () => closeSync(fd)
  closeSync(fd)
  throw new DatabaseUnusableError(
    `database_url: another indexer is running on ${databasePath}; stop it first, or give this one another database`,
  )
}
