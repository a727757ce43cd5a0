/**
 * Wires the rooms of this folder: events and scans say where to look, sights are compared with rows, and what follows is
 * carried out. The program runs the pipeline on the ports of the real world, and the simulation on those of a model.
 */
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'
import type { Decision, Facts, MetadataDue } from '../model/decision.ts'
import { createTree, type Folder, feedPathOf, pathOf, type RootFolder, type Tree } from '../model/folder-tree.ts'
import type { NewFiles } from '../model/new-files.ts'
import type { Observation } from '../model/observation.ts'
import type { LookRequest } from '../scan/look.ts'
import type { LookReply } from '../scan/observer.ts'
import type { WatchEvent } from '../watch/inotify-events.ts'
import { createDevices } from './devices/devices.ts'
import { createMountFence, type MountFence } from './devices/mount-fence.ts'
import { createMountPlaces, type MountPlaces } from './devices/mount-places.ts'
import { createNumberTrust } from './devices/number-trust.ts'
import { readSights } from './looking/sight-reader.ts'
import { createReconciler, type Reconciler } from './loop.ts'
import { createOverflow, type Overflow } from './overflow.ts'
import { createEventIntake, type EventIntake } from './pending/event-intake.ts'
import { createFolderWatches, type FolderWatches } from './pending/folder-watches.ts'
import { createPending, type Pending } from './pending/pending.ts'
import type { Ports } from './ports.ts'
import { removalTools } from './removal/tools.ts'
import { type AskedScans, createAskedScans } from './roots/asked-scans.ts'
import { attachRoot } from './roots/attach-root.ts'
import { type ConfigChangesTools, removeUnconfigured, renameRoots } from './roots/config-changes.ts'
import { type Coverage, createCoverage } from './roots/coverage.ts'
import { createDisksAway, type DisksAway } from './roots/disks-away.ts'
import { createFailingPlaces, type FailingPlaces } from './roots/failing-places.ts'
import { findRoot } from './roots/find-root.ts'
import type { Layout } from './roots/layout.ts'
import { mayRead } from './roots/may-read.ts'
import { createMountDoubts, type MountDoubts } from './roots/mount-doubts.ts'
import { openInstance } from './roots/open-instance.ts'
import { noteOwnPath } from './roots/own-paths.ts'
import type { Root } from './roots/root.ts'
import { createRootKeeper, type RootKeeper } from './roots/root-keeper.ts'
import { createRootMessages, type RootMessages } from './roots/root-messages.ts'
import { createRoots } from './roots/roots.ts'
import { createScans, type Scans } from './roots/scans.ts'
import { createStallWatch, type StallWatch } from './roots/stall-watch.ts'
import { type SettleJobTools, settleJob } from './settle-job.ts'
import { createFolderAnswers, type FolderAnswers } from './settling/folder-answers.ts'
import { createSchedule, type Schedule } from './settling/metadata-due.ts'
import { type SettleTools, settle } from './settling/settle.ts'
import type { SettlingTools } from './settling/tools.ts'

export class Pipeline {
  readonly pending: Pending
  readonly layout: Layout
  readonly messages: RootMessages
  readonly coverage: Coverage
  readonly keeper: RootKeeper
  readonly scans: Scans
  readonly disksAway: DisksAway
  readonly failing: FailingPlaces
  readonly stalls: StallWatch
  readonly reconciler: Reconciler
  readonly #ports: Ports
  readonly #fence: MountFence
  readonly #mounts: MountPlaces
  readonly #doubts: MountDoubts
  readonly #overflow: Overflow
  readonly #intake: EventIntake
  readonly #watches: FolderWatches
  readonly #schedule: Schedule
  readonly #asked: AskedScans
  readonly #rootsByFd = new Map<number, Root>()
  readonly #startedMs: number
  /** Whether something may have been mounted, and the table of mounts could not be read. */
  #areMountsMissed = false

