/** What an error of the database means to its owner, and whether waiting may help. */

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
 * Others, or none, are where the `-wal` and `-shm` of the open database were, and the file itself is the same one: a copy
 * was put into it, or only they were removed. Nothing of what this process knows may get into it, and it can't open it anew:
 * SQLite has all connections of one process to a file share one `-shm`. So the process has to end, and at once.
 */
export class DatabaseOverwrittenError extends Error {
  override name = 'DatabaseOverwrittenError'

  constructor(path: string) {
    super(
      shownText(
        `${path} was overwritten, or its -wal or -shm removed, while it was open; ending at once, so that nothing of before \
gets into it: what is there now is used by the next start, and all is compared with the disk. Stop the indexer first to \
put a copy back`,
      ),
    )
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
const BROKEN_DISK = problemText('the disk of the database answers with errors', 'check it, and its room')
const DAMAGED = problemText(
  'the database file is damaged',
  'remove its -wal and -shm if they are left from before a copy was put there; otherwise put a copy in its place, or remove \
it to have everything scanned anew, and its -wal and -shm with it',
)

/** By the first letters of SQLite's extended result codes, and of errno's names. */
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

/** Null for an error that is not about the database. Also looks at what caused it. */
export function databaseTrouble(error: unknown): DatabaseTrouble | null {
  if (!(error instanceof Error)) return null
  if (error instanceof DatabaseAwayError) return { problem: problemTextOf(error.message), remedy: 'mend' }
  if (error instanceof DatabaseReplacedError) return { problem: problemTextOf(error.message), remedy: 'replace' }
  if (error instanceof DatabaseDamagedError) return { problem: DAMAGED, remedy: 'replace' }
  const { code = '' } = error as NodeJS.ErrnoException
  const found = TROUBLES.find(([start]) => code.startsWith(start))
  return found?.[1] ?? databaseTrouble(error.cause)
}
