/** The indexer as a process: command line, config, signals, exit codes. */
import { flushCompileCache } from 'node:module'
import { resolve } from 'node:path'
import type { Worker } from 'node:worker_threads'
import { parseCommandLine } from '@drive-feed/shared/command-line.ts'
import { type Config, ConfigError, loadConfig } from '@drive-feed/shared/config/config.ts'
import { warnOfIgnoredVariables } from '@drive-feed/shared/config/ignored-variables.ts'
import { WAIT_OPTION, waitForConfig } from '@drive-feed/shared/config/wait-for-config.ts'
import { createLogger, type Logger } from '@drive-feed/shared/logger.ts'
import {
  DatabaseUnusableError,
  type FeedDatabase,
  openWriter,
  proveWritable,
} from '@drive-feed/shared/open-database.ts'
import { createIndexer } from './indexer.ts'
import { createPersistence, type PersistenceTools } from './persistence.ts'
import { exitAtOnce, mapLargeBlocks, tryLock } from './posix/libc.ts'
import { type Confinement, createConfinement, OutdatedConfinementError } from './process/confinement.ts'
import { keepHeapsSmall } from './process/memory.ts'
import { finishRestoreAtStart, type RestoreMessage } from './restore-at-start.ts'
import {
  DatabaseOverwrittenError,
  databaseTrouble,
  RestoreWaitingError,
  troubleAtStart,
} from './store/database-trouble.ts'
import { type KnownWatches, knownWatches, watchesLost } from './store/known-watches.ts'
import { lockForWriting, type WriterLock } from './store/writer-lock.ts'

const PROGRAM = 'drive-feed indexer'
const EXIT_UNUSABLE = 1
const EXIT_CRASHED = 70
/** EX_TEMPFAIL of sysexits.h: starting again is enough. */
const EXIT_START_AGAIN = 75
const START_AGAIN = [DatabaseOverwrittenError, OutdatedConfinementError, RestoreWaitingError]
/** The columns in which a batch of entries comes from the observer thread, and not the pages of the database. */
const LARGE_BLOCK_BYTES = 128 * 1024
/** By then this thread and the observer's have loaded their modules, and a first scan has hardly begun. */
const LOADED_AFTER_MS = 1_000
/** A container engine kills after ten seconds, and users expect Ctrl-C to work sooner. */
const STOP_MAX_MS = 1_800

/**
 * Runs until a signal and then ends the process. `startLookingThread` starts a thread that runs `observer-thread.ts`.
 */
export async function runService(startLookingThread: () => Worker): Promise<void> {
  process.on('uncaughtException', crash)
  process.on('unhandledRejection', crash)
  process.once('exit', leaveThreads)
  mapLargeBlocks(LARGE_BLOCK_BYTES)
  setTimeout(keepHeapsSmall, LOADED_AFTER_MS).unref()
  const { configPath, flags } = parseCommandLine({
    program: PROGRAM,
    summary: 'Watches folders and keeps the feed database.',
    argv: process.argv.slice(2),
    flags: WAIT_OPTION,
  })
  const waits = flags.has('wait')
  let restored: RestoreMessage | null = null
  const load = () => {
    // Before the config is checked, which asks the database for known folders.
    restored ??= finishRestoreAtStart(configPath)
    const config = readConfig(configPath)
    return { config, restored, log: createLogger({ name: 'indexer', path: config.logPath, level: config.logLevel }) }
  }
  try {
    const tell = (text: string) => void process.stderr.write(text)
    const { config, restored: told, log } = await waitForConfig(load, { program: PROGRAM, waits, tell })
    if (told !== null) log[told.level](told.message)
    warnOfIgnoredVariables(config, log)
    runUntilSignal({ config, configPath: resolve(configPath), waits }, log, startLookingThread)
  } catch (error) {
    if (error instanceof DatabaseUnusableError) leaveUnusable(error)
    if (!(error instanceof ConfigError)) crash(error)
    process.stderr.write(error.linesOf(PROGRAM))
    process.exit(EXIT_UNUSABLE)
  }
}

