/** Wires the stages: watch → reconcile → store → metadata, and what they tell each other. */
import { closeSync } from 'node:fs'
import type { Worker } from 'node:worker_threads'
import type { Config } from '@drive-feed/shared/config/config.ts'
import { createExclude } from '@drive-feed/shared/exclude.ts'
import type { Logger } from '@drive-feed/shared/logger.ts'
import type { FeedDatabase } from '@drive-feed/shared/open-database.ts'
import { createOwnFiles } from '@drive-feed/shared/own-files.ts'
import { type Advice, advice } from '@drive-feed/shared/problem.ts'
import { SUPER_ROOT_ID, type WatchRootRow } from '@drive-feed/shared/schema.ts'
import { createFailureLog, type FailureLog } from './metadata/failure-log.ts'
import { type Answered, createFeeder, type Feeder, type WaitingFile } from './metadata/feeder.ts'
import { createLauncher, type Launcher } from './metadata/launcher.ts'
import type { MetadataJob, MetadataResult } from './metadata/metadata-job.ts'
import { createMetadataPool, type MetadataPool } from './metadata/pool.ts'
import { createReadingRetries, type ReadingRetries } from './metadata/reading-retries.ts'
import { BIG_FILE_BYTES } from './metadata/task.ts'
import { createVersionWatch, type VersionWatch } from './metadata/version-watch.ts'
import type { Decision } from './model/decision.ts'
import { createTree, type Folder, pathOf, type RootFolder } from './model/folder-tree.ts'
import type { Seen } from './model/seen.ts'
import { createNotice } from './notice.ts'
import { inotifyLimits } from './posix/inotify-limits.ts'
import { createInotify, EMFILE, ENOSPC, removeWatch } from './posix/libc.ts'
import { createExhaustion, TOO_MANY_OPEN } from './process/exhaustion.ts'
import { createRest, processCpuUsage, releaseHeap } from './process/memory.ts'
import { ALLOW_OPEN_FILES, mayOpen } from './process/open-files.ts'
import { createProblemKeeper, type ProblemKeeper } from './process/problem-keeper.ts'
import { startStatusKeeper } from './process/status-keeper.ts'
import { createDevices, type Devices } from './reconcile/devices/devices.ts'
import { createMountFence, type MountFence } from './reconcile/devices/mount-fence.ts'
import { createMountPlaces, type MountPlaces } from './reconcile/devices/mount-places.ts'
import type { NumberKind } from './reconcile/devices/number-kind.ts'
import { createNumberTrust, type NumberTrust } from './reconcile/devices/number-trust.ts'
import { createReconciler, type Reconciler } from './reconcile/loop.ts'
import type { Tried } from './reconcile/pending/backoff.ts'
import { createEventIntake, type EventIntake } from './reconcile/pending/event-intake.ts'
import { createHints } from './reconcile/pending/hints.ts'
import { createLimbo } from './reconcile/pending/limbo.ts'
import { createRevisits } from './reconcile/pending/revisits.ts'
import { createVisits } from './reconcile/pending/visits.ts'
import { createWriters } from './reconcile/pending/writers.ts'
import { emptyMessage } from './reconcile/roots/away-messages.ts'
import { createDisksAway, type DisksAway } from './reconcile/roots/disks-away.ts'
import { createFailingPlaces, type FailingPlaces } from './reconcile/roots/failing-places.ts'
import type { Root } from './reconcile/roots/root.ts'
import { createRootKeeper, type RootKeeper } from './reconcile/roots/root-keeper.ts'
import { createRoots, type Roots } from './reconcile/roots/roots.ts'
import { createScans, type Scans } from './reconcile/roots/scans.ts'
import { createStallWatch, type StallWatch } from './reconcile/roots/stall-watch.ts'
import type { Pace } from './reconcile/roots/unwatched.ts'
import { minutesUpTo } from './reconcile/roots/watch-messages.ts'
import { createSchedule } from './reconcile/settling/metadata-due.ts'
import type { LookRequest } from './scan/look.ts'
import { parseMountinfo, readMountinfo } from './scan/mountinfo.ts'
import { createObserver, type LookReply, type Observer } from './scan/observer.ts'
import { acceptances, dropAcceptance, takeAcceptance } from './store/acceptance.ts'
import { createBookkeeping } from './store/bookkeeping.ts'
import type { MetadataFinding } from './store/metadata-writer.ts'
import type { Waiting } from './store/node-queries.ts'
import { createReadAgain } from './store/read-again.ts'
import { createStore } from './store/store.ts'
import { createWalKeeper } from './store/wal-keeper.ts'
import { type Drain, type DrainHandlers, startDrain } from './watch/drain.ts'
import { decodeEvents } from './watch/inotify-events.ts'

