/** Wires the stages: watch → reconcile → store → metadata. */
import { closeSync } from 'node:fs'
import type { Worker } from 'node:worker_threads'
import type { Config } from '@drive-feed/shared/config/config.ts'
import { createExclude, excludesByPath } from '@drive-feed/shared/exclude.ts'
import type { Logger } from '@drive-feed/shared/logger.ts'
import type { FeedDatabase } from '@drive-feed/shared/open-database.ts'
import { createOwnFiles } from '@drive-feed/shared/own-files.ts'
import { type ProblemText, problemText } from '@drive-feed/shared/problem.ts'
import { createFailureLog, type FailureLog } from './metadata/failure-log.ts'
import type { Feeder } from './metadata/feeder.ts'
import { createLauncher, type Launcher } from './metadata/launcher.ts'
import { createMetadataPool, type MetadataPool } from './metadata/pool.ts'
import { createReadingRetries } from './metadata/reading-retries.ts'
import { UNSURE_TYPES } from './metadata/unsure-types.ts'
import type { VersionWatch } from './metadata/version-watch.ts'
import { createMetadataFlow, createVersions } from './metadata-flow.ts'
import { createNotice } from './notice.ts'
import { inotifyLimits } from './posix/inotify-limits.ts'
import { createInotify, EMFILE, ENOSPC, removeWatch } from './posix/libc.ts'
import { createExhaustion, TOO_MANY_OPEN } from './process/exhaustion.ts'
import { createRest, processCpuUsage, releaseHeap } from './process/memory.ts'
import { ALLOW_OPEN_FILES, mayOpen } from './process/open-files.ts'
import { createProblemKeeper, type ProblemKeeper } from './process/problem-keeper.ts'
import { type StatusKeeper, startStatusKeeper } from './process/status-keeper.ts'
import { Pipeline } from './reconcile/pipeline.ts'
import type { Ports } from './reconcile/ports.ts'
import type { Pace } from './reconcile/roots/coverage.ts'
import type { Layout } from './reconcile/roots/layout.ts'
import { READ_DURING_SCAN_AFTER_MS } from './reconcile/roots/may-read.ts'
import { minutesUpTo } from './reconcile/roots/watch-messages.ts'
import { type Mountinfo, parseMountinfo, readMountinfo } from './scan/mountinfo.ts'
import { createObserver, type Observer } from './scan/observer.ts'
import { acceptances, dropAcceptance, takeAcceptance } from './store/acceptance.ts'
import { createBookkeeping } from './store/bookkeeping.ts'
import { createReadAgain } from './store/read-again.ts'
import { dropRescan, rescanRequests } from './store/rescan-requests.ts'
import { createStore } from './store/store.ts'
import { createWalKeeper } from './store/wal-keeper.ts'
import { type Drain, type DrainHandlers, startDrain } from './watch/drain.ts'
import { decodeEvents } from './watch/inotify-events.ts'

export type Indexer = {
  /** Runs until `stop`. Rejects on a bug, or when the database can't be written. */
  readonly run: () => Promise<void>
  /** `abandon`: writes nothing more, because the database can't be written. */
  readonly stop: (how: 'orderly' | 'abandon') => Promise<void>
}

/** How often roots are looked at without a reason: a root may go away without an event. */
const ROOT_CHECK_MS = 30_000
/** How often work is done that no event starts. */
const TICK_MS = 3_000
/** How often the oldest removals are deleted, and how soon the next slice if there are many. */
const FORGET_REMOVALS_MS = 3_600_000
const FORGET_MORE_AFTER_MS = 1_000
/** How often the process is checked for having come to rest. */
const REST_CHECK_MS = 5_000
/** After a start no file waits longer than this, whatever the clock was when its time was written. */
const DUE_AHEAD_MAX_MS = 60_000
/** Hints that may wait. Beyond this a root is scanned instead. */
const HINTS_MAX = 200_000

/** A slot is a minute. A folder is quiet, so that another may have its watch, when no event came for ten minutes. */
const PACE = { slotMs: 60_000, quietSeconds: 600 }

const WAL_CHECK_MS = 5_000

