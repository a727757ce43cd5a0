/**
 * Runs the indexer as long as its database can be written. If it can't be (the disk is full, another program holds it
 * locked, the file was damaged or replaced), this ends the indexer, whose memory no longer matches the file, and makes
 * a new one when it can. A scan then finds what happened in between. So a full disk is one line in the log. If the
 * process ended instead, its service manager would start it again and again, each time with a scan.
 */
import { areStillThere, isOverwritten } from '@drive-feed/shared/database-files.ts'
import type { DatabaseNote } from '@drive-feed/shared/database-note.ts'
import type { Logger } from '@drive-feed/shared/logger.ts'
import type { FeedDatabase } from '@drive-feed/shared/open-database.ts'
import type { Indexer } from './indexer.ts'
import {
  type DatabaseFile,
  databaseFileAt,
  isFolderThere,
  isTouched,
  isWhole,
  removeStaleWal,
} from './store/database-file.ts'
import {
  DatabaseAwayError,
  DatabaseDamagedError,
  DatabaseOverwrittenError,
  DatabaseReplacedError,
  type DatabaseTrouble,
  databaseTrouble,
  RestoreWaitingError,
} from './store/database-trouble.ts'
import { isCopyWaiting } from './store/put-in-place.ts'

export type PersistenceTools = {
  readonly databasePath: string
  /** What is waited for if the database can't be used from the start; null for what ends the process. */
  readonly troubleAtStart: (error: unknown) => DatabaseTrouble | null
  /** Opens the database for writing and writes to it. */
  readonly open: () => FeedDatabase
  readonly createIndexer: (db: FeedDatabase, onCrash: (error: Error) => void) => Indexer
  readonly log: Logger
  /** Notes beside the database what keeps it from being written; null if nothing does. */
  readonly note: (note: DatabaseNote | null) => void
  readonly nowMs: () => number
  readonly wallMs: () => number
}

export type Persistence = {
  /**
   * Runs until `stop`. Rejects on a bug, and if the database can't be used from the start and is not waited for. Rejects with
   * `DatabaseOverwrittenError` if this process can't use the database any more and has to end immediately, and with
   * `RestoreWaitingError` if it has to end because the next start is to use another one.
   */
  readonly run: () => Promise<void>
  /** Takes an error that nobody caught. */
  readonly fail: (error: unknown) => void
  /** Ends the indexer, or gives up after this time. */
  readonly stop: (withinMs: number) => Promise<void>
}

/** Pauses double from the first to the last. After a long run they begin again with the first. */
const PAUSE_FIRST_MS = 1_000
const PAUSE_LAST_MS = 60_000
const LONG_RUN_MS = 600_000
/** How often the file at the database's path is looked at. */
const FILE_CHECK_MS = 3_000

const AWAY = 'the folder of the database is not there, or of another disk; mount it'
const REPLACED = 'the database file was removed or replaced; what is there now is used'

type Run = { readonly db: FeedDatabase; readonly file: DatabaseFile; indexer: Indexer | null }