export type Indexer = {
  /** Runs until `stop`. Rejects on a bug, or when the database can't be written. */
  readonly run: () => Promise<void>
  /** `abandon`: writes nothing any more, because the database can't be written. */
  readonly stop: (how: 'orderly' | 'abandon') => Promise<void>
}

/** How often roots are looked at without a reason: there are ways to go away that give no event. */
const ROOT_CHECK_MS = 30_000
const OFFLINE_ROOT_CHECK_MS = 3_000
/** How often the oldest removals are forgotten, and how soon the next of them if there are many. */
const FORGET_REMOVALS_MS = 3_600_000
const FORGET_MORE_AFTER_MS = 1_000
/** The process has come to rest when it did nothing for this long. */
const REST_CHECK_MS = 5_000
/** After a start no file waits longer than this, whatever the clock was when it was told to wait. */
const DUE_AHEAD_MAX_MS = 60_000
/** From when on files are read while the first scan goes on. */
const READ_DURING_SCAN_AFTER_MS = 3_000
/** A file that is to be asked for again and is not there, or not to be had, waits so long, or until the next scan. */
const AGAIN_AFTER_MS = 3_600_000
/** Places that may wait; beyond, a root is scanned instead. */
const HINTS_MAX = 200_000

/** A minute, and how long no event was told of what is in a folder before another may have its watch. */
const PACE = { slotMs: 60_000, quietSeconds: 600 }

const WAL_CHECK_MS = 5_000

export type IndexerParts = {
  readonly config: Config
  /** Which the advice in messages names. */
  readonly configPath?: string
  readonly db: FeedDatabase
  readonly log: Logger
  /** Runs `observer-thread.ts` and was sent nothing yet. */
  readonly lookingThread: Worker
  /** For tests: what may wait in memory, places and bytes of events; how time is measured where watches are few; the WAL. */
  readonly limits?: {
    readonly hintsMax?: number
    readonly backlogBytesMax?: number
    readonly pace?: Partial<Pace>
    readonly walBytesMax?: number
  }
}

/** What needs nothing of the others. */
function createCore({ config, configPath, db, log, limits = {} }: IndexerParts) {
  // Milliseconds since 1970 that never jump: a clock that is set back must not hold up what is due.
  const nowMs = () => performance.timeOrigin + performance.now()
  // The clock on the wall may be set at any moment. Whatever is shown as a time is by that one, as are the times of files.
  const wallMs = () => Date.now()
  const store = createStore(db, wallMs)
  // The same across a restart, where the clock may have been ahead when it was written.
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
    readAgain: createReadAgain(db),
    wal: createWalKeeper(db, { nowMs, wallMs, ...(limits.walBytesMax && { limitBytes: limits.walBytesMax }) }),
    exhaustion: createExhaustion({ log, nowMs, wallMs }),
    tree: createTree(),
    writers: createWriters(),
    revisits: createRevisits(),
    readingRetries: createReadingRetries(nowMs),
    hints: createHints(),
    visits: createVisits(),
    limbo: createLimbo(),
    own: createOwnFiles(config),
    rootsByFd: new Map<number, Root>(),
    startedMs: nowMs(),
    /** Something may have been mounted, and /proc/self/mountinfo could not be read. */
    areMountsMissed: false,
  }
}
type Core = ReturnType<typeof createCore>

/** The stages that call each other, which they do only once all of them are made. */
type Stages = {
  observer: Observer
  devices: Devices
  trust: NumberTrust
  fence: MountFence
  mounts: MountPlaces
  disksAway: DisksAway
  drain: Drain
  roots: Roots
  keeper: RootKeeper
  scans: Scans
  intake: EventIntake
  reconciler: Reconciler
  failures: FailureLog
  launcher: Launcher
  pool: MetadataPool
  feeder: Feeder
  versions: VersionWatch
  failing: FailingPlaces
  stalls: StallWatch
  problems: ProblemKeeper
}