export type IndexerParts = {
  readonly config: Config
  /** The config file that messages name. */
  readonly configPath?: string
  readonly db: FeedDatabase
  /** Tells readers that the feed has changed. Default: they look for themselves. */
  readonly tellOfCommit?: () => void
  readonly log: Logger
  /** A thread that runs `observer-thread.ts` and was sent nothing yet. */
  readonly observerThread: Worker
  /**
   * For tests: how many hints and bytes of events may wait in memory, the pace of listings without a watch, and the
   * WAL's limit.
   */
  readonly limits?: {
    readonly hintsMax?: number
    readonly backlogBytesMax?: number
    readonly pace?: Partial<Pace>
    readonly walBytesMax?: number
  }
}

/** The parts that need no other stage. */
function createCore({ config, configPath, db, tellOfCommit, log, limits = {} }: IndexerParts) {
  const nowMs = () => performance.timeOrigin + performance.now()
  const wallMs = () => Date.now()
  const store = createStore(db, wallMs, tellOfCommit)
  // The clock may have been ahead when a due time was written.
  store.capDue(nowMs() + DUE_AHEAD_MAX_MS)
  if (config.skipInitialHash) store.skipOriginals()
  else store.readSkipped()
  return {
    config,
    configPath,
    log,
    limits,
    nowMs,
    wallMs,
    store,
    known: store.known,
    books: createBookkeeping(db),
    readAgain: createReadAgain(db, UNSURE_TYPES),
    wal: createWalKeeper(db, { nowMs, wallMs, ...(limits.walBytesMax && { limitBytes: limits.walBytesMax }) }),
    exhaustion: createExhaustion({ log, nowMs, wallMs }),
    readingRetries: createReadingRetries({ arrivalOf: store.known.arrivalOf, nowMs }),
    own: createOwnFiles(config),
  }
}
type Core = ReturnType<typeof createCore>

export function createIndexer(parts: IndexerParts, onCrash: (error: Error) => void): Indexer {
  return new Stages(parts, onCrash)
}

/** The stages. They call each other, but only after all of them are made. */
class Stages implements Indexer {
  readonly pipeline: Pipeline
  readonly launcher: Launcher
  readonly pool: MetadataPool
  readonly feeder: Feeder
  readonly versions: VersionWatch
  readonly failures: FailureLog
  readonly problems: ProblemKeeper
  readonly #core: Core
  readonly #observer: Observer
  readonly #drain: Drain
  readonly #status: StatusKeeper
  readonly #timers: readonly NodeJS.Timeout[]

