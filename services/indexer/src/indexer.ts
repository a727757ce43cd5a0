/** Wires the stages: watch → reconcile → store → metadata, and what they tell each other. */
import type { Config } from '@drive-feed/shared/config.ts'
import { createExclude } from '@drive-feed/shared/exclude.ts'
import type { Logger } from '@drive-feed/shared/logger.ts'
import type { FeedDatabase } from '@drive-feed/shared/open-database.ts'
import { BIG_FILE_BYTES } from './metadata/backlog.ts'
import { createFeeder, type WaitingFile } from './metadata/feeder.ts'
import type { MetadataResult } from './metadata/metadata-job.ts'
import { createMetadataPool } from './metadata/pool.ts'
import { createDevices } from './reconcile/devices.ts'
import { createEventIntake } from './reconcile/event-intake.ts'
import { createHints } from './reconcile/hints.ts'
import { createLimbo } from './reconcile/limbo.ts'
import { createReconciler } from './reconcile/reconciler.ts'
import { createRootKeeper } from './reconcile/root-keeper.ts'
import type { Root } from './reconcile/roots.ts'
import { createScans } from './reconcile/scans.ts'
import { createVisits } from './reconcile/visits.ts'
import { startObserver } from './scan/observer.ts'
import { createSchedule } from './schedule.ts'
import { startStatusKeeper } from './status-keeper.ts'
import { createBookkeeping } from './store/bookkeeping.ts'
import type { MetadataFinding } from './store/metadata-writer.ts'
import { createStore } from './store/store.ts'
import { startDrain } from './watch/drain.ts'
import { decodeEvents } from './watch/inotify-events.ts'
import { createInotify, EMFILE, ENOSPC, removeWatch } from './watch/libc.ts'
import { createTree, type Folder, pathOf, type RootFolder } from './watch/tree.ts'

export type Indexer = {
  /** Runs until `stop`. Rejects on a bug, or when the database can't be written. */
  readonly run: () => Promise<void>
  readonly stop: () => Promise<void>
}

/** How often roots are looked at without a reason: there are ways to go away that give no event. */
const ROOT_CHECK_MS = 30_000
const OFFLINE_ROOT_CHECK_MS = 3_000
/** After a file did not hold still while it was read: when it is looked at, and how soon it may be read again. */
const CHANGED_RETRY_MS = 1_000
/** Places that may wait; beyond, a root is scanned instead. */
const HINTS_MAX = 200_000

