/** The indexer's own pipeline on a simulated kernel, disk and clock. */
import { plainNodeId } from '@drive-feed/shared/node-id.ts'
import type { FeedDatabase } from '@drive-feed/shared/open-database.ts'
import pino from 'pino'
import type { Decision } from '../../services/indexer/src/model/decision.ts'
import type { Folder } from '../../services/indexer/src/model/folder-tree.ts'
import { nameAt } from '../../services/indexer/src/model/sights.ts'
import { ENOSPC } from '../../services/indexer/src/posix/libc.ts'
import { Pipeline } from '../../services/indexer/src/reconcile/pipeline.ts'
import type {
  DatabasePort,
  DiskPort,
  KernelPort,
  OwnerPort,
  Ports,
} from '../../services/indexer/src/reconcile/ports.ts'
import type { Root } from '../../services/indexer/src/reconcile/roots/root.ts'
import { createBookkeeping } from '../../services/indexer/src/store/bookkeeping.ts'
import { createStore } from '../../services/indexer/src/store/store.ts'
import type { ModelDisk } from '../support/model-disk.ts'
import type { Random } from '../support/random.ts'
import type { Actor, Clock } from './clock.ts'
import type { Kernel } from './kernel.ts'
import { createLooking, type Faults } from './looking.ts'
import { mountsOf, signsAt } from './mounts.ts'

export type Watch = { readonly name: string; readonly path: string }

export type Surroundings = {
  readonly db: FeedDatabase
  readonly clock: Clock
  readonly disk: ModelDisk
  readonly kernel: Kernel
  readonly random: Random
  /** The watches for the next start. */
  watches: readonly Watch[]
  /** Nodes for which the owner has left a word. */
  readonly words: Set<string>
  /** How many hints may wait. */
  readonly hintsMax: number
  /** The longest time of a step of the observer thread, and until events are read. */
  readonly slownessMs: number
  /** Whether a node got another id than that of its inode number while a root was not listed, and so perhaps away. */
  hasIdBeside: boolean
  /** Gets a line for each thing that is done. */
  readonly note: (line: string) => void
  readonly faults: Faults
}

export type Program = {
  readonly actor: Actor
  /** To be called when events wait on a descriptor of the kernel. */
  readonly onQueued: (fd: number) => void
  /** To be called when something was mounted or unmounted. */
  readonly onMounts: () => void
  /** Does what the indexer does every few seconds: looks for roots, and starts what is due. */
  readonly check: () => void
  /** The error that ended the program, if there was one. */
  readonly failure: () => unknown
  /** What still waits, one line each. */
  readonly unfinished: () => string[]
  readonly roots: () => readonly Root[]
  readonly folders: () => Iterable<Folder>
  readonly end: () => void
}

/** Folders without a watch are listed in every second slot at least, and watches may move immediately. */
const PACE = { slotMs: 60_000, slotsMax: 2, quietSeconds: 0 }
const LIMIT = { allowed: 1_000_000, used: 0, isKnown: true, raise: () => '' }

export function startProgram(surroundings: Surroundings): Program {
  const { clock, kernel, random, slownessMs } = surroundings
  const actor: Actor = { state: 'running' }
  const soon = (task: () => void) => clock.after(random.below(slownessMs + 1), actor, task)
  const drained = () =>
    new Promise<void>((resolve) => {
      soon(() => {
        for (const fd of pipeline.instances()) pipeline.take(fd, kernel.take(fd))
        resolve()
      })
    })
  const isAnyUnlisted = () => pipeline.layout.roots.all.some(({ isListed }) => !isListed)
  const pipeline = new Pipeline(portsOf(surroundings, actor, drained, isAnyUnlisted))
  let failure: unknown
  pipeline.begin()
  pipeline.run().catch((error: unknown) => {
    failure = error
  })
  return {
    actor,
    onQueued: (fd) => {
      if ([...pipeline.instances()].includes(fd)) soon(() => pipeline.take(fd, kernel.take(fd)))
    },
    onMounts: () => soon(() => pipeline.mounted()),
    check: () => {
      pipeline.checkRoots(() => true)
      pipeline.tick()
    },
    failure: () => failure,
    unfinished: () => [
      ...Array.from(pipeline.pending.limbo.entries(), ({ row }) => `in limbo: ${row.name}, ${row.nodeId}`),
      ...(pipeline.pending.hints.size() > 0 ? [`${pipeline.pending.hints.size()} hints`] : []),
      ...(pipeline.pending.visits.areOpen() ? ['visits'] : []),
    ],
    roots: () => pipeline.layout.roots.all,
    folders: pipeline.layout.tree.folders,
    end: () => {
      actor.state = 'ended'
      for (const fd of pipeline.instances()) kernel.closeInstance(fd)
    },
  }
}

