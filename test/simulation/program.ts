/** The indexer without its edges: every stage from events to rows is the real one; kernel, disk, threads and time are not. */
import type { FeedDatabase } from '@drive-feed/shared/open-database.ts'
import pino from 'pino'
import type { Decision } from '../../services/indexer/src/model/decision.ts'
import { createTree, type Folder, type RootFolder } from '../../services/indexer/src/model/folder-tree.ts'
import { ENOSPC } from '../../services/indexer/src/posix/libc.ts'
import type { Devices } from '../../services/indexer/src/reconcile/devices/devices.ts'
import type { NumberTrust } from '../../services/indexer/src/reconcile/devices/number-trust.ts'
import { createReconciler, type Reconciler } from '../../services/indexer/src/reconcile/loop.ts'
import { createEventIntake, type EventIntake } from '../../services/indexer/src/reconcile/pending/event-intake.ts'
import { createHints } from '../../services/indexer/src/reconcile/pending/hints.ts'
import { createLimbo } from '../../services/indexer/src/reconcile/pending/limbo.ts'
import { createRevisits } from '../../services/indexer/src/reconcile/pending/revisits.ts'
import { createVisits } from '../../services/indexer/src/reconcile/pending/visits.ts'
import { createWriters } from '../../services/indexer/src/reconcile/pending/writers.ts'
import type { Root } from '../../services/indexer/src/reconcile/roots/root.ts'
import { createRootKeeper, type RootKeeper } from '../../services/indexer/src/reconcile/roots/root-keeper.ts'
import { createRoots, type Roots } from '../../services/indexer/src/reconcile/roots/roots.ts'
import { createScans, type Scans } from '../../services/indexer/src/reconcile/roots/scans.ts'
import type { Observer } from '../../services/indexer/src/scan/observer.ts'
import { createBookkeeping } from '../../services/indexer/src/store/bookkeeping.ts'
import { createStore } from '../../services/indexer/src/store/store.ts'
import type { ModelDisk } from '../support/model-disk.ts'
import type { Random } from '../support/random.ts'
import type { Actor, Clock } from './clock.ts'
import type { Kernel } from './kernel.ts'
import { createLooking, type Faults } from './looking.ts'

export type Surroundings = {
  readonly db: FeedDatabase
  readonly clock: Clock
  readonly disk: ModelDisk
  readonly kernel: Kernel
  readonly random: Random
  /** Keys of watches, which are at `/KEY`; the next start takes what is here then. */
  watches: readonly string[]
  /** How long a step of the looking thread, or until events are read, takes at most. */
  readonly slownessMs: number
  /** Told what is done, a line each. */
  readonly note: (line: string) => void
  readonly faults: Faults
}

export type Program = {
  readonly actor: Actor
  /** Events are waiting on a descriptor of the kernel. */
  readonly onQueued: (fd: number) => void
  /** What is done every few seconds: roots are looked for, and what is due by the clock is started. */
  readonly check: () => void
  /** What ended it, if anything did. */
  readonly failure: () => unknown
  /** What is still waiting, each a line. */
  readonly unfinished: () => string[]
  readonly roots: () => readonly Root[]
  readonly folders: () => Iterable<Folder>
  readonly end: () => void
}

/** What has no watch is listed at least in every second slot, and watches change hands at once. */
const PACE = { slotMs: 60_000, slotsMax: 2, quietSeconds: 0 }
const LIMITS = { allowed: 1_000_000, used: 0, isKnown: true, raise: () => '' }

/** The stages that call each other once all of them are made. */
type Stages = { roots: Roots; keeper: RootKeeper; scans: Scans; intake: EventIntake; reconciler: Reconciler }

export function startProgram(surroundings: Surroundings): Program {
  const { clock, kernel, random, slownessMs } = surroundings
  const actor: Actor = { state: 'running' }
  const core = createCore(surroundings, actor)
  const stages = {} as Stages
  const rootsByFd = new Map<number, Root>()
  const deliver = (fd: number) => {
    const top = rootsByFd.get(fd)?.top
    if (top == null) return
    stages.intake.take(top, kernel.take(fd))
    stages.reconciler.wake()
  }
  const drained = () =>
    new Promise<void>((resolve) => {
      clock.after(random.below(slownessMs + 1), actor, () => {
        for (const fd of rootsByFd.keys()) deliver(fd)
        resolve()
      })
    })
  stages.roots = createRegistry(surroundings, core)
  stages.keeper = createKeeper(core, stages, rootsByFd)
  stages.scans = createRootScans(core, stages)
  stages.intake = createIntake(core, stages)
  stages.reconciler = createLoop(core, stages, drained)
  let failure: unknown
  for (const root of stages.roots.all) stages.reconciler.between(root, () => stages.keeper.check(root))
  stages.reconciler.run().catch((error: unknown) => {
    failure = error
  })
  return {
    actor,
    onQueued: (fd) => {
      if (rootsByFd.has(fd)) clock.after(random.below(slownessMs + 1), actor, () => deliver(fd))
    },
    check: () => {
      for (const root of stages.roots.all) stages.reconciler.between(root, () => stages.keeper.check(root))
      stages.scans.startDue()
      stages.reconciler.wake()
    },
    failure: () => failure,
    unfinished: () => [
      ...Array.from(core.limbo.entries(), ({ row }) => `in limbo: ${row.name}, ${row.nodeId}`),
      ...(core.hints.size() > 0 ? [`${core.hints.size()} hints`] : []),
      ...(core.visits.areOpen() ? ['visits'] : []),
    ],
    roots: () => stages.roots.all,
    folders: core.tree.folders,
    end: () => {
      actor.state = 'ended'
      for (const fd of rootsByFd.keys()) kernel.closeInstance(fd)
    },
  }
}

