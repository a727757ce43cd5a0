/**
 * Copies of the database: how a backup is taken beside a running indexer, and whether a copy is good. A copy is one
 * file, without `-wal`: in rollback mode it can be opened on read-only disks too, and SQLite never takes a `-wal` that
 * happens to lie beside it for its own while that is empty.
 */
import { statSync } from 'node:fs'
import Database from 'better-sqlite3'
import { type KnownVersion, SCHEMA_VERSION } from './migrations.ts'
import { DatabaseUnusableError, identify, openAnyVersion } from './open-database.ts'
import { shownPath } from './shown-path.ts'

export type CopyFacts = {
  readonly version: KnownVersion
  /** The newest change. */
  readonly head: number
  readonly bytes: number
}

/** Some 4 MB: a moment, after which a signal is heard. */
const PAGES_A_STEP = 1_000
const BUSY_TIMEOUT_MS = 10_000

/**
 * Copies the database into an empty file, in steps. All steps read the state of the beginning, in one read
 * transaction: otherwise SQLite begins anew with every commit, and beside a busy indexer never ends. Nobody waits for a
 * reader; what the indexer writes meanwhile stays in `-wal`.
 *
 * @param onStep may throw, which ends the copying
 * @throws {DatabaseUnusableError} if there is no database of ours
 */
export async function copyDatabase(from: string, into: string, onStep: () => void): Promise<void> {
  const source = openAnyVersion(from)
  try {
    source.exec('BEGIN')
    source.prepare('SELECT count(*) FROM sqlite_schema').get()
    await source.backup(into, {
      progress: () => {
        onStep()
        return PAGES_A_STEP
      },
    })
  } finally {
    source.close()
  }
}

/**
 * Makes a copy one file, with what is in its `-wal` if it has one, and checks it. Reads the whole file.
 *
 * @param named the path that messages name
 * @throws {DatabaseUnusableError} if it is no database of ours, of a newer version, or damaged
 */
export function finishCopy(path: string, named: string): CopyFacts {
  const shown = shownPath(named)
  let sqlite: Database.Database | undefined
  try {
    sqlite = new Database(path, { fileMustExist: true, timeout: BUSY_TIMEOUT_MS })
    const version = versionOf(sqlite, shown)
    sqlite.pragma('journal_mode = DELETE')
    const found = sqlite.pragma('quick_check(1)', { simple: true })
    if (found !== 'ok') throw new DatabaseUnusableError(`${shown} is damaged: ${String(found)}`)
    const head = sqlite.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'changes'").pluck().get()
    return { version, head: Number(head ?? 0), bytes: statSync(path).size }
  } catch (error) {
    const { code = '', message } = error as NodeJS.ErrnoException
    if (code === 'SQLITE_NOTADB')
      throw new DatabaseUnusableError(`${shown} is no database of drive-feed`, { cause: error })
    if (!code.startsWith('SQLITE_CORRUPT')) throw error
    throw new DatabaseUnusableError(`${shown} is damaged: ${message}`, { cause: error })
  } finally {
    sqlite?.close()
  }
}

/** @throws {DatabaseUnusableError} */
function versionOf(sqlite: Database.Database, shown: string): KnownVersion {
  const number = sqlite.pragma('user_version', { simple: true })
  try {
    const version = identify(sqlite, shown)
    if (version !== 0) return version
  } catch (error) {
    if (!(error instanceof DatabaseUnusableError)) throw error
    if (typeof number === 'number' && number > SCHEMA_VERSION) {
      const own = `this drive-feed knows versions 1 to ${SCHEMA_VERSION}`
      throw new DatabaseUnusableError(`${shown} has schema version ${number}, and ${own}; use a newer one`)
    }
  }
  throw new DatabaseUnusableError(`${shown} is no database of drive-feed`)
}
