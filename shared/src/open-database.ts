/** Opens the one SQLite file: once for writing (the indexer), any number of times for reading (the api). */
import { existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import type { BetterSQLite3Database } from 'drizzle-orm/better-sqlite3'
import { drizzle } from './drizzle.ts'
import { isKnownVersion, type KnownVersion, migrate, SCHEMA_VERSION, TABLES_OF_VERSION } from './migrations.ts'
import { whyNotWritable } from './not-writable.ts'
import { shownText } from './shown-text.ts'

export type FeedDatabase = {
  readonly sqlite: Database.Database
  readonly orm: BetterSQLite3Database & { readonly $client: Database.Database }
}

/** The file can't be used. The message says what, where and what to do, for the log or the end of the process. */
export class DatabaseUnusableError extends Error {
  override name = 'DatabaseUnusableError'

  constructor(message: string, options?: ErrorOptions) {
    super(shownText(message), options)
  }
}

const WRITER_CACHE_KIB = 48 * 1024
const READER_CACHE_KIB = 16 * 1024
// Each checkpoint rewrites pages all over the file. The price of fewer checkpoints is a WAL of 128 MiB.
const AUTOCHECKPOINT_PAGES = 32_000
/** SQLite cuts a larger WAL to this size once it writes the file from its beginning again. */
export const WAL_LIMIT_BYTES = AUTOCHECKPOINT_PAGES * 4096
const BUSY_TIMEOUT_MS = 10_000
/** Short, since the indexer does nothing else while it waits for a lock, not even stopping. */
const WRITER_BUSY_TIMEOUT_MS = 5_000
const WRITER_OPEN_TIMEOUT_MS = 1_000

/**
 * Opens the file for writing, and makes or upgrades it if needed. An upgrade is one transaction. A file of an unknown
 * version or of another program, or one that is no database, is left as it was.
 *
 * @throws {DatabaseUnusableError} with a message for people
 */
export function openWriter(path: string): FeedDatabase {
  let sqlite: Database.Database | undefined
  try {
    checkBeforeWriting(path)
    sqlite = new Database(path, { timeout: WRITER_OPEN_TIMEOUT_MS })
    const writer = sqlite
    // First of all: an upgrade that fails leaves the file as it was, with its journal mode.
    writer.transaction(() => bringUpToDate(writer, path)).immediate()
    sqlite.pragma('journal_mode = WAL')
    // FULL: a cursor that a client has must survive a power loss, or it would be given out again for other changes.
    sqlite.pragma('synchronous = FULL')
    sqlite.pragma(`cache_size = -${WRITER_CACHE_KIB}`)
    sqlite.pragma(`wal_autocheckpoint = ${AUTOCHECKPOINT_PAGES}`)
    sqlite.pragma(`journal_size_limit = ${WAL_LIMIT_BYTES}`)
    sqlite.pragma(`busy_timeout = ${WRITER_BUSY_TIMEOUT_MS}`)
    return { sqlite, orm: drizzle(sqlite) }
  } catch (error) {
    sqlite?.close()
    throw notWritable(path, error) ?? unusable(path, error)
  }
}

/**
 * Writes a value that is already there, so that a full or read-only disk shows now.
 *
 * @throws {DatabaseUnusableError} with a message for people
 */
export function proveWritable({ sqlite }: FeedDatabase): void {
  try {
    sqlite.pragma(`user_version = ${SCHEMA_VERSION}`)
  } catch (error) {
    throw notWritable(sqlite.name, error) ?? unusable(sqlite.name, error)
  }
}

/**
 * Opens the file for reading. The connection itself refuses to write.
 *
 * @throws {DatabaseUnusableError} if it can't be read now: not made or not upgraded yet, another version, unreadable
 */
export function openReader(path: string): FeedDatabase {
  let sqlite: Database.Database | undefined
  try {
    sqlite = new Database(path, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS })
    const version = identify(sqlite, path)
    if (version !== SCHEMA_VERSION) {
      throw new DatabaseUnusableError(`database_url: ${path} is not ready yet: the indexer has to set it up first`)
    }
    sqlite.pragma(`cache_size = -${READER_CACHE_KIB}`)
    return { sqlite, orm: drizzle(sqlite) }
  } catch (error) {
    sqlite?.close()
    throw unusable(path, error)
  }
}

/**
 * Opens a file of any version of ours for reading, to copy it.
 *
 * @throws {DatabaseUnusableError}
 */
export function openAnyVersion(path: string): Database.Database {
  let sqlite: Database.Database | undefined
  try {
    sqlite = new Database(path, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS })
    if (identify(sqlite, path) === 0) throw new DatabaseUnusableError(`database_url: ${path} is empty`)
    return sqlite
  } catch (error) {
    sqlite?.close()
    throw unusable(path, error)
  }
}

/** Checks the file through a connection that can't change it. */
function checkBeforeWriting(path: string): void {
  if (!existsSync(dirname(path))) {
    throw new DatabaseUnusableError(
      `database_url: the folder ${dirname(path)} does not exist; make it, or change the path`,
    )
  }
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats?.isDirectory()) {
    throw new DatabaseUnusableError(`database_url: ${path} is a folder; name a file, such as ${path}/feed.db`)
  }
  if (stats === undefined || stats.size === 0) return
  const sqlite = new Database(path, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS })
  try {
    identify(sqlite, path)
  } catch (error) {
    // A transaction was cut off. Only a connection that writes can take it back, and it asks what the file is, too.
    if ((error as NodeJS.ErrnoException).code !== 'SQLITE_READONLY_ROLLBACK') throw error
  } finally {
    sqlite.close()
  }
}

function bringUpToDate(writer: Database.Database, path: string): void {
  // Checked again inside the transaction: another process may have been first.
  const version = identify(writer, path)
  if (version !== SCHEMA_VERSION) migrate(writer, version)
}

/** The schema version: 0 for an empty database. @throws {DatabaseUnusableError} for a file that is not ours */
export function identify(sqlite: Database.Database, path: string): 0 | KnownVersion {
  const version = sqlite.pragma('user_version', { simple: true })
  const isEmpty = sqlite.prepare('SELECT count(*) FROM sqlite_schema').pluck().get() === 0
  if (version === 0 && isEmpty) return 0
  if (!isKnownVersion(version)) {
    const what = version === 0 ? 'is the database of another program' : `has schema version ${version}`
    throw new DatabaseUnusableError(notOurs(path, what))
  }
  const columnsOf = sqlite.prepare('SELECT name FROM pragma_table_info(?)').pluck()
  for (const [table, columns] of Object.entries(TABLES_OF_VERSION[version])) {
    const present = new Set(columnsOf.all(table))
    const isOurs = columns.every((column) => present.has(column))
    if (!isOurs) throw new DatabaseUnusableError(notOurs(path, 'is the database of another program'))
  }
  return version
}

function notOurs(path: string, what: string): string {
  return `database_url: ${path} ${what}; drive-feed knows its own versions 1 to ${SCHEMA_VERSION}: use another path, \
or a newer drive-feed (the file was left as it is)`
}

/** Null if it can be written by its permissions. */
function notWritable(path: string, error: unknown): DatabaseUnusableError | null {
  if (error instanceof DatabaseUnusableError) return null
  const why = whyNotWritable(path)
  return why === null ? null : new DatabaseUnusableError(`database_url: ${why}`, { cause: error })
}

function unusable(path: string, error: unknown): DatabaseUnusableError {
  if (error instanceof DatabaseUnusableError) return error
  const message = error instanceof Error ? error.message : String(error)
  return new DatabaseUnusableError(`database_url: ${path} can't be opened: ${message}`, { cause: error })
}
