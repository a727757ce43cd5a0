/** A copy that `drive-feed restore` left: it is put in the database's place before anything opens the database. */
import { rmSync } from 'node:fs'
import { ConfigError, loadConfig } from '@drive-feed/shared/config/config.ts'
import { DatabaseUnusableError, openAnyVersion } from '@drive-feed/shared/open-database.ts'
import { shownPath } from '@drive-feed/shared/shown-path.ts'
import { shownText } from '@drive-feed/shared/shown-text.ts'
import { tryLock } from './posix/libc.ts'
import { finishRestore, isCopyWaiting, waitingCopy } from './store/put-in-place.ts'
import { lockIfFree } from './store/writer-lock.ts'

/** Of SQLite: what stays as it is however often it is opened. */
const NO_DATABASE: ReadonlySet<string> = new Set(['SQLITE_NOTADB', 'SQLITE_CORRUPT', 'SQLITE_ERROR'])

export type RestoreMessage = { readonly level: 'info' | 'error'; readonly message: string }

/** Gives what to log, null if there was no copy. @throws {DatabaseUnusableError} if the files can't be read or changed */
export function finishRestoreAtStart(configPath: string): RestoreMessage | null {
  const path = databasePathOf(configPath)
  if (path === null) return null
  let lock: ReturnType<typeof lockIfFree>
  try {
    lock = lockIfFree(path, (fd) => tryLock(fd).ok)
  } catch (error) {
    // Said when the database is opened.
    if (error instanceof DatabaseUnusableError) return null
    throw error
  }
  if (lock === null) return null
  try {
    return finish(path)
  } finally {
    lock.release()
  }
}

function finish(path: string): RestoreMessage | null {
  try {
    const unfit = isCopyWaiting(path) ? whyUnfit(waitingCopy(path)) : null
    if (unfit === null) {
      const isPlaced = finishRestore(path)
      return isPlaced ? { level: 'info', message: shownText(`a copy was put in the place of ${path}`) } : null
    }
    // It is a copy of a copy, and would be met at every start.
    rmSync(waitingCopy(path), { force: true })
    return { level: 'error', message: shownText(`a copy that was to be restored was removed, and not used: ${unfit}`) }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    const what = `a copy waits in ${shownPath(waitingCopy(path))} and can't be put in place`
    throw new DatabaseUnusableError(`${what}: ${message}; check the folder's permissions`, { cause: error })
  }
}

/**
 * The command has checked it; but perhaps that was another version of this program. A copy that only can't be opened now
 * stays, and is met again at the next start.
 *
 * @throws {DatabaseUnusableError}
 */
function whyUnfit(copy: string): string | null {
  try {
    openAnyVersion(copy).close()
    return null
  } catch (error) {
    if (!(error instanceof DatabaseUnusableError)) throw error
    const isSqlites = error.cause instanceof Error
    if (isSqlites && !NO_DATABASE.has((error.cause as NodeJS.ErrnoException).code ?? '')) throw error
    return error.message
  }
}

/** Null if the config has mistakes, which are said when it is read for good. */
function databasePathOf(configPath: string): string | null {
  try {
    return loadConfig(configPath, { checkFolders: false }).databasePath
  } catch (error) {
    if (error instanceof ConfigError) return null
    throw error
  }
}