function portsOf(
  surroundings: Surroundings,
  actor: Actor,
  drained: () => Promise<void>,
  isAnyUnlisted: () => boolean,
): Ports {
  const { clock, watches, hintsMax } = surroundings
  return {
    settings: {
      watches: watches.map((watch) => ({ ...watch, configuredPath: watch.path })),
      isExcluded: () => false,
      excludesByPath: false,
      quietMs: 100,
      rescanHours: 24,
      skipInitialHash: false,
      pace: PACE,
      hintsMax,
      configPath: undefined,
    },
    clock: { nowMs: clock.nowMs, wallMs: clock.nowMs },
    kernel: kernelPort(surroundings, drained),
    disk: diskPort(surroundings, actor),
    database: databasePort(surroundings, isAnyUnlisted),
    // The content of files does not matter here.
    metadata: {
      wake: () => {},
      onAllScanned: () => {},
      onFoldersChanged: () => {},
      notBeforeMs: () => 0,
      tried: () => [],
    },
    owner: ownerPort(surroundings),
    ownFiles: { mayBeOwn: () => false, namesIn: () => null },
    log: pino({ level: 'silent' }),
  }
}

function kernelPort({ kernel }: Surroundings, drained: () => Promise<void>): KernelPort {
  return {
    createInstance: () => ({ fd: kernel.createInstance() }),
    removeWatch: kernel.removeWatch,
    drained,
    limits: () => ({ watches: LIMIT, instances: LIMIT }),
    watchLimitErrno: ENOSPC,
  }
}

function diskPort(surroundings: Surroundings, actor: Actor): DiskPort {
  const { disk } = surroundings
  return {
    look: createLooking({ ...surroundings, actor }),
    signs: async (path) => signsAt(disk, path),
    resolvePath: async (path) => path,
    mountChanges: async () => disk.mountChanges,
    atWork: () => null,
    mounts: () => mountsOf(disk),
    onExhausted: () => {},
  }
}

function databasePort(surroundings: Surroundings, isAnyUnlisted: () => boolean): DatabasePort {
  const { db, clock, note } = surroundings
  const { known, apply, addFiles, transaction } = createStore(db, clock.nowMs)
  const { roots, saveRoot, removeRoot, devices, saveDevice } = createBookkeeping(db)
  return {
    ...{ known, transaction, roots, saveRoot, removeRoot, devices, saveDevice },
    apply: (decisions: readonly Decision[]) => {
      for (const one of decisions) {
        const to = 'name' in one ? `${one.parentId}/${one.name}` : ''
        const isBeside = one.kind === 'create' && one.nodeId !== plainNodeId(one.facts.device, one.facts.inode)
        surroundings.hasIdBeside ||= isBeside && isAnyUnlisted()
        note(`${one.kind} ${one.nodeId} ${to} ${'facts' in one ? one.facts.mtime : ''}`)
      }
      apply(decisions)
    },
    addFiles: (files) => {
      for (const { parentId, sights, indexes } of files) {
        for (const index of indexes) note(`create as a new file ${parentId}/${nameAt(sights, index)}`)
      }
      addFiles(files)
    },
  }
}

function ownerPort({ words }: Surroundings): OwnerPort {
  return {
    words: () => words,
    takeWord: (nodeId) => words.delete(nodeId),
    dropWord: (nodeId) => void words.delete(nodeId),
    rescans: () => new Set(),
    dropRescan: () => true,
  }
}