export function createIndexer(parts: IndexerParts, onCrash: (error: Error) => void): Indexer {
  const core = createCore(parts)
  const { config, log, lookingThread } = parts
  const { books, known, hints, visits, nowMs } = core
  const stages = {} as Stages
  stages.observer = createObserver(lookingThread, { excludes: config.exclude, own: config }, onCrash)
  stages.devices = createDevices({
    ...{ signs: stages.observer.signs, rows: books.devices, save: books.saveDevice },
    onDoubt: (device, numbers) => doubt(core, stages, device, numbers),
  })
  stages.trust = createNumberTrust({ ...core, devices: stages.devices })
  stages.fence = createMountFence(stages.observer, () => settleMounts(core, stages))
  stages.drain = createDrain(core, stages, onCrash)
  stages.roots = createRegistry(core, stages)
  stages.keeper = createKeeper(core, stages)
  stages.mounts = createMounts(core, stages)
  stages.scans = createRootScans(core, stages)
  stages.disksAway = createDiskKeeper(core, stages)
  stages.intake = createIntake(core, stages)
  stages.reconciler = createLoop(core, stages)
  stages.failures = createFailureLog(core)
  stages.launcher = createLauncher({
    folders: () => stages.roots.all.map(({ path }) => path),
    onLate: () => renewWorkers(stages),
    onCrash,
  })
  stages.pool = createMetadataPool({
    launch: stages.launcher.launch,
    workers: config.metadataWorkers,
    onResults: (results) => stages.feeder.takeResults(results),
    onProblem: (problem) => log.error(problem),
    onVersions: (versions) => stages.versions.tell(versions),
  })
  stages.versions = createVersions(core, stages)
  stages.feeder = createMetadataFeeder(core, stages)
  stages.failing = createFailing(core, stages)
  stages.stalls = createStallWatch({ ...core, atWork: stages.observer.atWork, roots: stages.roots })
  stages.problems = createProblemKeeper({
    noticed: createNotice({ ...core, ...stages }),
    ...{ saved: books.problems, save: books.saveProblems, wallMs: core.wallMs },
    isAllKnown: () => !stages.roots.isScanning(),
  })
  const { roots, scans, feeder, pool, reconciler, drain, observer } = stages
  const status = startStatusKeeper({
    save: books.saveStatus,
    keepProblems: stages.problems.keep,
    counts: known.counts,
    progress: () => ({
      state: roots.isScanning() ? 'scanning' : 'watching',
      isInitialScanComplete: areAllScanned(core, stages),
      foldersWaiting: visits.size(),
      filesHashed: feeder.finished(),
      oldestHintMs: hints.oldestDueSinceMs(nowMs()),
      foldersKnown: core.tree.size(),
      placesFailing: stages.failing.count(),
      limits: inotifyLimits(),
      ...scans.counts(),
    }),
    nowMs,
    wallMs: core.wallMs,
  })
  const timers = startTimers(core, stages)
  return {
    run: async () => {
      stages.keeper.rename()
      status.begin()
      // The metadata workers start with their first file: until then the scan has the cores to itself.
      reconciler.between(stages.mounts, async () => {
        // The looking thread notices every change by now: what is seen is seen under these mounts, or they are read again.
        await stages.observer.mountChanges()
        core.areMountsMissed = !stages.mounts.refresh()
      })
      checkRoots(stages, () => true)
      await reconciler.run()
    },
    stop: async (how) => {
      for (const timer of timers) clearInterval(timer)
      stages.versions.stop()
      reconciler.stop()
      const endWriting = () => {
        feeder.stop(how)
        status.stop(how)
      }
      if (how === 'abandon') endWriting()
      await Promise.all([pool.stop(), drain.stop(), observer.stop()])
      stages.launcher.stop()
      stages.failures.stop()
      if (how === 'orderly') endWriting()
      for (const fd of core.rootsByFd.keys()) closeSync(fd)
    },
  }
}

