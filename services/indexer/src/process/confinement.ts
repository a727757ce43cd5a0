/**
 * Restricts the indexer once it has its database: it gives up the system calls that none of its threads needs, and may
 * write only where its database and its log are. Reading stays allowed, since a disk that is mounted again must be
 * found.
 */
import { accessSync, constants, mkdirSync, realpathSync, rmdirSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Config } from '@drive-feed/shared/config/config.ts'
import type { Logger } from '@drive-feed/shared/logger.ts'
import { shownText } from '@drive-feed/shared/shown-text.ts'
import { applyFilter } from '../sandbox/filter.ts'
import { landlockVersion, restrictThread } from '../sandbox/landlock.ts'
import { REFUSED_EVERYWHERE } from '../sandbox/refusals.ts'

export type Confinement = {
  /** To be called once, before the first thread that is to be restricted. */
  readonly begin: () => void
  /**
   * Checks that the database's folder may still be written. The rules are about folders and not about paths: a folder
   * that was made anew, or whose disk was mounted again, is another one.
   *
   * @throws {OutdatedConfinementError}
   */
  readonly check: () => void
}

/** This process may no longer write where its database is, and can't be allowed to. The next process may. */
export class OutdatedConfinementError extends Error {
  override name = 'OutdatedConfinementError'

  constructor(folder: string) {
    super(
      shownText(
        `${folder} was made anew, or its disk was mounted again; ending, since this process may write only to the folder \
that was there when it began. The next start uses what is there now`,
      ),
    )
  }
}

export function createConfinement({ databasePath, logPath }: Config, log: Logger): Confinement {
  const folder = dirname(databasePath)
  let isRestricted = false
  return {
    begin: () => {
      const refused = applyFilter(REFUSED_EVERYWHERE, 'all threads')
      if (refused !== null) log.warn({ reason: refused }, 'system calls that are never needed could not be given up')
      // Otherwise SQLite would write its temporary files to /tmp or the like.
      process.env.SQLITE_TMPDIR = folder
      isRestricted = restrictThread({ read: [], execute: [], write: writable(databasePath, logPath), readsAll: true })
      if (landlockVersion() > 0) return
      log.warn(
        'this kernel has no Landlock (Linux 5.13): what reads the files is held by a filter of system calls alone',
      )
    },
    check: () => {
      if (isRestricted && isAllowedButRefused(folder, `${databasePath}-probe`))
        throw new OutdatedConfinementError(folder)
    },
  }
}

function writable(databasePath: string, logPath: string | null): string[] {
  return [
    ...[databasePath, resolved(databasePath), ...(logPath === null ? [] : [logPath, resolved(logPath)])].map(dirname),
    // Node's cache of compiled modules.
    ...(process.env.NODE_COMPILE_CACHE === undefined ? [] : [process.env.NODE_COMPILE_CACHE]),
    // The workers' unused channels lead to /dev/null. In /proc is the file that makes workers the first to be killed.
    ...['/dev/null', '/proc'],
  ]
}

/** The path with links resolved: SQLite keeps its `-wal` where a link leads. */
function resolved(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return path
  }
}

/** Whether the folder's permissions allow us to write there and the kernel refuses it all the same. */
function isAllowedButRefused(folder: string, probe: string): boolean {
  try {
    mkdirSync(probe)
    rmdirSync(probe)
    return false
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES' && mayWrite(folder)
  }
}

function mayWrite(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK)
    return true
  } catch {
    return false
  }
}
