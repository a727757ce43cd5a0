/** What an error of the database means for its owner, and whether waiting may help. */

import { DatabaseUnusableError } from '@drive-feed/shared/open-database.ts'
import { type ProblemText, problemText, problemTextOf } from '@drive-feed/shared/problem.ts'
import { shownText } from '@drive-feed/shared/shown-text.ts'

export type DatabaseTrouble = {
  readonly problem: ProblemText
  /** - `wait`: it may pass by itself. - `mend`: the owner has to do something. - `replace`: only another file helps. */
  readonly remedy: 'wait' | 'mend' | 'replace'
}

/** The folder of a database that was open is missing, or another disk is mounted there. */
export class DatabaseAwayError extends Error {
  override name = 'DatabaseAwayError'
}

/** Another file, or none, is where the open database was. */
export class DatabaseReplacedError extends Error {
  override name = 'DatabaseReplacedError'
}

/**
 * The database file is the same one, but its `-wal` and `-shm` are others or gone: a copy was put into the file, or
 * only those two were removed. Nothing that this process knows may get into the file, and the process can't open it
 * anew: SQLite has all connections of one process to a file share one `-shm`. So the process has to end immediately.
 */
export class DatabaseOverwrittenError extends Error {
  override name = 'DatabaseOverwrittenError'

  constructor(path: string) {
    super(
      shownText(
        `${path} was overwritten, or its -wal or -shm removed, while it was open; ending immediately, so that nothing from \
before gets into it. The next start uses what is there now and compares all of it with the disk. Before you put a copy \
back, stop the indexer`,
      ),
    )
  }
}

/**
 * A copy of the database waits to be put in its place, which the next start does: this process has the old one open, and
 * SQLite has all connections of one process share what belongs to a path.
 */
export class RestoreWaitingError extends Error {
  override name = 'RestoreWaitingError'

  constructor(path: string) {
    super(shownText(`a copy of ${path} waits to be put in its place; ending, and the next start does that`))
  }
}

/** What is in the file is not what SQLite or this program wrote. */
export class DatabaseDamagedError extends Error {
  override name = 'DatabaseDamagedError'
}

const FULL = problemText('the disk of the database is full', 'make room')
const LOCKED = problemText(
  'another program holds the database locked, perhaps a sqlite3 left in a transaction',
  'end it',
)
const READ_ONLY = problemText('the database can not be written', 'check its permissions and mount')
const NOT_OPENED = problemText('the database can not be opened', 'check its folder and permissions')
const BROKEN_DISK = problemText('the disk of the database answers with errors', 'check that disk, and that it has room')
const DAMAGED = problemText(
  'the database file is damaged',
  'if you put a copy there and left the former -wal and -shm beside it, remove those two; otherwise put a copy in its place, \
or remove it with its -wal and -shm to have everything scanned anew',
)

/** By how SQLite's extended result codes, or names of errno, begin. */
const TROUBLES: readonly (readonly [code: string, trouble: DatabaseTrouble])[] = [
  ['SQLITE_FULL', { problem: FULL, remedy: 'wait' }],
  ['ENOSPC', { problem: FULL, remedy: 'wait' }],
  ['SQLITE_BUSY', { problem: LOCKED, remedy: 'wait' }],
  ['SQLITE_LOCKED', { problem: LOCKED, remedy: 'wait' }],
  ['SQLITE_READONLY', { problem: READ_ONLY, remedy: 'mend' }],
  ['EROFS', { problem: READ_ONLY, remedy: 'mend' }],
  ['SQLITE_CANTOPEN', { problem: NOT_OPENED, remedy: 'mend' }],
  ['SQLITE_IOERR', { problem: BROKEN_DISK, remedy: 'wait' }],
  ['SQLITE_CORRUPT', { problem: DAMAGED, remedy: 'replace' }],
  ['SQLITE_NOTADB', { problem: DAMAGED, remedy: 'replace' }],
]

/**
 * What is waited for at the start. Otherwise the database must be usable then: like a mistake in the config, what the
 * owner has to mend ends the process, unless it is to wait for that too.
 */
export function troubleAtStart(error: unknown, waitsForOwner: boolean): DatabaseTrouble | null {
  const trouble = databaseTrouble(error)
  if (trouble?.remedy === 'wait') return trouble
  if (!waitsForOwner || !(error instanceof DatabaseUnusableError)) return null
  return { problem: problemTextOf(error.message), remedy: 'mend' }
}

/** Null if neither the error nor what caused it is about the database. */
export function databaseTrouble(error: unknown): DatabaseTrouble | null {
  if (!(error instanceof Error)) return null
  if (error instanceof DatabaseAwayError) return { problem: problemTextOf(error.message), remedy: 'mend' }
  if (error instanceof DatabaseReplacedError) return { problem: problemTextOf(error.message), remedy: 'replace' }
  if (error instanceof DatabaseDamagedError) return { problem: DAMAGED, remedy: 'replace' }
  const { code = '' } = error as NodeJS.ErrnoException
  const found = TROUBLES.find(([start]) => code.startsWith(start))
  return found?.[1] ?? databaseTrouble(error.cause)
}
