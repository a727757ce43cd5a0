/** The indexer as a process: command line, config, signals, exit codes. */
import type { Worker } from 'node:worker_threads'
import { parseCommandLine } from '@drive-feed/shared/command-line.ts'
import { type Config, ConfigError, loadConfig } from '@drive-feed/shared/config.ts'
import { createLogger, type Logger } from '@drive-feed/shared/logger.ts'
import { DatabaseUnusableError, type FeedDatabase, openReader, openWriter } from '@drive-feed/shared/open-database.ts'
import { watchRoots } from '@drive-feed/shared/schema.ts'
import { createIndexer, type Indexer } from './indexer.ts'
import { lockForWriting } from './store/writer-lock.ts'
import { tryLock } from './watch/libc.ts'

const EXIT_UNUSABLE = 1
const EXIT_CRASHED = 70
/** The container engine kills after ten seconds, and users expect an answer to Ctrl-C sooner. */
const STOP_MAX_MS = 1_800

/** Runs until it is told to stop; ends the process itself. `lookingThread` runs `observer-thread.ts`. */
export function runService(lookingThread: Worker): void {
  const { configPath } = parseCommandLine({
    program: 'drive-feed indexer',
    summary: 'Watches folders and keeps the feed database.',
    argv: process.argv.slice(2),
  })
  try {
    const config = readConfig(configPath)
    const log = createLogger({ name: 'indexer', path: config.logPath })
    lockForWriting(config.databasePath, (fd) => tryLock(fd).ok)
    runUntilSignal({ config, db: openWriter(config.databasePath), log, lookingThread })
  } catch (error) {
    if (!(error instanceof ConfigError) && !(error instanceof DatabaseUnusableError)) throw error
    process.stderr.write(`drive-feed indexer: ${error.message}\n`)
    process.exit(EXIT_UNUSABLE)
  }
}

function readConfig(path: string): Config {
  const { databasePath } = loadConfig(path, { checkFolders: false })
  const known = knownWatches(databasePath)
  return loadConfig(path, { checkFolders: { isKnown: (name, folder) => known.get(name) === folder } })
}

/** Watches of an earlier run, by name. One of them whose folder is missing is away, not a mistake. */
function knownWatches(databasePath: string): Map<string, string> {
  try {
    const { orm, sqlite } = openReader(databasePath)
    const rows = orm.select().from(watchRoots).all()
    sqlite.close()
    return new Map(rows.map((row) => [row.name, row.path]))
  } catch (error) {
    if (error instanceof DatabaseUnusableError) return new Map()
    throw error
  }
}

function runUntilSignal(parts: { config: Config; db: FeedDatabase; log: Logger; lookingThread: Worker }): void {
  const { config, db, log } = parts
  let isStopping = false
  const crash = (error: unknown) => {
    if (isStopping) return
    const advice = databaseAdvice(error)
    if (advice !== null) {
      log.fatal({ code: (error as NodeJS.ErrnoException).code }, `${config.databasePath}: ${advice}`)
      process.exit(EXIT_UNUSABLE)
    }
    log.fatal({ err: error }, 'stopping: this should not have happened; what is in the database is right')
    process.exit(EXIT_CRASHED)
  }
  process.on('uncaughtException', crash)
  process.on('unhandledRejection', crash)
  const indexer = createIndexer(parts, crash)
  const stop = (signal: NodeJS.Signals) => {
    if (isStopping) return
    isStopping = true
    log.info({ signal }, 'stopping')
    setTimeout(() => leave(db), STOP_MAX_MS)
    void stopIndexer(indexer, log).then(() => leave(db))
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  log.info({ database: config.databasePath, watches: config.watches }, 'started')
  indexer.run().catch(crash)
}

/** What to do about an error of SQLite that is not ours to mend; null for any other. Nothing is lost by stopping there. */
function databaseAdvice(error: unknown): string | null {
  const { code = '', message = '' } = error as NodeJS.ErrnoException
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    return 'another program holds the database locked, perhaps a sqlite3 left in a transaction; end it and start again'
  }
  if (code.startsWith('SQLITE_FULL')) return 'the disk of the database is full; make room and start again'
  if (code.startsWith('SQLITE_READONLY')) return 'the database can not be written; check its permissions and mount'
  if (code.startsWith('SQLITE_IOERR')) return `the disk of the database answers with errors (${message}); check it`
  if (code.startsWith('SQLITE_CORRUPT') || code.startsWith('SQLITE_NOTADB')) {
    return 'the database file is damaged; restore a copy, or remove it to have everything scanned anew'
  }
  return null
}

async function stopIndexer(indexer: Indexer, log: Logger): Promise<void> {
  try {
    await indexer.stop()
  } catch (error) {
    log.error({ err: error }, 'while stopping')
  }
}

/**
 * The connection stays open: a clean close would delete `-wal` and `-shm`, without which a reader on a read-only mount
 * can't open the file. process.exit leaves them.
 */
function leave({ sqlite }: FeedDatabase): void {
  sqlite.pragma('wal_checkpoint(PASSIVE)')
  process.exit(0)
}