export function createPersistence(tools: PersistenceTools): Persistence {
  const { log, nowMs, databasePath: path } = tools
  const stopped = Promise.withResolvers<void>()
  const crashed = rejectable()
  let failed = rejectable()
  let isStopping = false
  let run: Run | null = null
  /**
   * Open databases whose file is no longer at the path. Closing one would remove the `-wal` of the file that is there
   * now.
   */
  const strays: FeedDatabase[] = []

  const fail = (error: unknown) => (databaseTrouble(error) === null ? crashed : failed).reject(error)
  const begin = (): Run => {
    const before = run
    if (before !== null) refuseOverwritten(before)
    if (before !== null && !isFolderThere(before.file)) throw new DatabaseAwayError(AWAY)
    if (before !== null) removeStaleWal(before.file)
    const db = tools.open()
    const file = databaseFileAt(path)
    // Closed only now: closing the last connection removes `-wal` and `-shm`, and readers need them.
    if (before !== null && areStillThere(before.file)) before.db.sqlite.close()
    else if (before !== null) strays.push(before.db)
    run = { db, file, indexer: null }
    return run
  }
  const untilFailure = async (onBegin: () => void): Promise<void> => {
    failed = rejectable()
    const current = begin()
    onBegin()
    const check = setInterval(() => {
      if (isOverwritten(current.file)) fail(new DatabaseOverwrittenError(path))
      else if (!areStillThere(current.file)) fail(new DatabaseReplacedError(REPLACED))
    }, FILE_CHECK_MS)
    try {
      current.indexer = tools.createIndexer(current.db, fail)
      await Promise.race([current.indexer.run(), failed.promise, crashed.promise])
    } catch (error) {
      // First: whatever error SQLite gave, its files may not belong together any more.
      refuseOverwritten(current)
      if (error instanceof RestoreWaitingError) throw error
      if (databaseTrouble(error) !== null || isWhole(current.db)) throw error
      throw new DatabaseDamagedError('the database is damaged', { cause: error })
    } finally {
      clearInterval(check)
    }
  }
  const abandon = async () => {
    const indexer = run?.indexer
    if (run !== null) run.indexer = null
    await indexer?.stop('abandon')
  }
  /** Resolves when it is time to try again. */
  const pause = async ({ remedy }: DatabaseTrouble, ms: number) => {
    const file = databaseFileAt(path)
    const isOther = run !== null && !areStillThere(run.file)
    await sleepUnless([stopped.promise, crashed.promise], ms)
    const isOfOthers = () => run !== null && isOverwritten(run.file)
    while (remedy === 'replace' && !isOther && !isStopping && !isTouched(file) && !isOfOthers()) {
      await sleepUnless([stopped.promise, crashed.promise], FILE_CHECK_MS)
    }
  }
  return {
    run: async () => {
      let told: string | null = null
      let pauseMs = PAUSE_FIRST_MS
      const onBegin = () => {
        if (told !== null) log.info({ path }, 'the database can be written again; everything is compared with the disk')
        told = null
        tools.note(null)
      }
      // Also while the database can't be used: a copy may be what helps.
      const looking = setInterval(() => {
        if (isCopyWaiting(path)) fail(new RestoreWaitingError(path))
      }, FILE_CHECK_MS)
      looking.unref()
      while (!isStopping) {
        const startedMs = nowMs()
        try {
          await untilFailure(onBegin)
        } catch (error) {
          if (isStopping) return
          const trouble = run === null ? tools.troubleAtStart(error) : databaseTrouble(error)
          if (trouble === null) throw error
          await abandon()
          if (nowMs() - startedMs > LONG_RUN_MS) pauseMs = PAUSE_FIRST_MS
          const { text, fix, message } = trouble.problem
          if (message !== told) {
            log.error({ path, code: codeOf(error) }, `waiting: ${message}`)
            tools.note({ text, fix, sinceMs: Math.floor(tools.wallMs()) })
          }
          told = message
          await pause(trouble, pauseMs)
          pauseMs = Math.min(pauseMs * 2, PAUSE_LAST_MS)
        }
      }
    },
    fail,
    stop: async (withinMs) => {
      isStopping = true
      stopped.resolve()
      const ended = run?.indexer?.stop('orderly').catch((error: unknown) => log.error({ err: error }, 'while stopping'))
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, withinMs))])
      // The `-wal` of a file that was replaced must not get into the file that is there now.
      if (run !== null && areStillThere(run.file)) checkpoint(run.db)
    },
  }
}

/** @throws {DatabaseOverwrittenError} */
function refuseOverwritten({ file }: Run): void {
  if (isOverwritten(file)) throw new DatabaseOverwrittenError(file.path)
}

/** A promise that only ever rejects. Nobody has to handle its rejection. */
function rejectable(): Pick<PromiseWithResolvers<never>, 'promise' | 'reject'> {
  const made = Promise.withResolvers<never>()
  made.promise.catch(() => {})
  return made
}

/** Sleeps for `ms`, or until one of these promises settles. Rejects if that one rejects. */
async function sleepUnless(ends: readonly Promise<unknown>[], ms: number): Promise<void> {
  const woken = Promise.withResolvers<void>()
  const timer = setTimeout(woken.resolve, ms)
  try {
    await Promise.race([...ends, woken.promise])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * Moves what it can from `-wal` into the file, and empties `-wal` if no reader is in the way: the next process to open
 * the file reads all of it. The connection stays open: a clean close would delete `-wal` and `-shm`, without which a
 * reader on a read-only mount can't open the file. process.exit leaves them.
 */
function checkpoint(db: FeedDatabase): void {
  try {
    db.sqlite.pragma('busy_timeout = 0')
    db.sqlite.pragma('wal_checkpoint(TRUNCATE)')
  } catch {
    // On a full or damaged disk all stays in `-wal`, where it is as safe.
  }
}

function codeOf(error: unknown): string | undefined {
  const { code, cause } = error as NodeJS.ErrnoException
  return code ?? (cause as NodeJS.ErrnoException | undefined)?.code
}