function startTimers(core: Core, stages: Stages): NodeJS.Timeout[] {
  const { scans, reconciler, stalls } = stages
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
    setInterval(() => checkRoots(stages, (root) => root.state !== 'offline'), ROOT_CHECK_MS),
    setTimeout(() => wakeReading(stages), READ_DURING_SCAN_AFTER_MS),
    setInterval(() => checkWal(core), WAL_CHECK_MS),
    setInterval(createRest(processCpuUsage, releaseMemory), REST_CHECK_MS),
    setInterval(() => {
      checkRoots(stages, (root) => root.state === 'offline')
      scans.startDue()
      stalls.check()
      stages.failing.check()
      settleDoubts(core, stages)
      if (core.areMountsMissed) settleMounts(core, stages)
      stages.mounts.lookAtOthers()
      takeWords(core, stages)
      reconciler.wake()
    }, OFFLINE_ROOT_CHECK_MS),
  ]
}

/** Where nothing is to be read, a worker is started only to learn whether what was read is still right. */
function wakeReading({ feeder, pool, versions }: Stages): void {
  feeder.wake()
  if (!versions.isTold()) pool.probe()
}

function checkRoots({ roots, keeper, reconciler }: Stages, which: (root: Root) => boolean): void {
  for (const root of roots.all.filter(which)) reconciler.between(root, () => keeper.check(root))
}

/** A filesystem is mounted anew: nothing in it was compared under this mount, and watches may be of the one before. */
function doubt({ tree, limbo, log }: Core, { roots, scans }: Stages, device: string, numbers: NumberKind): void {
  const tops = new Set<RootFolder>()
  for (const folder of tree.folders()) {
    if (folder.device !== device) continue
    folder.isCompared = false
    tops.add(folder.root)
  }
  for (const entry of limbo.entries()) if (entry.row.device === device) entry.isOfEarlierMount = true
  for (const root of roots.all) if (root.top !== null && tops.has(root.top)) scans.start(root, 'mount')
  if (numbers === 'lasting') return
  log.info(
    { device },
    'inode numbers of this filesystem do not last: after a mount files are recognised by their path, size and time',
  )
}

/** Notes of which filesystems everything known was compared with the disk since they were mounted. */
function settleDoubts({ tree, limbo, visits }: Core, { devices, roots }: Stages): void {
  const doubtful = new Set(devices.doubtful())
  if (doubtful.size === 0 || visits.areOpen() || roots.all.some(({ state }) => state !== 'watching')) return
  for (const { device, isCompared } of tree.folders()) if (!isCompared) doubtful.delete(device)
  for (const { row, isOfEarlierMount } of limbo.entries()) if (isOfEarlierMount) doubtful.delete(row.device)
  for (const device of doubtful) devices.compared(device)
}

/**
 * Something was mounted or unmounted: asks which filesystems and roots are where before anything seen since counts, and
 * has the places looked at where that may have been.
 */
function settleMounts(core: Core, { fence, devices, roots, keeper, mounts, reconciler }: Stages): void {
  reconciler.between(fence, () =>
    fence.settle(async () => {
      await devices.confirm()
      for (const root of roots.all) await keeper.check(root)
      core.areMountsMissed = !mounts.refresh()
    }),
  )
}

function createMounts({ tree, known, hints, nowMs }: Core, { devices, roots }: Stages): MountPlaces {
  const mounts = () => {
    const mountinfo = readMountinfo()
    return mountinfo === null ? null : parseMountinfo(mountinfo)
  }
  const tops = () => roots.all.flatMap(({ folder }) => folder ?? [])
  return createMountPlaces({ mounts, tops, tree, devices, known, hints, nowMs })
}

/** Scans a root from its top, because what happened in it is not known any more. */
function scanAfterLoss({ writers }: Core, { roots, scans }: Stages, top: RootFolder): void {
  writers.forgetAll()
  const root = roots.byTop(top)
  if (root !== undefined) scans.start(root, 'overflow')
}

function dropFolder({ tree }: Core, { intake }: Stages, folder: Folder): void {
  for (const watch of tree.remove(folder)) {
    intake.unwatched(folder.root, watch)
    if (folder.root.inotifyFd !== null) removeWatch(folder.root.inotifyFd, watch)
  }
}

