/**
 * What went wrong with the database last. An attempt to open it costs a millisecond, and everybody who waits would make
 * one a second; so a failure stands for a while. And it is told once, not for each request of each client.
 */
import { areStillThere, areUntouched, type DatabaseFiles, databaseFilesAt } from '@drive-feed/shared/database-files.ts'
import { isSameInode, statsOrNull } from '@drive-feed/shared/file-stats.ts'
import type { Logger } from 'pino'

/** How long a failure stands while nothing is written to the files. */
const FAILURE_MS = 1_000
/** And while something is, as by an indexer of another version, which may never be quiet. */
const WRITTEN_MS = 50
/** Of a damaged file some parts can be read and others not: it is well when nothing has failed for so long. */
const WELL_MS = 60_000

export type Failure = { readonly cause: unknown; readonly files: DatabaseFiles; readonly atMs: number }

export type DatabaseFailures = {
  /** The failure that would only be met once more; null where an attempt is due. */
  readonly standing: () => Failure | null
  /** @param files as they were before what failed @param during `reading`: it could be opened */
  readonly failed: (cause: unknown, files: DatabaseFiles, during: 'opening' | 'reading') => void
  /** Something was read by a connection that has not told so yet. @returns whether it has told now */
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
  // Nobody has it open any more, so that another file may have its number.
  return !isSameInode(main, now) || main?.birthTime !== now?.birthTime
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}