  constructor(parts: IndexerParts, onCrash: (error: Error) => void) {
    const core = createCore(parts)
    const { config, log } = parts
    this.#core = core
    this.#observer = createObserver(parts.observerThread, { ...config, own: config }, onCrash)
    this.#drain = startDrain(this.#drainHandlers(onCrash), core.limits.backlogBytesMax)
    this.pipeline = new Pipeline(this.#ports())
    this.failures = createFailureLog(core)
    this.launcher = createLauncher({
      folders: () => this.pipeline.layout.roots.all.map(({ path }) => path),
      onLate: () => renewWorkers(this),
      onCrash,
    })
    this.pool = createMetadataPool({
      launch: this.launcher.launch,
      workers: config.metadataWorkers,
      onResults: (results) => this.feeder.takeResults(results),
      onProblem: (problem) => log.error(problem),
      onVersions: (versions) => this.versions.tell(versions),
    })
    this.versions = createVersions({ readAgain: core.readAgain, log, onMarked: () => this.feeder.wake() })
    this.feeder = createFlow(core, this)
    const { store, exhaustion, wal, wallMs } = core
    const { layout, messages, stalls } = this.pipeline
    this.problems = createProblemKeeper({
      noticed: createNotice({
        ...{ store, exhaustion, wal, wallMs, pool: this.pool },
        ...{ roots: layout.roots, messages, stalls },
      }),
      ...{ saved: core.books.problems, save: core.books.saveProblems, wallMs },
      isAllKnown: () => !layout.roots.isScanning(),
    })
    this.#status = this.#startStatus()
    this.#timers = startTimers(core, this)
  }

  // The metadata workers start with their first file: until then the scan has the cores to itself.
  run(): Promise<void> {
    this.pipeline.begin()
    this.#status.begin()
    return this.pipeline.run()
  }

  async stop(how: 'orderly' | 'abandon'): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer)
    this.versions.stop()
    this.pipeline.stop()
    const endWriting = () => {
      this.feeder.stop(how)
      this.#status.stop(how)
    }
    if (how === 'abandon') endWriting()
    await Promise.all([this.pool.stop(), this.#drain.stop(), this.#observer.stop()])
    this.launcher.stop()
    this.failures.stop()
    if (how === 'orderly') endWriting()
    for (const fd of this.pipeline.instances()) closeSync(fd)
  }

  #ports(): Ports {
    const { config, configPath, limits, books, store, exhaustion, readingRetries, own, nowMs, wallMs, log } = this.#core
    const { databasePath } = config
    return {
      settings: {
        ...config,
        isExcluded: createExclude(config.excludes),
        excludesByPath: excludesByPath(config.excludes),
        quietMs: config.settleMs,
        pace: { ...PACE, slotsMax: config.unwatchedRescanMinutes, ...limits.pace },
        hintsMax: limits.hintsMax ?? HINTS_MAX,
        configPath,
      },
      clock: { nowMs, wallMs },
      kernel: {
        createInstance: () => this.#createInstance(),
        removeWatch,
        drained: () => this.#drain.drained(),
        limits: inotifyLimits,
        watchLimitErrno: ENOSPC,
      },
      disk: { ...this.#observer, mounts: mountsNow, onExhausted: exhaustion.report },
      database: {
        ...{ known: store.known, apply: store.apply, addFiles: store.addFiles, transaction: store.transaction },
        ...{ roots: books.roots, removeRoot: books.removeRoot, devices: books.devices, saveDevice: books.saveDevice },
        // A root's problems are written with its row, not a moment later.
        saveRoot: (row) =>
          store.transaction(() => {
            books.saveRoot(row)
            this.problems.keep()
          }),
      },
      metadata: {
        wake: () => this.feeder.wake(),
        onAllScanned: () => {
          store.askAgainNow()
          this.feeder.wake()
        },
        onFoldersChanged: () => renewWorkers(this),
        notBeforeMs: readingRetries.notBeforeMs,
        tried: readingRetries.tried,
      },
      owner: {
        words: () => acceptances(databasePath),
        takeWord: (nodeId, folder) => takeAcceptance(databasePath, nodeId, folder),
        dropWord: (nodeId) => dropAcceptance(databasePath, nodeId),
        rescans: () => rescanRequests(databasePath),
        dropRescan: (nodeId) => dropRescan(databasePath, nodeId),
      },
      ownFiles: own,
      log,
    }
  }

  #createInstance(): { readonly fd: number } | { readonly why: ProblemText } {
    const made = createInotify()
    if (!made.ok) return { why: instanceProblem(made.errno, this.#core.config) }
    this.#drain.add(made.value)
    return { fd: made.value }
  }

  #drainHandlers(onCrash: (error: Error) => void): DrainHandlers {
    return {
      onBytes: (fd, bytes) => this.pipeline.take(fd, decodeEvents(bytes)),
      onDropped: (fd) => this.pipeline.lost(fd),
      onMounts: () => {
        this.#core.own.refresh()
        this.pipeline.mounted()
      },
      onCrash,
    }
  }

  #startStatus(): StatusKeeper {
    const { known, books, nowMs, wallMs } = this.#core
    const { pipeline } = this
    const { layout, pending } = pipeline
    return startStatusKeeper({
      save: books.saveStatus,
      keepProblems: this.problems.keep,
      counts: known.counts,
      progress: () => ({
        state: layout.roots.isScanning() ? 'scanning' : 'watching',
        isInitialScanComplete: areAllScanned(this.#core, layout),
        foldersWaiting: pending.visits.size(),
        filesHashed: this.feeder.finished(),
        oldestHintMs: pending.hints.oldestDueSinceMs(nowMs()),
        foldersKnown: layout.tree.size(),
        placesFailing: pipeline.failing.count(),
        limits: inotifyLimits(),
        ...pipeline.scans.counts(),
      }),
      nowMs,
      wallMs,
    })
  }
}

function startTimers(core: Core, stages: Stages): NodeJS.Timeout[] {
  const { pipeline } = stages
  const releaseMemory = () => {
    core.books.shrinkMemory()
    releaseHeap()
  }
  const forgetRemovals = () => {
    if (core.store.forgetOldRemovals()) forgetting.refresh()
  }
  const forgetting = setTimeout(forgetRemovals, FORGET_MORE_AFTER_MS)
  return [
    forgetting,
    setInterval(forgetRemovals, FORGET_REMOVALS_MS),
    setInterval(() => pipeline.checkRoots((root) => root.state.kind !== 'offline'), ROOT_CHECK_MS),
    setInterval(() => pipeline.tick(), TICK_MS),
    // A timer may be a millisecond early.
    ...Object.values(READ_DURING_SCAN_AFTER_MS).map((afterMs) => setTimeout(() => wakeReading(stages), afterMs + 10)),
    setInterval(() => checkWal(core), WAL_CHECK_MS),
    setInterval(createRest(processCpuUsage, releaseMemory), REST_CHECK_MS),
  ]
}

function mountsNow(): Mountinfo[] | null {
  const mountinfo = readMountinfo()
  return mountinfo === null ? null : parseMountinfo(mountinfo)
}

/** If nothing is to be read, starts a worker only to learn whether earlier answers are still right. */
function wakeReading({ pipeline, feeder, pool, versions }: Stages): void {
  if (!pipeline.mayRead()) return
  feeder.wake()
  if (!versions.isTold()) pool.probe()
}

/** Replaces the workers: they may read only below the folders that were there when they began. */
function renewWorkers({ launcher, pool }: Stages): void {
  launcher.foldersChanged()
  pool.renew()
}

function createFlow({ store, readingRetries, nowMs }: Core, { pipeline, pool, failures }: Stages): Feeder {
  const { pending, reconciler } = pipeline
  const { tree, roots, devices, trust } = pipeline.layout
  return createMetadataFlow({
    ...{ pool, store, tree, failures, nowMs, retries: readingRetries },
    rootAt: roots.byPath,
    deviceNumberOf: devices.numberOf,
    carriesHash: trust.carriesHash,
    lookAt: (row) => {
      pending.hint(row, 'stale', 'now')
      reconciler.wake()
    },
  })
}

/** Why a root has no inotify instance. */
function instanceProblem(errno: number, { watches, unwatchedRescanMinutes }: Config): ProblemText {
  const meanwhile = `the root is rescanned every ${minutesUpTo(unwatchedRescanMinutes)} instead`
  if (errno !== EMFILE) {
    const text = `the kernel refuses an inotify instance (errno ${errno}); ${meanwhile}`
    return { text, message: text, fix: 'check free memory; the indexer asks again every minute' }
  }
  if (!mayOpen(1)) return problemText(`${TOO_MANY_OPEN}; ${meanwhile}`, ALLOW_OPEN_FILES, '. ')
  const { allowed, raise } = inotifyLimits().instances
  const text = `the kernel allows ${allowed} inotify instances, those of all other programs included, and gives no further \
one; ${meanwhile}`
  return problemText(text, raise(allowed + watches.length), '. ')
}

/** Whether every watched root was ever scanned to its end, in this run or an earlier one. */
function areAllScanned({ books }: Core, { roots }: Pick<Layout, 'roots'>): boolean {
  const scanned = new Set(books.roots().flatMap(({ name, wasScanned }) => (wasScanned ? [name] : [])))
  return roots.all.every(({ key }) => scanned.has(key))
}

function checkWal({ wal, log }: Core): void {
  const before = wal.held()
  wal.check()
  const held = wal.held()
  if (before === null && held !== null) log.warn(held.message)
  if (before !== null && held === null) log.info('nobody holds the write-ahead log of the database any more')
}