/** Takes the watch of a folder that stays. What the kernel had queued by then still counts. */
function releaseWatch({ tree }: Core, { intake }: Stages, folder: Folder): void {
  const { watch, root } = folder
  if (watch === null || root.inotifyFd === null) return
  intake.releasing(folder)
  tree.setWatch(folder, null)
  removeWatch(root.inotifyFd, watch)
}

function createDrain(core: Core, stages: Stages, onCrash: (error: Error) => void): Drain {
  const { rootsByFd, hints } = core
  const handlers: DrainHandlers = {
    onBytes: (fd, bytes) => {
      const top = rootsByFd.get(fd)?.top
      if (top == null) return
      stages.intake.take(top, decodeEvents(bytes))
      if (hints.size() > (core.limits.hintsMax ?? HINTS_MAX)) {
        hints.dropRoot(top)
        scanAfterLoss(core, stages, top)
      }
      stages.reconciler.wake()
    },
    onDropped: (fd) => {
      const top = rootsByFd.get(fd)?.top
      if (top != null) scanAfterLoss(core, stages, top)
      stages.reconciler.wake()
    },
    onMounts: () => {
      core.own.refresh()
      settleMounts(core, stages)
    },
    onCrash,
  }
  return startDrain(handlers, core.limits.backlogBytesMax)
}

function createDiskKeeper({ config, configPath, tree, hints, nowMs, wallMs, log }: Core, stages: Stages): DisksAway {
  return createDisksAway({
    tree,
    roots: stages.roots,
    tell: (root) => stages.scans.tell(root),
    takeAcceptance: (nodeId, folder) => takeAcceptance(config.databasePath, nodeId, folder),
    lookAt: (folder, name) => hints.add({ folder, name, cause: 'touched' }, nowMs(), nowMs()),
    configPath,
    wallMs,
    log,
  })
}

/** Nothing happens at a disk that is away when its owner gives it up, so this asks. */
function takeWords({ config, known }: Core, { disksAway, roots }: Stages): void {
  const words = acceptances(config.databasePath)
  if (words.size === 0) return
  disksAway.lookAgain(words)
  // What is away is only known when all was looked at. A word that is about nothing must not be about another day.
  if (roots.isScanning() || roots.all.some(({ state }) => state === 'offline')) return
  for (const nodeId of words) {
    const isOfRoot = known.byId(nodeId)?.parentId === SUPER_ROOT_ID
    if (!isOfRoot && !disksAway.nodeIds().has(nodeId)) dropAcceptance(config.databasePath, nodeId)
  }
}

function createRegistry(core: Core, stages: Stages): Roots {
  const { config, known, books } = core
  return createRoots(config.watches, {
    known,
    savedRoots: books.roots,
    saveRoot: (row) => saveRoot(core, stages, row),
    wallMs: core.wallMs,
  })
}

/** What is not well with a root is there with its row, not a moment later. */
function saveRoot({ store, books }: Core, { problems }: Stages, row: WatchRootRow): void {
  store.atOnce(() => {
    books.saveRoot(row)
    problems.keep()
  })
}

function createKeeper(core: Core, stages: Stages): RootKeeper {
  const { config, tree, store, known, books, hints, visits, limbo, log, rootsByFd } = core
  return createRootKeeper({
    roots: stages.roots,
    tree,
    observer: stages.observer,
    devices: stages.devices,
    trust: stages.trust,
    known,
    apply: (decisions) => applyAndFeed(core, stages, decisions),
    atOnce: store.atOnce,
    savedRoots: books.roots,
    saveRoot: (row) => saveRoot(core, stages, row),
    removeRoot: books.removeRoot,
    takeAcceptance: (rootId, folder) => takeAcceptance(config.databasePath, rootId, folder),
    configPath: core.configPath,
    createInstance: (root) => {
      const made = createInotify()
      if (!made.ok) return { why: instanceAdvice(made.errno, config) }
      rootsByFd.set(made.value, root)
      stages.drain.add(made.value)
      return { fd: made.value }
    },
    onAttached: (root, why) => {
      renewWorkers(stages)
      stages.scans.start(root, why)
    },
    // A folder that is removed stays on its disk as long as workers may read it.
    onOffline: () => renewWorkers(stages),
    hints,
    visits,
    dropFolder: (folder) => dropFolder(core, stages, folder),
    limbo,
    log,
  })
}

