/** `drive-feed restore`, once the copy is checked: it is put in the database's place, or left for the running indexer. */
import { chmodSync, chownSync, existsSync, renameSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { lockPath } from '@drive-feed/shared/database-note.ts'
import { syncFile, syncFolder } from '@drive-feed/shared/durable-files.ts'
import { isSameInode, statsOrNull } from '@drive-feed/shared/file-stats.ts'
import { shownPath } from '@drive-feed/shared/shown-path.ts'
import { tryLock } from '../posix/libc.ts'
import { finishRestore, isCopyWaiting, waitingCopy } from '../store/put-in-place.ts'
import { lockIfFree, type WriterLock } from '../store/writer-lock.ts'
import { Refusal } from './refusal.ts'
import { within } from './running-indexer.ts'

export { waitingCopy } from '../store/put-in-place.ts'

/** A service manager has started the indexer again by then. */
const TAKEN_WITHIN_MS = 20_000

/**
 * Gives the copy its place beside the database.
 *
 * @param partial complete, but not on the disk yet @returns whether it is the database now; otherwise an indexer runs
 * @throws {Refusal | DatabaseUnusableError | NodeJS.ErrnoException}
 */
export function leaveCopy(partial: string, databasePath: string): boolean {
  // Otherwise two commands would each say that theirs is in place.
  if (isCopyWaiting(databasePath)) {
    throw new Refusal(`another copy waits for the indexer in ${shownPath(waitingCopy(databasePath))}; start it first`)
  }
  giveAway(partial, databasePath)
  syncFile(partial)
  const lock = lockOrNull(databasePath)
  try {
    const waiting = waitingCopy(databasePath)
    renameSync(partial, waiting)
    syncFolder(dirname(waiting))
    return lock !== null && finishRestore(databasePath)
  } finally {
    lock?.release()
  }
}

/**
 * Waits until the indexer that ran has put the copy in place. If it ended, and nobody started it again, that is done
 * here.
 *
 * @returns who has done it; null if the copy still waits
 */
export async function untilPlaced(databasePath: string): Promise<'indexer' | 'command' | null> {
  const copy = statsOrNull(waitingCopy(databasePath))
  if (await within(TAKEN_WITHIN_MS, () => !isCopyWaiting(databasePath))) {
    if (copy !== null && !isSameInode(copy, statsOrNull(databasePath))) {
      throw new Refusal('the indexer did not take the copy; its log says why. The database is what it was')
    }
    return 'indexer'
  }
  const lock = lockOrNull(databasePath)
  if (lock === null) return null
  try {
    return finishRestore(databasePath) ? 'command' : 'indexer'
  } finally {
    lock.release()
  }
}

function lockOrNull(databasePath: string): WriterLock | null {
  const isNew = !existsSync(lockPath(databasePath))
  const lock = lockIfFree(databasePath, (fd) => tryLock(fd).ok)
  if (isNew) giveAway(lockPath(databasePath), databasePath)
  return lock
}

/** Gives a file the owner and mode of the database: root may restore what another user's indexer has to write. */
function giveAway(path: string, databasePath: string): void {
  const model = statSync(existsSync(databasePath) ? databasePath : dirname(databasePath))
  chmodSync(path, model.isFile() ? model.mode & 0o777 : 0o644)
  const { uid, gid } = statSync(path)
  if (uid === model.uid && gid === model.gid) return
  try {
    chownSync(path, model.uid, model.gid)
  } catch (error) {
    if (uid === model.uid) return
    throw new Refusal(
      `the database belongs to user ${model.uid}, who could not write the copy; run this as that user`,
      {
        cause: error,
      },
    )
  }
}
