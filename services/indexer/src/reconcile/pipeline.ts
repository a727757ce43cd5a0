/**
 * Wires the rooms of this folder: events and scans say where to look, what is seen is compared with what is known, and what
 * follows is carried out. The program runs it on the ports of the real world, and the simulation on those of a model.
 */
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'
import type { Decision, Facts, MetadataDue } from '../model/decision.ts'
import { createTree, type Folder, pathOf, type RootFolder } from '../model/folder-tree.ts'
import type { Observation } from '../model/observation.ts'
import type { LookRequest } from '../scan/look.ts'
import type { LookReply } from '../scan/observer.ts'
import type { WatchEvent } from '../watch/inotify-events.ts'
import { createDevices, type Devices } from './devices/devices.ts'
import { createMountFence, type MountFence } from './devices/mount-fence.ts'
import { createMountPlaces, type MountPlaces } from './devices/mount-places.ts'
import { createNumberTrust, type NumberTrust } from './devices/number-trust.ts'
import { createReconciler, type Reconciler } from './loop.ts'
import { createOverflow, type Overflow } from './overflow.ts'
import { createEventIntake, type EventIntake } from './pending/event-intake.ts'
import { createHints } from './pending/hints.ts'
import { createLimbo } from './pending/limbo.ts'
import { createRevisits } from './pending/revisits.ts'
import { createVisits } from './pending/visits.ts'
import { createWriters } from './pending/writers.ts'
import type { Ports } from './ports.ts'
import { attachRoot } from './roots/attach-root.ts'
import { type ConfigChangesTools, removeUnconfigured, renameRoots } from './roots/config-changes.ts'
import { type Coverage, createCoverage } from './roots/coverage.ts'
import { createDisksAway, type DisksAway } from './roots/disks-away.ts'
import { createFailingPlaces, type FailingPlaces } from './roots/failing-places.ts'
import { findRoot } from './roots/find-root.ts'
import { createMountDoubts, type MountDoubts } from './roots/mount-doubts.ts'
import { openInstance } from './roots/open-instance.ts'
import { noteOwnPath } from './roots/own-paths.ts'
import type { Root } from './roots/root.ts'
import { createRootKeeper, type RootKeeper } from './roots/root-keeper.ts'
import { createRootMessages, type RootMessages } from './roots/root-messages.ts'
import { createRoots, type Roots } from './roots/roots.ts'
import { createScans, type Scans } from './roots/scans.ts'
import { createStallWatch, type StallWatch } from './roots/stall-watch.ts'
import { createSchedule, type Schedule } from './settling/metadata-due.ts'

/** From when on files are read while the first scan goes on. Ms since the start. */
export const READ_DURING_SCAN_AFTER_MS = 3_000

export class Pipeline {
  readonly tree = createTree()
  readonly hints = createHints()
  readonly visits = createVisits()
  readonly limbo = createLimbo()
  readonly writers = createWriters()
  readonly revisits = createRevisits()
  readonly devices: Devices
  readonly trust: NumberTrust
  readonly roots: Roots
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
  readonly #schedule: Schedule
  readonly #rootsByFd = new Map<number, Root>()
  readonly #startedMs: number
  /** Something may have been mounted, and the table of mounts could not be read. */
  #areMountsMissed = false