/** Workers may read below the folders that were there when they began. */
function renewWorkers({ launcher, pool }: Stages): void {
  launcher.foldersChanged()
  pool.renew()
}

function applyAndFeed(
  { store, startedMs, nowMs }: Core,
  { feeder, roots }: Stages,
  decisions: readonly Decision[],
): void {
  store.apply(decisions)
  // A short first scan is through sooner when nothing is read meanwhile, and the workers are hardly up yet; a long one
  // must not keep them waiting. Its end wakes the feeder too.
  if (!roots.isScanning() || nowMs() - startedMs > READ_DURING_SCAN_AFTER_MS) feeder.wake()
}

function createRootScans(core: Core, stages: Stages): Scans {
  const { tree, visits, limbo, config, nowMs, log, limits } = core
  return createScans({
    tree,
    visits,
    limbo,
    roots: stages.roots,
    retryInstance: (root) => stages.keeper.retryInstance(root),
    rescanHours: config.rescanHours,
    pace: { ...PACE, slotsMax: config.unwatchedRescanMinutes, ...limits.pace },
    release: (folder) => releaseWatch(core, stages, folder),
    limits: inotifyLimits,
    nowMs,
    log,
    onScanned: (root) => {
      root.mayBeEmpty = false
      // All is well with it, so a word of the owner that came too late must not be about another day.
      if (root.folder !== null) dropAcceptance(config.databasePath, root.folder.nodeId)
    },
    onAllDone: () => {
      stages.keeper.removeUnconfigured()
      settleDoubts(core, stages)
      core.store.askAgainNow()
      stages.feeder.wake()
    },
  })
}

/** What is listed shows whether files of ours are in it; a look at some names only if they are. */
function tellOwnFiles(scans: Scans, requests: readonly LookRequest[], { answers }: LookReply): void {
  for (const [at, answer] of answers.entries()) {
    const { path, names } = requests[at] as LookRequest
    if (answer.kind === 'seen' && (names === null || answer.hasOwn)) scans.leftOut(path, answer.hasOwn === true)
  }
}

function createIntake(core: Core, stages: Stages): EventIntake {
  const { tree, hints, writers, visits, config, nowMs, own } = core
  const numberOf = (device: string) => BigInt(stages.devices.numberOf(device).replace(/\..*/, ''))
  return createEventIntake({
    isOwn: ({ device, inode }, name) =>
      own.mayBeOwn(name) && own.namesIn({ device: numberOf(device), inode: BigInt(inode) })?.(name) === true,
    tree,
    hints,
    writers,
    isExcluded: createExclude(config.exclude),
    nowMs,
    isVisiting: (top) => visits.open(top) > 0,
    onLost: (top) => scanAfterLoss(core, stages, top),
    doNumbersPass: (device) => stages.devices.numberKind(device) === 'passing',
    onUnmounted: ({ device }) => stages.devices.unmounted(device),
    onRootGone: (top) => checkRoots(stages, (root) => root.top === top),
  })
}