  constructor(ports: Ports) {
    this.#ports = ports
    const { disk, clock, settings, log } = ports
    this.#startedMs = clock.nowMs()
    const tree = createTree()
    this.pending = createPending(tree, clock.nowMs, ports.settings.excludesByPath)
    this.layout = this.#createLayout(tree)
    this.#fence = createMountFence(disk, () => this.mounted())
    this.#intake = this.#createIntake()
    this.#watches = createFolderWatches({ tree, intake: this.#intake, removeWatch: ports.kernel.removeWatch })
    this.messages = this.#createMessages()
    this.coverage = this.#createCoverage()
    this.keeper = this.#createKeeper()
    this.scans = this.#createScans()
    const { pending, scans } = this
    const { devices, roots } = this.layout
    const { limbo, visits } = pending
    this.#overflow = createOverflow({ pending, roots, scans, hintsMax: settings.hintsMax })
    this.#doubts = createMountDoubts({ limbo, visits, tree, devices, roots, scans, log })
    this.#mounts = this.#createMounts()
    this.disksAway = this.#createDisksAway()
    this.#schedule = this.#createSchedule()
    this.#asked = this.#createAsked()
    this.reconciler = this.#createLoop()
    this.failing = this.#createFailing()
    this.stalls = createStallWatch({ ...clock, atWork: disk.atWork, roots, log })
  }

  /** To be called once, before `run`. */
  begin(): void {
    const { disk } = this.#ports
    renameRoots(this.#configChanges())
    this.reconciler.between(this.#mounts, async () => {
      // After its answer the observer thread notices every change of mounts, and then they are read again.
      await disk.mountChanges()
      this.#areMountsMissed = !this.#mounts.refresh()
    })
    this.checkRoots(() => true)
  }

  /** Runs until `stop`; rejects on a bug or when the database can't be written. */
  run(): Promise<void> {
    return this.reconciler.run()
  }

  stop(): void {
    this.reconciler.stop()
  }

  /** Takes in the events of an inotify instance. */
  take(fd: number, events: readonly WatchEvent[]): void {
    const root = this.#rootsByFd.get(fd)
    if (root === undefined) return
    this.#intake.take(root, events)
    this.#overflow.check(root)
    this.reconciler.wake()
  }

  /** Events of an inotify instance were dropped before they got here. */
  lost(fd: number): void {
    const root = this.#rootsByFd.get(fd)
    if (root !== undefined) this.#overflow.lost(root)
    this.reconciler.wake()
  }