/** Inode numbers are those of the one mount there is. */
const TRUSTED: NumberTrust = { isCurrent: () => true, tells: () => true, carriesHash: () => true }

function createCore(surroundings: Surroundings, actor: Actor) {
  const { db, clock } = surroundings
  const made = createStore(db, clock.nowMs)
  const apply = (decisions: readonly Decision[]) => {
    for (const one of decisions) {
      const to = 'name' in one ? `${one.parentId}/${one.name}` : ''
      surroundings.note(`${one.kind} ${one.nodeId} ${to} ${'facts' in one ? one.facts.mtime : ''}`)
    }
    made.apply(decisions)
  }
  const store = { ...made, apply }
  return {
    ...{ store, known: store.known, books: createBookkeeping(db), look: createLooking({ ...surroundings, actor }) },
    ...{ tree: createTree(), hints: createHints(), visits: createVisits(), limbo: createLimbo() },
    ...{ trust: TRUSTED, writers: createWriters(), revisits: createRevisits() },
    ...{ nowMs: clock.nowMs, kernel: surroundings.kernel, log: pino({ level: 'silent' }) },
    // There is one filesystem.
    devices: {
      nameOf: (deviceNumber) => deviceNumber,
      numberOf: (device) => device,
      resolve: async (deviceNumber) => deviceNumber,
      isSubvolumeOf: () => false,
      typeOf: () => '',
      confirm: async () => {},
      numberKind: () => 'lasting',
      isDoubtful: () => false,
      unmounted: () => {},
      doubtful: () => [],
      compared: () => {},
    } satisfies Devices,
  }
}
type Core = ReturnType<typeof createCore>

function observerOf({ look }: Core): Pick<Observer, 'look' | 'signs' | 'resolvePath'> {
  return { look, signs: async () => null, resolvePath: async (path) => path }
}

function createRegistry({ watches }: Surroundings, { known, books, nowMs }: Core): Roots {
  const configured = watches.map((name) => ({ name, path: `/${name}`, configuredPath: `/${name}` }))
  return createRoots(configured, { known, savedRoots: books.roots, saveRoot: books.saveRoot, wallMs: nowMs })
}

function createKeeper(core: Core, stages: Stages, rootsByFd: Map<number, Root>): RootKeeper {
  const { tree, known, trust, store, books, hints, visits, limbo, kernel, log, devices } = core
  return createRootKeeper({
    roots: stages.roots,
    ...{ tree, known, trust, devices, hints, visits, limbo, log, observer: observerOf(core) },
    ...{ apply: store.apply, atOnce: store.atOnce },
    ...{ savedRoots: books.roots, saveRoot: books.saveRoot, removeRoot: books.removeRoot },
    takeAcceptance: () => false,
    createInstance: (root) => {
      const fd = kernel.createInstance()
      rootsByFd.set(fd, root)
      return { fd }
    },
    onAttached: (root, why) => stages.scans.start(root, why),
    onOffline: () => {},
    dropFolder: (folder) => dropFolder(core, stages, folder),
  })
}

function dropFolder({ tree, kernel }: Core, { intake }: Stages, folder: Folder): void {
  for (const watch of tree.remove(folder)) {
    intake.unwatched(folder.root, watch)
    if (folder.root.inotifyFd !== null) kernel.removeWatch(folder.root.inotifyFd, watch)
  }
}

/** Takes the watch of a folder that stays. */
function releaseWatch({ tree, kernel }: Core, { intake }: Stages, folder: Folder): void {
  const { watch, root } = folder
  if (watch === null || root.inotifyFd === null) return
  intake.releasing(folder)
  tree.setWatch(folder, null)
  kernel.removeWatch(root.inotifyFd, watch)
}

function createRootScans(core: Core, stages: Stages): Scans {
  const { tree, visits, limbo, nowMs, log } = core
  return createScans({
    ...{ tree, visits, limbo, nowMs, log, rescanHours: 24, roots: stages.roots },
    retryInstance: (root) => stages.keeper.retryInstance(root),
    pace: PACE,
    release: (folder) => releaseWatch(core, stages, folder),
    limits: () => ({ watches: LIMITS, instances: LIMITS }) as never,
    onScanned: () => {},
    onAllDone: () => stages.keeper.removeUnconfigured(),
  })
}

function createIntake({ tree, hints, writers, visits, nowMs }: Core, stages: Stages): EventIntake {
  return createEventIntake({
    ...{ tree, hints, writers, nowMs, isExcluded: () => false, isVisiting: (top: RootFolder) => visits.open(top) > 0 },
    onLost: (top) => {
      const root = stages.roots.byTop(top)
      if (root !== undefined) stages.scans.start(root, 'overflow')
    },
    doNumbersPass: () => false,
    onUnmounted: () => {},
    onRootGone: (top) => checkRoot(stages, top),
  })
}

function checkRoot({ roots, keeper, reconciler }: Stages, top: RootFolder): void {
  for (const root of roots.all) if (root.top === top) reconciler.between(root, () => keeper.check(root))
}

function createLoop(core: Core, stages: Stages, drained: () => Promise<void>): Reconciler {
  const { roots, scans, intake } = stages
  return createReconciler({
    ...{ ...core, wallMs: core.nowMs },
    ...{ intake, roots, scans, drained, observer: observerOf(core) },
    apply: core.store.apply,
    noteTwin: () => {},
    disksAway: { isKept: () => true, isBack: () => {} },
    // What is in the files is no matter here.
    awaiting: () => ({ state: 'ready', dueMs: 0 }),
    dropFolder: (folder) => dropFolder(core, stages, folder),
    watchLimitErrno: ENOSPC,
    onExhausted: () => {},
    onRootGone: (top) => checkRoot(stages, top.root),
    mayBeEmpty: () => true,
  })
}