function createLoop(core: Core, stages: Stages): Reconciler {
  const { writers, tree, nowMs } = core
  const { observer, fence, devices, trust, roots, keeper, scans, intake, drain } = stages
  const schedule = createSchedule({
    settleMs: core.config.settleMs,
    writes: (place) => writers.streak(place, nowMs()),
    areWritesTold: (folderId) => scans.areWritesTold(tree.get(folderId)),
    nowMs,
    wallMs: core.wallMs,
  })
  return createReconciler({
    ...core,
    disksAway: stages.disksAway,
    noteTwin: (place) => stages.mounts.noteTwin(place),
    observer,
    look: async (requests) => {
      stages.mounts.follow()
      const reply = await fence.look(requests)
      tellOwnFiles(scans, requests, reply)
      return reply
    },
    devices,
    trust,
    intake,
    roots,
    scans,
    apply: (decisions) => applyAndFeed(core, stages, decisions),
    awaiting: (seen, facts) => {
      const { state, dueMs } = schedule.awaiting(seen, facts, roots.isScanning(), skipsBeforeMs(core, roots, seen))
      // A file that was tried in vain keeps its pause, however often it changes and is closed meanwhile.
      return { state, dueMs: Math.max(dueMs, Math.floor(core.readingRetries.notBeforeMs(seen.known?.nodeId ?? ''))) }
    },
    dropFolder: (folder) => dropFolder(core, stages, folder),
    drained: drain.drained,
    watchLimitErrno: ENOSPC,
    onExhausted: core.exhaustion.report,
    onRootGone: (folder) => checkRoots(stages, (root) => root.top === folder.root),
    mayBeEmpty: (folder) => {
      const root = roots.byTop(folder.root)
      if (root === undefined || root.mayBeEmpty) return true
      root.mustList = true
      keeper.takeOffline(root, emptyMessage(root, core.configPath))
      return false
    },
  })
}

/** By the clock on the wall: when the first scan of the root of `seen` began, if what that finds is not to be read. */
function skipsBeforeMs({ config, tree }: Core, roots: Roots, seen: Seen): number | null {
  const top = config.skipInitialHash ? tree.get(seen.parentId)?.root : undefined
  const root = top === undefined ? undefined : roots.byTop(top)
  return root?.state === 'scanning' && !root.wasScanned ? root.stateSinceMs : null
}

/** States of a file whose metadata is still to be read. */
const WAITING: ReadonlySet<string | undefined> = new Set(['fresh', 'backlog'])

function createFailing(
  { readingRetries, known, nowMs, wallMs, log }: Core,
  { roots, scans, reconciler }: Stages,
): FailingPlaces {
  return createFailingPlaces({
    tried: (sinceMs) => [
      ...reconciler.tried(sinceMs).map((place) => ({ path: pathOfTried(place), sinceMs: place.sinceMs })),
      ...readingRetries.tried(sinceMs, (nodeId) => WAITING.has(known.byId(nodeId)?.metadataState)),
    ],
    roots,
    onMessage: scans.tell,
    nowMs,
    wallMs,
    log,
  })
}

function pathOfTried({ folder, name }: Tried<Folder>): string {
  return name === '' || name === '.' ? pathOf(folder) : `${pathOf(folder)}/${name}`
}

/** Whether a node with the inode number of one that was read is another name of it. */
function hasSameBytes({ known }: Core, { trust }: Stages, nodeId: string): boolean {
  const row = known.byId(nodeId)
  return row !== undefined && trust.carriesHash(row)
}

function createVersions({ readAgain, log }: Core, stages: Stages): VersionWatch {
  return createVersionWatch({
    noted: readAgain.readers,
    note: readAgain.saveReaders,
    markSome: readAgain.markSome,
    onMarked: () => stages.feeder.wake(),
    onOther: (before, now) =>
      log.info(
        { before, now },
        'files are read with other versions now: those whose type or size may be another are asked for again',
      ),
  })
}