/** Until the services's own handlers are there. The end of the process would come before Node's own words. */
function crash(error: unknown): never {
  process.stderr.write(`${PROGRAM}: this should not have happened: ${(error as Error).stack ?? String(error)}\n`)
  process.exit(EXIT_CRASHED)
}

/**
 * Ends the process before Node waits for its threads, for ever if one waits for events or for a dead file server, and
 * before Node ends one in the middle of a native call, which is a crash.
 */
function leaveThreads(code: number): never {
  flushCompileCache()
  exitAtOnce(code)
}

function leaveUnusable(error: Error): never {
  const problem = databaseTrouble(error)?.problem.message
  process.stderr.write(`${PROGRAM}: ${error.message}${problem === undefined ? '' : `; ${problem}`}\n`)
  process.exit(EXIT_UNUSABLE)
}

/** @throws {ConfigError} also for a config that would lose watches of a database that is about to be upgraded */
function readConfig(path: string): Config {
  let known: KnownWatches | undefined
  const config = loadConfig(path, {
    checkFolders: {
      // If a path of an earlier run's watches is missing it is away; another missing path is a mistake.
      isKnown: (folder, databasePath) => {
        known ??= knownWatches(databasePath)
        return known.paths.has(folder)
      },
    },
  })
  known ??= knownWatches(config.databasePath)
  const lost = watchesLost(
    known,
    config.watches.map(({ name }) => name),
  )
  if (lost !== null) throw new ConfigError(lost)
  return config
}

function runUntilSignal(
  { config, configPath, waits }: { readonly config: Config; readonly configPath: string; readonly waits: boolean },
  log: Logger,
  startLookingThread: () => Worker,
): void {
  const { databasePath } = config
  const confinement = createConfinement(config, log)
  const opener = createOpener(databasePath, confinement)
  let isConfined = false
  const persistence = createPersistence({
    databasePath,
    troubleAtStart: (error) => troubleAtStart(error, waits),
    open: opener.open,
    note: opener.note,
    createIndexer: (db, onCrash) => {
      log.info({ database: databasePath, watches: config.watches }, 'started')
      if (!isConfined) confinement.begin()
      isConfined = true
      const parts = { config, configPath, db, tellOfCommit: opener.tell, log, observerThread: startLookingThread() }
      return createIndexer(parts, onCrash)
    },
    log,
    nowMs: () => performance.now(),
    wallMs: Date.now,
  })
  // Timers and threads' messages write to the database too, and nothing else catches their errors.
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.off(event, crash)
    process.on(event, persistence.fail)
  }
  let isStopping = false
  const stop = (signal: NodeJS.Signals) => {
    if (isStopping) return
    isStopping = true
    log.info({ signal }, 'stopping')
    void persistence.stop(STOP_MAX_MS).then(() => process.exit(0))
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  persistence.run().catch((error: unknown) => {
    if (isStopping) return
    if (error instanceof DatabaseUnusableError) leaveUnusable(error)
    if (START_AGAIN.some((kind) => error instanceof kind)) {
      log.fatal((error as Error).message)
      // Even closing the database would write to it.
      exitAtOnce(EXIT_START_AGAIN)
    }
    log.fatal({ err: error }, 'stopping: this should not have happened; what is in the database is right')
    process.exit(EXIT_CRASHED)
  })
}

/**
 * Opens the database as its one writer. Each time the lock is taken anew, since its file may go with the database's
 * folder.
 */
function createOpener(
  databasePath: string,
  confinement: Confinement,
): Pick<PersistenceTools, 'open' | 'note'> & Pick<WriterLock, 'tell'> {
  let lock: WriterLock | null = null
  const open = (): FeedDatabase => {
    lock?.release()
    lock = null
    confinement.check()
    lock = lockForWriting(databasePath, (fd) => tryLock(fd).ok)
    const db = openWriter(databasePath)
    try {
      proveWritable(db)
    } catch (error) {
      db.sqlite.close()
      throw error
    }
    return db
  }
  return { open, note: (note) => lock?.note(note), tell: () => lock?.tell() }
}
