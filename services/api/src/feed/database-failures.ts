/**
 * Remembers the last failure of the database. An attempt to open it takes a millisecond, and every waiting client would
 * cause one a second, so a failure is repeated for a while without a new attempt. It is logged once, not for each request.
 */
import { areStillThere, areUntouched, type DatabaseFiles, databaseFilesAt } from '@drive-feed/shared/database-files.ts'
import { isSameInode, statsOrNull } from '@drive-feed/shared/file-stats.ts'
import type { Logger } from 'pino'

/** How long a failure stands while the files are untouched. */
const FAILURE_MS = 1_000
/** The same while they are written to: an indexer of another version may never stop writing. */
const WRITTEN_MS = 50
/** In a damaged file some reads succeed: it counts as well again when no read has failed for so long. */
const WELL_MS = 60_000

export type Failure = { readonly cause: unknown; readonly files: DatabaseFiles; readonly atMs: number }

export type DatabaseFailures = {
  /** The failure that a new attempt would only meet again; null if an attempt is due. */
  readonly standing: () => Failure | null
  /** @param files as they were before the attempt @param during `reading` if the file could be opened */
  readonly failed: (cause: unknown, files: DatabaseFiles, during: 'opening' | 'reading') => void
  /** A read of a new connection succeeded. @returns whether the database counts as well now */
  readonly succeeded: () => boolean
}

export function createDatabaseFailures(
  path: string,
  { logger, nowMs }: { readonly logger: Logger; readonly nowMs: () => number },
): DatabaseFailures {
  let last: Failure | null = null
  let lastOfReading: Failure | null = null
  let isTold = false

  const isWell = () =>
    lastOfReading === null || nowMs() - lastOfReading.atMs >= WELL_MS || isReplaced(lastOfReading.files)

  return {
    standing: () => {
      if (last === null) return null
      const ageMs = nowMs() - last.atMs
      if (ageMs >= FAILURE_MS) return null
      const now = databaseFilesAt(path)
      const isStanding = areStillThere(last.files, now) && (ageMs < WRITTEN_MS || areUntouched(last.files, now))
      return isStanding ? last : null
    },
    failed: (cause, files, during) => {
      if (!isTold) logger.warn({ reason: reasonOf(cause) }, 'the database can not be read; answering 503 until it can')
      isTold = true
      last = { cause, files, atMs: nowMs() }
      if (during === 'reading') lastOfReading = last
    },
    succeeded: () => {
      if (!isWell()) return false
      last = null
      lastOfReading = null
      isTold = false
      logger.info({ path }, 'reading the database')
      return true
    },
  }
}

function isReplaced({ path, main }: DatabaseFiles): boolean {
  const now = statsOrNull(path)
  // The inode number alone is not enough: nobody has the file open any more, so a new file may have its number.
  return !isSameInode(main, now) || main?.birthTime !== now?.birthTime
}

/** With SQLite's code: several of its errors have one message. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  const { code } = (cause.cause ?? cause) as NodeJS.ErrnoException
  return code === undefined ? cause.message : `${cause.message} (${code})`
}