  /**
   * Something was mounted or unmounted: confirms which filesystems and roots are where, before any later sight counts, and
   * asks for looks at the mount points that changed.
   */
  mounted(): void {
    this.reconciler.between(this.#fence, () =>
      this.#fence.confirm(async () => {
        await this.layout.devices.confirm()
        for (const root of this.layout.roots.all) await this.keeper.check(root)
        this.#areMountsMissed = !this.#mounts.refresh()
      }),
    )
  }

  /** Looks whether these roots are where they were. */
  checkRoots(which: (root: Root) => boolean): void {
    for (const root of this.layout.roots.all.filter(which)) this.reconciler.between(root, () => this.keeper.check(root))
  }

  /** Does what no event asks for. Call every few seconds. */
  tick(): void {
    this.checkRoots(({ state }) => state.kind === 'offline')
    this.scans.startDue()
    this.stalls.check()
    this.failing.check()
    this.#doubts.clear()
    if (this.#areMountsMissed) this.mounted()
    this.#mounts.lookAtOthers()
    this.#takeWords()
    this.#asked.begin()
    this.reconciler.wake()
  }

  /** Whether files may be read now. */
  mayRead(): boolean {
    return mayRead(this.layout.roots, this.#ports.clock.nowMs() - this.#startedMs)
  }

  /** The inotify instances there are. */
  instances(): Iterable<number> {
    return this.#rootsByFd.keys()
  }

  get #known() {
    return this.#ports.database.known
  }

  #createLayout(tree: Tree): Layout {
    const { disk, database, clock, settings } = this.#ports
    const devices = createDevices({
      signs: disk.signs,
      rows: database.devices,
      save: database.saveDevice,
      onDoubt: (device, numbers) => this.#doubts.raise(device, numbers),
    })
    const roots = createRoots(settings.watches, {
      known: database.known,
      savedRoots: database.roots,
      saveRoot: database.saveRoot,
      wallMs: clock.wallMs,
    })
    return { tree, devices, roots, trust: createNumberTrust({ tree, devices, limbo: this.pending.limbo }) }
  }

  #createMessages(): RootMessages {
    const { settings, kernel } = this.#ports
    const { roots, tree } = this.layout
    return createRootMessages({ roots, folders: tree.size, limits: kernel.limits, minutesMax: settings.pace.slotsMax })
  }

  #createKeeper(): RootKeeper {
    const { settings, disk, metadata, owner, log } = this.#ports
    const { configPath } = settings
    const { roots, devices } = this.layout
    const { hints, visits, limbo } = this.pending
    const known = this.#known
    const finding = { roots, devices, known, observer: disk, takeAcceptance: owner.takeWord, configPath, log }
    const attaching = {
      ...{ layout: this.layout, known, limbo, dropFolder: this.#watches.drop },
      apply: (decisions: readonly Decision[]) => this.#apply(decisions),
      openInstance: (root: Root) => this.#openInstance(root),
    }
    return createRootKeeper({
      ...{ roots, hints, visits, configPath, log },
      find: (root) => findRoot(finding, root),
      attach: (root, found) => attachRoot(attaching, root, found),
      dropAcceptance: owner.dropWord,
      onAttached: (root, why) => {
        metadata.onFoldersChanged()
        this.scans.start(root, why)
      },
      // A removed folder takes room on its disk for as long as a worker may read below it.
      onOffline: metadata.onFoldersChanged,
    })
  }

  #createCoverage(): Coverage {
    const { settings, kernel, clock, log } = this.#ports
    const { roots } = this.layout
    const { visits } = this.pending
    return createCoverage({
      ...{
        roots,
        messages: this.messages,
        visits,
        pace: settings.pace,
        limits: kernel.limits,
        nowMs: clock.nowMs,
        log,
      },
      release: this.#watches.release,
      openInstance: (root) => this.#openInstance(root),
    })
  }

  #createScans(): Scans {
    const { settings, metadata, clock, log } = this.#ports
    const { coverage } = this
    const { roots, tree } = this.layout
    const { visits, limbo } = this.pending
    return createScans({
      ...{ roots, coverage, tree, visits, limbo, rescanHours: settings.rescanHours, nowMs: clock.nowMs, log },
      onScanned: this.keeper.scanned,
      onAllDone: () => {
        removeUnconfigured(this.#configChanges())
        this.#doubts.clear()
        metadata.onAllScanned()
      },
    })
  }

  #createAsked(): AskedScans {
    const { owner, log } = this.#ports
    const { tree, roots } = this.layout
    const { visits } = this.pending
    return createAskedScans({
      ...{ tree, roots, scans: this.scans, visits, log },
      asked: owner.rescans,
      done: owner.dropRescan,
    })
  }

  #configChanges(): ConfigChangesTools {
    const { database, log } = this.#ports
    const { known, transaction, roots: savedRoots, saveRoot, removeRoot } = database
    const apply = (decisions: readonly Decision[]) => this.#apply(decisions)
    return { roots: this.layout.roots, known, savedRoots, saveRoot, removeRoot, apply, transaction, log }
  }

  #createMounts(): MountPlaces {
    const { disk, clock } = this.#ports
    const { tree, devices, roots } = this.layout
    const { hints } = this.pending
    const tops = () => roots.all.flatMap(({ top }) => top ?? [])
    const { nowMs } = clock
    return createMountPlaces({ tree, devices, hints, known: this.#known, mounts: disk.mounts, tops, nowMs })
  }

  #createDisksAway(): DisksAway {
    const { settings, owner, clock, log } = this.#ports
    const { messages } = this
    const { tree, roots } = this.layout
    const { nowMs, wallMs } = clock
    return createDisksAway({
      ...{ tree, roots, messages, configPath: settings.configPath, wallMs, log },
      takeAcceptance: owner.takeWord,
      lookAt: (folder, name) => this.pending.hints.add({ folder, name, cause: 'touched' }, nowMs(), nowMs()),
    })
  }

  #createIntake(): EventIntake {
    const { settings, clock, ownFiles } = this.#ports
    const { tree, devices } = this.layout
    const numberOf = (device: string) => BigInt(devices.numberOf(device).replace(/\..*/, ''))
    const isOwn = ({ device, inode }: Folder, name: string) =>
      ownFiles.mayBeOwn(name) && ownFiles.namesIn({ device: numberOf(device), inode: BigInt(inode) })?.(name) === true
    return createEventIntake({
      ...{ tree, pending: this.pending, nowMs: clock.nowMs },
      isIgnored: (folder, name) => settings.isExcluded(name, () => feedPathOf(folder)) || isOwn(folder, name),
      onLost: (root) => this.#overflow.lost(root),
      doNumbersPass: (device) => devices.numberKind(device) === 'passing',
      onUnmounted: ({ device }) => devices.unmounted(device),
      onRootGone: (root) => this.#checkRootOf(root),
    })
  }

  #createSchedule(): Schedule {
    const { settings, metadata, clock } = this.#ports
    return createSchedule({
      quietMs: settings.quietMs,
      writes: (place, inode) => this.pending.writers.streak(place, inode, clock.nowMs()),
      areWritesReported: (folderId) => this.layout.tree.get(folderId)?.watch != null,
      notBeforeMs: metadata.notBeforeMs,
      ...clock,
    })
  }

  #createLoop(): Reconciler {
    const { kernel, disk, clock } = this.#ports
    const { pending, layout, coverage } = this
    const { drained } = kernel
    const finishThoseDone = () => {
      this.scans.finishThoseDone()
      this.#asked.finishThoseDone()
    }
    const look = (requests: readonly LookRequest[]) => this.#look(requests)
    const settling = this.#createSettling(look)
    const removal = removalTools(settling, { look, drained })
    const settlingJobs: SettleJobTools = { settling, removal, onExhausted: disk.onExhausted }
    return createReconciler({
      ...{ pending, layout, coverage, scans: { finishThoseDone }, clock, look, drained, known: this.#known },
      settleJob: (job) => settleJob(settlingJobs, job),
    })
  }

  #createSettling(look: SettleTools['look']): SettlingTools {
    const { disk, clock, log } = this.#ports
    const { pending, layout, coverage, disksAway } = this
    const known = this.#known
    const dropFolder = this.#watches.drop
    const apply = (decisions: readonly Decision[]) => this.#apply(decisions)
    const reading = { layout, known, apply, pending, observer: disk, log, disksAway }
    const deciding: SettleTools = {
      ...{ pending, layout, known, apply, clock, look, dropFolder },
      awaiting: (observation, facts) => this.#awaiting(observation, facts),
      noteTwin: this.#mounts.noteTwin,
    }
    return {
      ...{ pending, layout, known, clock, coverage, dropFolder, folderAnswers: this.#createFolderAnswers() },
      readSights: (raws) => readSights(reading, raws),
      settle: (observations, ends, waitsForScan) => settle(deciding, observations, ends, waitsForScan),
      newFiles: {
        due: (folder) => this.#schedule.newFiles(this.layout.roots.isScanning(), this.#skipsBeforeMs(folder.nodeId)),
        add: (files) => this.#addFiles(files),
      },
    }
  }

  #createFolderAnswers(): FolderAnswers {
    const { kernel, clock } = this.#ports
    const { pending, coverage } = this
    return createFolderAnswers({
      ...{ pending, coverage, nowMs: clock.nowMs, watches: this.#watches },
      watchLimitErrno: kernel.watchLimitErrno,
      onRootGone: (top) => this.#checkRootOf(top.root),
      mayBeEmpty: (top) => {
        const root = this.layout.roots.of(top.root)
        return root === undefined || this.keeper.mayBeEmpty(root)
      },
    })
  }

  #createFailing(): FailingPlaces {
    const { metadata, clock, log } = this.#ports
    const pathOfTried = ({ folder, name }: { folder: Folder; name: string }) =>
      name === '' || name === '.' ? pathOf(folder) : `${pathOf(folder)}/${name}`
    return createFailingPlaces({
      ...{ ...clock, log, roots: this.layout.roots, messages: this.messages },
      tried: (sinceMs) => [
        ...this.pending.retries.tried(sinceMs).map((place) => ({ path: pathOfTried(place), sinceMs: place.sinceMs })),
        ...metadata.tried(sinceMs),
      ],
    })
  }

  async #look(requests: readonly LookRequest[]): Promise<LookReply> {
    this.#mounts.follow()
    const reply = await this.#fence.look(requests)
    const own = { roots: this.layout.roots, messages: this.messages, log: this.#ports.log }
    // A listing shows whether files of ours are in the folder. A look at some names shows only that there are some.
    for (const [at, answer] of reply.answers.entries()) {
      const { path, names } = requests[at] as LookRequest
      if (answer.kind !== 'seen' || (names !== null && !answer.hasOwn)) continue
      noteOwnPath(own, path, answer.hasOwn === true)
    }
    return reply
  }

  #apply(decisions: readonly Decision[]): void {
    this.#ports.database.apply(decisions)
    this.#wakeReading()
  }

  #addFiles(files: readonly NewFiles[]): void {
    this.#ports.database.addFiles(files)
    this.#wakeReading()
  }

  #wakeReading(): void {
    // The end of a scan wakes the workers, too.
    if (this.mayRead()) this.#ports.metadata.wake()
  }

  #awaiting(observation: Observation, facts: Facts): MetadataDue {
    return this.#schedule.awaiting(
      observation,
      facts,
      this.layout.roots.isScanning(),
      this.#skipsBeforeMs(observation.parentId),
    )
  }

  /** When the first scan of the folder's root began, by the wall clock, if the files that it finds are skipped. */
  #skipsBeforeMs(folderId: string): number | null {
    const { tree, roots } = this.layout
    const folder = this.#ports.settings.skipInitialHash ? tree.get(folderId) : undefined
    const root = folder === undefined ? undefined : roots.of(folder.root)
    return root?.state.kind === 'scanning' && !root.wasScanned ? root.stateSinceMs : null
  }

  #checkRootOf(gone: RootFolder): void {
    this.checkRoots((root) => root === gone)
  }

  #openInstance(root: Root): boolean {
    const { kernel, log } = this.#ports
    const isOpen = openInstance({ createInstance: kernel.createInstance, log }, root)
    if (root.inotifyFd !== null) this.#rootsByFd.set(root.inotifyFd, root)
    return isOpen
  }

  /** Looks for words of the owner. No event comes from a disk that is away when its owner gives the disk up. */
  #takeWords(): void {
    const { owner } = this.#ports
    const { roots } = this.layout
    const words = owner.words()
    if (words.size === 0) return
    this.disksAway.lookAgain(words)
    // Only when every root was scanned is it known what is away. A word about nothing must not count another day.
    if (roots.isScanning() || roots.all.some(({ state }) => state.kind === 'offline')) return
    for (const nodeId of words) {
      const isOfRoot = this.#known.byId(nodeId)?.parentId === SUPER_ROOT_ID
      if (!isOfRoot && !this.disksAway.nodeIds().has(nodeId)) owner.dropWord(nodeId)
    }
  }
}
