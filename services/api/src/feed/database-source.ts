/**
 * The one database connection of this process. It is opened at the first request, and again after a failure or if one of
 * the files at the path was replaced. Nothing happens between requests.
 */
import { areStillThere, type DatabaseFiles, databaseFilesAt, hasOneMore } from '@drive-feed/shared/database-files.ts'
import { nameOfFiles } from '@drive-feed/shared/feed-epoch.ts'
import { SCHEMA_VERSION } from '@drive-feed/shared/migrations.ts'
import { DatabaseUnusableError, type FeedDatabase, openReader } from '@drive-feed/shared/open-database.ts'
import type { Logger } from 'pino'
import { createDatabaseFailures } from './database-failures.ts'
import { onceRecovered } from './once-recovered.ts'
import { createQueries, type Queries } from './queries.ts'
import { type RememberedState, rememberState } from './remembered-state.ts'

/** The database can't be read now, but may be later. The cause is for the log. */
export class DatabaseUnavailableError extends Error {
  override name = 'DatabaseUnavailableError'
}

/** The rows contradict each other although SQLite finds no fault with the file: bytes were lost or overwritten. */
export class DatabaseDamagedError extends DatabaseUnavailableError {
  override name = 'DatabaseDamagedError'
}

/**
 * Reads the file that was at the path when the request came. One answer uses one reading: pages of two databases make no
 * sense together.
 */
export type Reading = {
  /**
   * Runs `query` in one read transaction, so that it sees one state of the database.
   *
   * @param query synchronous and short
   * @throws {DatabaseUnavailableError} also after the file was found to be replaced
   */
  read<T>(query: (queries: Queries) => T): T
  /** A name for the files that are read: other files, or these made anew, have another one. See `feed-epoch.ts`. */
  readonly files: string
}

export type DatabaseSource = {
  /** @throws {DatabaseUnavailableError} if there is no readable database now */
  open(): Reading
  close(): void
}

type Connection = { readonly database: FeedDatabase; readonly files: DatabaseFiles; readonly reading: Reading }

// The reader's default of 10 s would block all other requests. In WAL mode a reader meets a lock only while a writer
// recovers the file after a crash.
const BUSY_TIMEOUT_MS = 500

// The kernel caches the file once for all replicas, so SQLite's own cache needs room only for the inner pages of the indexes.
const CACHE_KIB = 4 * 1024

type Tools = { readonly nowMs?: () => number; readonly openFile?: typeof openReader }

/** The file need not exist yet. @param tools for tests: a monotonic clock, and the function that opens the file */
export function createDatabaseSource(path: string, logger: Logger, tools: Tools = {}): DatabaseSource {
  const { nowMs = () => performance.now(), openFile = openReader } = tools
  const failures = createDatabaseFailures(path, { logger, nowMs })
  let connection: Connection | null = null

  function drop(): void {
    connection?.database.sqlite.close()
    connection = null
  }

  function readingOf(database: FeedDatabase, { queries, forget }: RememberedState, files: DatabaseFiles): Reading {
    const schemaVersion = database.sqlite.prepare('PRAGMA user_version').pluck()
    // Another number after each commit of another connection. It is asked first, so it is that of the state that is read.
    const dataVersion = database.sqlite.prepare('PRAGMA data_version').pluck()
    let known: unknown = null
    const inTransaction = database.sqlite.transaction((query: (queries: Queries) => unknown) => {
      const current = dataVersion.get()
      if (current !== known) {
        forget()
        // Another program or a newer version may have changed the schema since the statements were prepared.
        if (schemaVersion.get() !== SCHEMA_VERSION)
          throw new DatabaseUnusableError(`${path} has another schema version now`)
        known = current
      }
      return query(queries)
    })
    let isTold = false
    return {
      files: nameOfFiles(files),
      read<T>(query: (queries: Queries) => T): T {
        if (!database.sqlite.open) throw new DatabaseUnavailableError('the database was replaced during this answer')
        try {
          const result = onceRecovered(() => inTransaction(query) as T)
          // Only a read shows that the file is whole: to open a file, SQLite reads no more than its first page.
          if (!isTold) isTold = failures.succeeded()
          return result
        } catch (error) {
          if (!isUnavailability(error)) throw error
          drop()
          failures.failed(error, databaseFilesAt(path), isSqliteError(error) ? 'reading' : 'opening')
          throw unavailable(error)
        }
      },
    }
  }

  function connect(before: DatabaseFiles): Connection {
    const database = onceRecovered(() => openFile(path))
    try {
      database.sqlite.pragma(`cache_size = -${CACHE_KIB}`)
      database.sqlite.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`)
      const state = rememberState(createQueries(database.orm))
      // After the statements are prepared, so that SQLite has opened all of them.
      const files = databaseFilesAt(path)
      if (!areStillThere(before)) throw new DatabaseUnusableError(`${path} was replaced while it was opened`)
      return { database, files, reading: readingOf(database, state, files) }
    } catch (error) {
      database.sqlite.close()
      throw error
    }
  }

  function open(): Reading {
    if (connection !== null && areStillThere(connection.files)) {
      if (!hasOneMore(connection.files)) return connection.reading
    } else if (connection !== null) logger.info('the database file was replaced')
    drop()
    const standing = failures.standing()
    if (standing !== null) throw unavailable(standing.cause)
    const before = databaseFilesAt(path)
    try {
      if (before.main === null) throw new DatabaseUnusableError(`${path} does not exist`)
      connection = connect(before)
    } catch (error) {
      if (!isUnavailability(error)) throw error
      failures.failed(error, before, 'opening')
      throw unavailable(error)
    }
    return connection.reading
  }

  return { open, close: drop }
}

function unavailable(cause: unknown): DatabaseUnavailableError {
  return new DatabaseUnavailableError('the database can not be read now', { cause })
}

function isUnavailability(error: unknown): boolean {
  return error instanceof DatabaseUnusableError || isSqliteError(error)
}

function isSqliteError(error: unknown): boolean {
  return error instanceof Error && error.name === 'SqliteError'
}
