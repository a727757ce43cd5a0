/**
 * Puts a copy that waits beside the database in the database's place. Only the holder of the writer's lock does that,
 * while nothing of its process has the database open.
 *
 * Readers see the old content or the new one, in this order and never a mix, although a `-wal` says nothing of which file
 * it is of:
 *
 * 1. What is in the old `-wal` goes into the old file, and `-wal` becomes empty. So the old file is complete by itself,
 *    and an empty `-wal` counts as none. If that can't be done (the old file is damaged, or a reader keeps an old state),
 *    the old file is removed first: until the last step there is no database, which every reader refuses.
 * 2. The copy is renamed over it. It is in rollback mode, in which SQLite never looks into the old `-shm`.
 * 3. `-wal` and `-shm`, which are the old file's, are removed before anybody writes.
 *
 * A crash leaves one of these states, and the next run goes on from each: the copy still waits, or it is in place with
 * an empty `-wal` beside it, which `removeForeignWal` sees by the file's mode.
 */
import { closeSync, existsSync, openSync, readSync, realpathSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { syncFile, syncFolder } from '@drive-feed/shared/durable-files.ts'
import Database from 'better-sqlite3'

/** The only things that are done to files, one step each; tests count them. */
export type FileSteps = {
  /** Empties the old file's `-wal` into it. False if that can't be done. */
  readonly fold: (path: string) => boolean
  readonly sync: (path: string) => void
  readonly syncFolder: (path: string) => void
  readonly rename: (from: string, to: string) => void
  /** Does nothing if it is not there. */
  readonly remove: (path: string) => void
}

const FOLD_TIMEOUT_MS = 2_000

const REAL_STEPS: FileSteps = {
  fold: (path) => foldWal(path, FOLD_TIMEOUT_MS),
  sync: syncFile,
  syncFolder,
  rename: renameSync,
  remove: (path) => rmSync(path, { force: true }),
}

/** Where a complete, checked copy waits: beside the file that the database's path leads to. */
export function waitingCopy(databasePath: string): string {
  return `${resolved(databasePath)}.restore`
}

/** Whether a copy waits to be put in the database's place. */
export function isCopyWaiting(databasePath: string): boolean {
  return existsSync(waitingCopy(databasePath))
}

/**
 * Does what is left to be done of a restore, which may be nothing.
 *
 * @returns whether a copy was put in place @throws {NodeJS.ErrnoException}
 */
export function finishRestore(databasePath: string, steps: FileSteps = REAL_STEPS): boolean {
  const isWaiting = isCopyWaiting(databasePath)
  if (isWaiting) putInPlace(waitingCopy(databasePath), resolved(databasePath), steps)
  else removeForeignWal(resolved(databasePath), steps)
  return isWaiting
}

function putInPlace(copy: string, path: string, steps: FileSteps): void {
  const folder = dirname(path)
  if (existsSync(path) && steps.fold(path)) {
    // Its new length has to last before the copy is there: a `-wal` with old content would be taken for the copy's.
    if (existsSync(`${path}-wal`)) steps.sync(`${path}-wal`)
  } else {
    steps.remove(path)
    removeBeside(path, steps)
  }
  steps.syncFolder(folder)
  steps.rename(copy, path)
  steps.syncFolder(folder)
  removeBeside(path, steps)
  steps.syncFolder(folder)
}

/**
 * Removes what lies beside a file in rollback mode: SQLite makes a `-wal` only after the file says so, and removes it
 * before the file says otherwise. A journal may be of a change of the mode, and then the file tells nothing.
 */
function removeForeignWal(path: string, steps: FileSteps): void {
  if (existsSync(`${path}-journal`) || !isInRollbackMode(path)) return
  if (existsSync(`${path}-wal`) || existsSync(`${path}-shm`)) removeBeside(path, steps)
}

function removeBeside(path: string, steps: FileSteps): void {
  for (const ending of ['-wal', '-shm', '-journal']) steps.remove(path + ending)
}

/** @param waitMs how long a reader that keeps an old state is waited for @returns whether all of `-wal` is in the file */
export function foldWal(path: string, waitMs: number): boolean {
  let sqlite: Database.Database | undefined
  try {
    sqlite = new Database(path, { fileMustExist: true, timeout: waitMs })
    // A read undoes what a crash left half-way in a journal; the checkpoint says whether anybody was in the way.
    sqlite.prepare('SELECT count(*) FROM sqlite_schema').get()
    const [result] = sqlite.pragma('wal_checkpoint(TRUNCATE)') as { busy: number; log: number }[]
    return result?.busy === 0
  } catch {
    return false
  } finally {
    sqlite?.close()
  }
}

function resolved(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

/** Bytes 18 and 19 of the header: 1 is rollback mode, 2 is WAL. */
function isInRollbackMode(path: string): boolean {
  const header = Buffer.alloc(20)
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch {
    return false
  }
  try {
    return readSync(fd, header, 0, header.length, 0) === header.length && header[18] === 1 && header[19] === 1
  } finally {
    closeSync(fd)
  }
}