  constructor(ports: Ports) {
    this.#ports = ports
    const { disk, database, clock, settings } = ports
    this.#startedMs = clock.nowMs()
    this.devices = createDevices({
      signs: disk.signs,
      rows: database.devices,
      save: database.saveDevice,
      onDoubt: (device, numbers) => this.#doubts.raise(device, numbers),
    })
    this.trust = createNumberTrust(this)
    this.#fence = createMountFence(disk, () => this.mounted())
    this.roots = createRoots(settings.watches, {
      known: database.known,
      savedRoots: database.roots,
      saveRoot: database.saveRoot,
      wallMs: clock.wallMs,
    })
    this.messages = this.#createMessages()
    this.coverage = this.#createCoverage()
    this.keeper = this.#createKeeper()
    this.scans = this.#createScans()
    this.#overflow = createOverflow({ ...this.#stages(), hintsMax: settings.hintsMax })
    this.#doubts = createMountDoubts({ ...this.#stages(), log: ports.log })
    this.#mounts = this.#createMounts()
    this.disksAway = this.#createDisksAway()
    this.#intake = this.#createIntake()
    this.#schedule = createSchedule({
      settleMs: settings.settleMs,
      writes: (place) => this.writers.streak(place, clock.nowMs()),
      areWritesTold: (folderId) => this.tree.get(folderId)?.watch != null,
      notBeforeMs: ports.metadata.notBeforeMs,
      ...clock,
    })
    this.reconciler = this.#createLoop()
    this.failing = this.#createFailing()
    this.stalls = createStallWatch({ ...clock, atWork: disk.atWork, roots: this.roots, log: ports.log })
  }

  /** To be called once, before `run`. */
  begin(): void {
    const { disk } = this.#ports
    renameRoots(this.#configChanges())
    this.reconciler.between(this.#mounts, async () => {
      // The observer thread notices every change by now: what is seen is seen under these mounts, or they are read again.
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

  /** Takes in what the kernel told by an inotify instance. */
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
   * Something was mounted or unmounted: asks which filesystems and roots are where before anything seen since counts, and
   * has the places looked at where that may have been.
   */
  mounted(): void {
    this.reconciler.between(this.#fence, () =>
      this.#fence.settle(async () => {
        await this.devices.confirm()
        for (const root of this.roots.all) await this.keeper.check(root)
        this.#areMountsMissed = !this.#mounts.refresh()
      }),
    )
  }

  /** Looks whether these roots are where they were. */
  checkRoots(which: (root: Root) => boolean): void {
    for (const root of this.roots.all.filter(which)) this.reconciler.between(root, () => this.keeper.check(root))
  }

  /** Does what no event asks for; to be called every few seconds. */
  tick(): void {
    this.checkRoots(({ state }) => state.kind === 'offline')
    this.scans.startDue()
    this.stalls.check()
    this.failing.check()
    this.#doubts.settle()
    if (this.#areMountsMissed) this.mounted()
    this.#mounts.lookAtOthers()
    this.#takeWords()
    this.reconciler.wake()
  }

  /** The inotify instances there are. */
  instances(): Iterable<number> {
    return this.#rootsByFd.keys()
  }

  /** What the rooms share; the stages above them are made by then. */
  #stages() {
    const { tree, hints, visits, limbo, writers, revisits, devices, trust, roots, coverage } = this
    return {
      ...{ tree, hints, visits, limbo, writers, revisits, devices, trust, roots, coverage },
      ...{ scans: this.scans, known: this.#known },
    }
  }

  get #known() {
    return this.#ports.database.known
  }

  #createMessages(): RootMessages {
    const { settings, kernel } = this.#ports
    const { roots, tree } = this
    return createRootMessages({ roots, folders: tree.size, limits: kernel.limits, minutesMax: settings.pace.slotsMax })
  }

  #createKeeper(): RootKeeper {
    const { settings, disk, metadata, owner, log } = this.#ports
    const { hints, visits } = this
    const stages = { ...this.#stages(), configPath: settings.configPath, log }
    const attaching = {
      ...stages,
      apply: (decisions: readonly Decision[]) => this.#apply(decisions),
      dropFolder: (folder: Folder) => this.#dropFolder(folder),
      openInstance: (root: Root) => this.#openInstance(root),
    }
    return createRootKeeper({
      ...{ roots: this.roots, hints, visits, configPath: settings.configPath, log },
      find: (root) => findRoot({ ...stages, observer: disk, takeAcceptance: owner.takeWord }, root),
      attach: (root, found) => attachRoot(attaching, root, found),
      dropAcceptance: owner.dropWord,
      onAttached: (root, why) => {
        metadata.onFoldersChanged()
        this.scans.start(root, why)
      },
      // A folder that is removed stays on its disk as long as it may be read.
      onOffline: metadata.onFoldersChanged,
    })
  }

  #createCoverage(): Coverage {
    const { settings, kernel, clock, log } = this.#ports
    const { roots, messages, visits } = this
    return createCoverage({
      ...{ roots, messages, visits, pace: settings.pace, limits: kernel.limits, nowMs: clock.nowMs, log },
      release: (folder) => this.#releaseWatch(folder),
      openInstance: (root) => this.#openInstance(root),
    })
  }

  #createScans(): Scans {
    const { settings, metadata, clock, log } = this.#ports
    const { roots, coverage, tree, visits, limbo } = this
    return createScans({
      ...{ roots, coverage, tree, visits, limbo, rescanHours: settings.rescanHours, nowMs: clock.nowMs, log },
      onScanned: this.keeper.scanned,
      onAllDone: () => {
        removeUnconfigured(this.#configChanges())
        this.#doubts.settle()
        metadata.onAllScanned()
      },
    })
  }

  #configChanges(): ConfigChangesTools {
    const { database, log } = this.#ports
    const { known, transaction, roots: savedRoots, saveRoot, removeRoot } = database
    const apply = (decisions: readonly Decision[]) => this.#apply(decisions)
    return { roots: this.roots, known, savedRoots, saveRoot, removeRoot, apply, transaction, log }
  }

  #createMounts(): MountPlaces {
    const { disk, clock } = this.#ports
    const tops = () => this.roots.all.flatMap(({ top }) => top ?? [])
    return createMountPlaces({ ...this.#stages(), mounts: disk.mounts, tops, nowMs: clock.nowMs })
  }

  #createDisksAway(): DisksAway {
    const { settings, owner, clock, log } = this.#ports
    const { nowMs, wallMs } = clock
    return createDisksAway({
      ...{ tree: this.tree, roots: this.roots, messages: this.messages, configPath: settings.configPath, wallMs, log },
      takeAcceptance: owner.takeWord,
      lookAt: (folder, name) => this.hints.add({ folder, name, cause: 'touched' }, nowMs(), nowMs()),
    })
  }

  #createIntake(): EventIntake {
    const { settings, clock, ownFiles } = this.#ports
    const { tree, hints, writers, visits, devices } = this
    const numberOf = (device: string) => BigInt(devices.numberOf(device).replace(/\..*/, ''))
    return createEventIntake({
      ...{ tree, hints, writers, nowMs: clock.nowMs, isExcluded: settings.isExcluded },
      isOwn: ({ device, inode }, name) =>
        ownFiles.mayBeOwn(name) &&
        ownFiles.namesIn({ device: numberOf(device), inode: BigInt(inode) })?.(name) === true,
      isVisiting: (root) => visits.open(root) > 0,
      onLost: (root) => this.#overflow.lost(root),
      doNumbersPass: (device) => devices.numberKind(device) === 'passing',
      onUnmounted: ({ device }) => devices.unmounted(device),
      onRootGone: (root) => this.#checkRootOf(root),
    })
  }

  #createLoop(): Reconciler {
    const { kernel, disk, clock, log } = this.#ports
    return createReconciler({
      ...this.#stages(),
      ...clock,
      ...{ log, disksAway: this.disksAway, intake: this.#intake, observer: disk },
      look: (requests) => this.#look(requests),
      noteTwin: (place) => this.#mounts.noteTwin(place),
      apply: (decisions) => this.#apply(decisions),
      awaiting: (observation, facts) => this.#awaiting(observation, facts),
      dropFolder: (folder) => this.#dropFolder(folder),
      drained: kernel.drained,
      watchLimitErrno: kernel.watchLimitErrno,
      onExhausted: disk.onExhausted,
      onRootGone: (folder) => this.#checkRootOf(folder.root),
      mayBeEmpty: (folder) => {
        const root = this.roots.of(folder.root)
        return root === undefined || this.keeper.mayBeEmpty(root)
      },
    })
  }

  #createFailing(): FailingPlaces {
    const { metadata, clock, log } = this.#ports
    const pathOfTried = ({ folder, name }: { folder: Folder; name: string }) =>
      name === '' || name === '.' ? pathOf(folder) : `${pathOf(folder)}/${name}`
    return createFailingPlaces({
      ...{ ...clock, log, roots: this.roots, messages: this.messages },
      tried: (sinceMs) => [
        ...this.reconciler.tried(sinceMs).map((place) => ({ path: pathOfTried(place), sinceMs: place.sinceMs })),
        ...metadata.tried(sinceMs),
      ],
    })
  }

  async #look(requests: readonly LookRequest[]): Promise<LookReply> {
    this.#mounts.follow()
    const reply = await this.#fence.look(requests)
    const own = { roots: this.roots, messages: this.messages, log: this.#ports.log }
    // What is listed shows whether files of ours are in it; a look at some names only if they are.
    for (const [at, answer] of reply.answers.entries()) {
      const { path, names } = requests[at] as LookRequest
      if (answer.kind !== 'seen' || (names !== null && !answer.hasOwn)) continue
      noteOwnPath(own, path, answer.hasOwn === true)
    }
    return reply
  }

  #apply(decisions: readonly Decision[]): void {
    const { database, metadata, clock } = this.#ports
    database.apply(decisions)
    // A short first scan is through sooner when nothing is read meanwhile, and the workers are hardly up yet; a long one
    // must not keep them waiting. Its end wakes them too.
    if (!this.roots.isScanning() || clock.nowMs() - this.#startedMs > READ_DURING_SCAN_AFTER_MS) metadata.wake()
  }

  #awaiting(observation: Observation, facts: Facts): MetadataDue {
    return this.#schedule.awaiting(observation, facts, this.roots.isScanning(), this.#skipsBeforeMs(observation))
  }

  /** By the clock on the wall: when the first scan of the root of `seen` began, if what that finds is not to be read. */
  #skipsBeforeMs({ parentId }: Observation): number | null {
    const folder = this.#ports.settings.skipInitialHash ? this.tree.get(parentId) : undefined
    const root = folder === undefined ? undefined : this.roots.of(folder.root)
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

  /** Takes a folder and what is below it out of the tree, with their watches. */
  #dropFolder(folder: Folder): void {
    for (const watch of this.tree.remove(folder)) {
      this.#intake.unwatched(folder.root, watch)
      if (folder.root.inotifyFd !== null) this.#ports.kernel.removeWatch(folder.root.inotifyFd, watch)
    }
  }

  /** Takes the watch of a folder that stays. What the kernel had queued by then still counts. */
  #releaseWatch(folder: Folder): void {
    const { watch, root } = folder
    if (watch === null || root.inotifyFd === null) return
    this.#intake.releasing(folder)
    this.tree.setWatch(folder, null)
    this.#ports.kernel.removeWatch(root.inotifyFd, watch)
  }

  /** Nothing happens at a disk that is away when its owner gives it up, so this asks. */
  #takeWords(): void {
    const { owner } = this.#ports
    const words = owner.words()
    if (words.size === 0) return
    this.disksAway.lookAgain(words)
    // What is away is only known when all was looked at. A word that is about nothing must not be about another day.
    if (this.roots.isScanning() || this.roots.all.some(({ state }) => state.kind === 'offline')) return
    for (const nodeId of words) {
      const isOfRoot = this.#known.byId(nodeId)?.parentId === SUPER_ROOT_ID
      if (!isOfRoot && !this.disksAway.nodeIds().has(nodeId)) owner.dropWord(nodeId)
    }
  }
}