function createMetadataFeeder(core: Core, stages: Stages): Feeder {
  const { tree, known, store, readingRetries, nowMs } = core

  const folderPath = (folderId: string) => {
    const folder = tree.get(folderId)
    return folder === undefined ? known.pathOf(folderId) : pathOf(folder)
  }
  const placed = (files: readonly Waiting[]) =>
    files.flatMap((file): (WaitingFile & Waiting)[] => {
      const folder = folderPath(file.parentId)
      if (folder === null) return []
      const path = `${folder}/${file.name}`
      const root = stages.roots.byPath(path)?.path ?? folder
      return [{ ...file, root, path, deviceNumber: deviceNumberNow(stages, file.device) }]
    })
  const isAway = ({ path }: MetadataJob) => stages.roots.byPath(path)?.state === 'offline'
  /** Looks at what is no longer what was to be read. */
  const lookAtOthers = (results: readonly Answered[]) => {
    for (const { result } of results) {
      const { kind, job } = result
      if (kind !== 'changed' && kind !== 'gone') continue
      const row = known.byId(job.nodeId)
      if (row !== undefined) stages.reconciler.hint(row, 'stale', 'now')
      stages.reconciler.wake()
    }
  }
  return createFeeder({
    pool: stages.pool,
    bigFileBytes: BIG_FILE_BYTES,
    waiting: (now, limit, sizeBelow) => placed(known.waiting(now, limit, sizeBelow)),
    toAskAgain: (now, limit) => placed(known.toAskAgain(now, limit)).map((file) => ({ ...file, knownHash: file.hash })),
    nextDueMs: known.nextDueMs,
    save: (results) => {
      const pausesMs = results.map(({ result }) => readAgainAfter(result, readingRetries))
      const findings = results.map(({ result, askedMs }, at) => {
        const dueMs = Math.floor(nowMs() + (pausesMs[at] ?? 0))
        return findingOf(result, askedMs, { dueMs, isAway: isAway(result.job) })
      })
      for (const { result } of results) stages.failures.take(result)
      const saved = store.saveMetadata(findings, (nodeId) => hasSameBytes(core, stages, nodeId))
      for (const [at, { result }] of results.entries()) {
        // Whatever the reason: what is read again and again without being stored gets its pause, too, one for each try.
        if (saved[at] !== false) continue
        store.postpone(result.job.nodeId, nowMs() + (pausesMs[at] || readingRetries.next(result.job, 'busy')))
      }
      lookAtOthers(results)
    },
    saveAgain: (results) => {
      const dueMs = Math.floor(nowMs() + AGAIN_AFTER_MS)
      const findings = results.map(({ result, askedMs }) => findingOf(result, askedMs, { dueMs, isAway: false }))
      store.saveAgain(findings, dueMs, (nodeId) => hasSameBytes(core, stages, nodeId))
      lookAtOthers(results.filter(({ result }) => !isAway(result.job)))
    },
    nowMs,
  })
}

/** `st_dev` of a device; empty if it was not met in this run. */
function deviceNumberNow({ devices }: Stages, device: string): string {
  const number = devices.numberOf(device)
  return /^\d+$/.test(number) ? number : ''
}

/** How long a file is left alone that could not be read now, ms; 0 where there was a result. */
function readAgainAfter({ kind, job }: MetadataResult, retries: ReadingRetries): number {
  if (kind === 'busy') return retries.next(job, 'busy')
  if (kind === 'changed' || kind === 'gone') return retries.next(job, 'changed')
  retries.settled(job)
  return 0
}

/** @param isAway the file's root is offline, so that what is at its path says nothing of it */
function findingOf(
  result: MetadataResult,
  askedMs: number,
  { dueMs, isAway }: { readonly dueMs: number; readonly isAway: boolean },
): MetadataFinding {
  const bytes = { ...result.job, askedMs }
  switch (result.kind) {
    case 'done':
      return { kind: 'found', bytes, metadata: result.metadata, problem: result.problem }
    case 'failed':
    case 'unreadable':
      return { kind: result.kind, bytes, problem: result.problem }
    default:
      // Every file is asked for again by the scan when the root is back, and not before.
      if (isAway) return { kind: 'unreadable', bytes, problem: 'its watched folder is offline' }
      return { kind: 'later', bytes, dueMs }
  }
}

/** Why a root has no inotify instance. */
function instanceAdvice(errno: number, { watches, unwatchedRescanMinutes }: Config): Advice {
  const meanwhile = `the root is rescanned every ${minutesUpTo(unwatchedRescanMinutes)} instead`
  if (errno !== EMFILE) {
    const text = `inotify is not to be had (errno ${errno}); ${meanwhile}`
    return { text, message: text, fix: 'see that there is free memory; it is asked for again every minute' }
  }
  if (!mayOpen(1)) return advice(`${TOO_MANY_OPEN}; ${meanwhile}`, ALLOW_OPEN_FILES, '. ')
  const { allowed, raise } = inotifyLimits().instances
  const text = `the kernel allows ${allowed} inotify instances, those of all other programs included, and gives no further \
one; ${meanwhile}`
  return advice(text, raise(allowed + watches.length), '. ')
}

/** Whether every watched root was ever scanned to its end, in this run or an earlier one. */
function areAllScanned({ books }: Core, { roots }: Stages): boolean {
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