export function createIndexer(config: Config, db: FeedDatabase, log: Logger, onCrash: (error: Error) => void): Indexer {
  const nowMs = Date.now
  const schedule = createSchedule(config.settleMs, nowMs)
  const store = createStore(db)
  const books = createBookkeeping(db)
  const { known } = store
  const tree = createTree()
  const hints = createHints()
  const visits = createVisits()
  const limbo = createLimbo()
  const rootsByFd = new Map<number, Root>()

  const observer = startObserver(
    new URL('./observer-thread.ts', import.meta.url),
    { excludes: config.exclude },
    onCrash,
  )
  const devices = createDevices({ signs: observer.signs, rows: books.devices, save: books.saveDevice })
  const drain = startDrain({
    onBytes: (fd, bytes) => {
      const top = rootsByFd.get(fd)?.top
      if (!top) return
      intake.take(top, decodeEvents(bytes))
      if (hints.size() > HINTS_MAX) collapse(top)
      reconciler.wake()
    },
    onDropped: (fd) => {
      const root = rootsByFd.get(fd)
      if (root !== undefined) scans.start(root, 'overflow')
      reconciler.wake()
    },
    onMounts: () => checkRoots(() => true),
    onCrash,
  })
  const dropFolder = (folder: Folder) => {
    for (const watch of tree.remove(folder)) {
      intake.unwatched(folder.root, watch)
      if (folder.root.inotifyFd !== null) removeWatch(folder.root.inotifyFd, watch)
    }
  }
  const apply = (decisions: Parameters<typeof store.apply>[0]) => {
    store.apply(decisions)
    feeder.wake()
  }
  const keeper = createRootKeeper(config.watches, {
    tree,
    observer,
    devices,
    known,
    apply,
    savedRoots: books.roots,
    saveRoot: books.saveRoot,
    removeRoot: books.removeRoot,
    createInstance: (root) => {
      const made = createInotify()
      if (!made.ok) return { message: instanceLimitMessage(made.errno) }
      rootsByFd.set(made.value, root)
      drain.add(made.value)
      return { fd: made.value }
    },
    onAttached: (root) => scans.start(root, root.scanStartedMs === 0 ? 'start' : 'back'),
    onOffline: ({ top }) => {
      if (top === null) return
      hints.dropRoot(top)
      visits.dropRoot(top)
    },
    dropFolder,
    nowMs,
    log,
  })
  const scans = createScans({
    tree,
    visits,
    limbo,
    keeper: () => keeper,
    rescanHours: config.rescanHours,
    nowMs,
    log,
    onAllDone: () => keeper.removeUnconfigured(),
  })
  const rootOf = (top: RootFolder) => keeper.byTop(top)
  const collapse = (top: RootFolder) => {
    hints.dropRoot(top)
    const root = rootOf(top)
    if (root !== undefined) scans.start(root, 'overflow')
  }
  const checkRoots = (which: (root: Root) => boolean) => {
    for (const root of keeper.roots.filter(which)) reconciler.between(() => keeper.check(root))
  }
  const intake = createEventIntake({
    tree,
    hints,
    isExcluded: createExclude(config.exclude),
    nowMs,
    onLost: (top) => {
      const root = rootOf(top)
      if (root !== undefined) scans.start(root, 'overflow')
    },
    onRootGone: (top) => checkRoots((root) => root.top === top),
  })
  const reconciler = createReconciler({
    tree,
    observer,
    look: observer.look,
    devices,
    known,
    apply,
    limbo,
    hints,
    visits,
    intake,
    scans,
    nowMs,
    log,
    awaiting: (seen, facts) => schedule.awaiting(seen, facts, scans.isScanning()),
    rootVacancy: keeper.vacancyOf,
    dropFolder,
    onApplied: () => {},
    drained: drain.drained,
    watchLimitErrno: ENOSPC,
    onRootGone: (folder, how) => {
      const root = rootOf(folder.root)
      if (root === undefined) return
      if (how === 'empty') keeper.takeOffline(root, emptyMessage(root))
      else checkRoots((other) => other === root)
    },
  })
  const pool = createMetadataPool({
    workers: config.metadataWorkers,
    onResults: (results) => feeder.takeResults(results),
    onProblem: (problem) => log.error(problem),
  })
  const feeder = createFeeder({
    pool,
    bigFileBytes: BIG_FILE_BYTES,
    waiting: (now, limit) =>
      known.waiting(now, limit).flatMap((file): WaitingFile[] => {
        const path = folderPath(file.parentId)
        return path === null ? [] : [{ ...file, path: `${path}/${file.name}` }]
      }),
    nextDueMs: known.nextDueMs,
    save: (results) => {
      const lookAgain = results.filter(({ kind }) => kind === 'changed' || kind === 'gone')
      store.saveMetadata(results.map((result) => findingOf(result, nowMs())))
      for (const { job } of lookAgain) {
        const row = known.byId(job.nodeId)
        if (row !== undefined) reconciler.hint(row, 'stale', 'now')
      }
      if (lookAgain.length > 0) reconciler.wake()
    },
    nowMs,
  })
  const folderPath = (folderId: string) => {
    const folder = tree.get(folderId)
    return folder === undefined ? known.pathOf(folderId) : pathOf(folder)
  }
  const status = startStatusKeeper({
    save: books.saveStatus,
    counts: known.counts,
    progress: () => ({
      state: scans.isScanning() ? 'scanning' : 'watching',
      foldersWaiting: visits.size(),
      filesHashed: feeder.finished(),
      oldestHintMs: hints.oldestDueSinceMs(nowMs()),
      ...scans.counts(),
    }),
    nowMs,
  })
  const timers = [
    setInterval(() => checkRoots((root) => root.state !== 'offline'), ROOT_CHECK_MS),
    setInterval(() => {
      checkRoots((root) => root.state === 'offline')
      scans.startDue()
      reconciler.wake()
    }, OFFLINE_ROOT_CHECK_MS),
  ]
  return {
    run: async () => {
      if (known.counts().waiting > 0 || keeper.roots.length > 0) pool.start()
      reconciler.between(keeper.attachAll)
      feeder.wake()
      await reconciler.run()
    },
    stop: async () => {
      for (const timer of timers) clearInterval(timer)
      reconciler.stop()
      await Promise.all([pool.stop(), drain.stop(), observer.stop()])
      feeder.stop()
      status.stop()
    },
  }
}

function findingOf(result: MetadataResult, nowMs: number): MetadataFinding {
  const { job: bytes } = result
  switch (result.kind) {
    case 'done':
      return { kind: 'found', bytes, metadata: result.metadata, problem: result.problem }
    case 'failed':
    case 'unreadable':
      return { kind: result.kind, bytes, problem: result.problem }
    default:
      return { kind: 'later', bytes, dueMs: nowMs + CHANGED_RETRY_MS }
  }
}

function instanceLimitMessage(errno: number): string {
  if (errno !== EMFILE) return `inotify is not to be had (errno ${errno}); the root is rescanned every minute instead`
  return 'the kernel gives no further inotify instance; the root is rescanned every minute instead. \
On the host: sysctl -w fs.inotify.max_user_instances=1024'
}

function emptyMessage(root: Root): string {
  return `${root.path} is suddenly empty, as when a disk is not mounted; mount it, its nodes are kept until then. \
If it was emptied on purpose, put any file into it, or give the watch another name in the config`
}
