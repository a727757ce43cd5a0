/** Opening the one SQLite file: once for writing (the indexer), any number of times for reading (the api). */
import { existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import Database from 'better-sqlite3'
import { type BetterSQLite3Database, drizzle } from 'drizzle-orm/better-sqlite3'
import { migrate, SCHEMA_VERSION } from './migrations.ts'

export type FeedDatabase = { readonly sqlite: Database.Database; readonly orm: BetterSQLite3Database }

/** The file can't be used. The message says what, where and what to do; it is meant for the log and an exit. */
export class DatabaseUnusableError extends Error {
  override name = 'DatabaseUnusableError'
}

const WRITER_CACHE_KIB = 48 * 1024
const READER_CACHE_KIB = 16 * 1024
const AUTOCHECKPOINT_PAGES = 16_000
const BUSY_TIMEOUT_MS = 10_000

/**
 * Opens the file for writing, making or upgrading it if needed. An upgrade is one transaction; a file of an unknown
 * version, or that is no database, is left as it was.
 *
 * @throws {DatabaseUnusableError} with a message for people
 */
export function openWriter(path: string): FeedDatabase {
  const from = checkFile(path)
  let sqlite: Database.Database | undefined
  try {
    sqlite = new Database(path, { timeout: BUSY_TIMEOUT_MS })
    sqlite.pragma('journal_mode = WAL')
    // FULL: a cursor a client was given must survive a power loss, or it would be given out again for other changes.
    sqlite.pragma('synchronous = FULL')
    sqlite.pragma(`cache_size = -${WRITER_CACHE_KIB}`)
    sqlite.pragma(`wal_autocheckpoint = ${AUTOCHECKPOINT_PAGES}`)
    const writer = sqlite
    if (from !== SCHEMA_VERSION) writer.transaction(() => migrate(writer, from)).immediate()
    return { sqlite, orm: drizzle(sqlite) }
  } catch (error) {
    sqlite?.close()
    throw unusable(path, error)
  }
}

/**
 * Opens the file for reading. The connection itself refuses to write.
 *
 * @throws {DatabaseUnusableError} when it can't be read now: not made yet, another version, unreadable
 */
export function openReader(path: string): FeedDatabase {
  let sqlite: Database.Database | undefined
  try {
    sqlite = new Database(path, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS })
    const version = sqlite.pragma('user_version', { simple: true })
    if (version !== SCHEMA_VERSION) throw new DatabaseUnusableError(wrongVersion(path, version))
    sqlite.pragma(`cache_size = -${READER_CACHE_KIB}`)
    return { sqlite, orm: drizzle(sqlite) }
  } catch (error) {
    sqlite?.close()
    throw unusable(path, error)
  }
}

/** Reads the version without changing the file. */
function checkFile(path: string): 0 | 1 | typeof SCHEMA_VERSION {
  if (!existsSync(dirname(path))) {
    throw new DatabaseUnusableError(
      `database_url: the folder ${dirname(path)} does not exist; make it, or change the path`,
    )
  }
  if (!existsSync(path) || statSync(path).size === 0) return 0
  let sqlite: Database.Database | undefined
  try {
    sqlite = new Database(path, { readonly: true, fileMustExist: true, timeout: BUSY_TIMEOUT_MS })
    const version = sqlite.pragma('user_version', { simple: true })
    const tables = sqlite.prepare("SELECT count(*) FROM sqlite_schema WHERE type = 'table'").pluck().get()
    if (version === SCHEMA_VERSION || version === 1) return version
    if (version === 0 && tables === 0) return 0
    throw new DatabaseUnusableError(wrongVersion(path, version))
  } catch (error) {
    throw unusable(path, error)
  } finally {
    sqlite?.close()
  }
}

function wrongVersion(path: string, version: unknown): string {
  return `database_url: ${path} has schema version ${version}, this program knows 1 and ${SCHEMA_VERSION}; \
use the program that made it, or another path (the file was left as it is)`
}

function unusable(path: string, error: unknown): DatabaseUnusableError {
  if (error instanceof DatabaseUnusableError) return error
  const message = error instanceof Error ? error.message : String(error)
  return new DatabaseUnusableError(`database_url: ${path} can't be opened: ${message}`, { cause: error })
}
