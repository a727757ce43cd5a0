/**
 * The metadata stage: files in; hashes, types and dimensions out. Child processes do the work, since a malformed file
 * may crash a library.
 */
import { fileURLToPath } from 'node:url'
import { afterDeath, type Death } from './after-death.ts'
import { BATCH_FILES, createBacklog } from './backlog.ts'
import type { Unanswered } from './blame.ts'
import { createDoubts } from './doubts.ts'
import type { MetadataJob, MetadataResult } from './metadata-job.ts'
import type { ReaderVersions } from './reader-versions.ts'
import { createRestartDelay } from './restart-delay.ts'
import { Slot, type SlotEvents } from './slot.ts'
import { type Lane, laneOf, type Task } from './task.ts'
import { type Launch, startWorkerProcess } from './worker-process.ts'

export type MetadataPool = {
  /** How many jobs to submit now: two batches a worker keep all workers busy. */
  readonly room: number
  /** How many of these may have `BIG_FILE_BYTES` or more, so that big files never keep small ones out. */
  readonly bigRoom: number
  /** How many of these may have `HUGE_FILE_BYTES` or more. */
  readonly hugeRoom: number
  /** Why nothing is read now, or less than could be, in one line; null if all is well. */
  readonly problem: () => string | null
  /** The files that have been read for over an hour. */
  readonly longReads: () => readonly LongRead[]
  readonly submit: (jobs: readonly MetadataJob[]) => void
  /**
   * Has workers that run now read what they were given and then end: what they may open was fixed when they started.
   */
  readonly renew: () => void
  /** Starts a worker if none runs, only to learn its versions. */
  readonly probe: () => void
  /** Kills the workers and resolves when they are gone, or after a second. No result comes after the call. */
  readonly stop: () => Promise<void>
}

export type LongRead = { readonly path: string; readonly forMs: number }

export type MetadataPoolOptions = {
  readonly workers: number
  /** Gets the results of one message. Each submitted job has one result. */
  readonly onResults: (results: readonly MetadataResult[]) => void
  /** A worker is ready, and reads with these versions. */
  readonly onVersions?: (versions: ReaderVersions) => void
  /** Gets a problem of the pool itself, in one line: workers can't start, or one is stuck in the kernel. */
  readonly onProblem: (problem: string) => void
  /** The time in which so many bytes must be read. Default: a minute, and a second for each MiB, for slow disks. */
  readonly limitMs?: (bytes: number) => number
  /** Workers without work end after this time, to free their memory. Default: 30 s. */
  readonly idleMs?: number
  /** Starts a worker. Default: as a child of this thread, without restrictions. */
  readonly launch?: Launch
  /** Milliseconds since any moment. Default: since this process began. */
  readonly nowMs?: () => number
  /** Path of a worker's entry; for tests. */
  readonly workerModule?: string
}

const BATCHES_PER_WORKER = 2
/** The most tasks in the pool that came beside a bad file or are bad themselves; a disk may hold any number. */
const DOUBTFUL_MAX = 128
/** How long a file waits as a row if there is no room for it among those. */
const POSTPONED_MS = 60_000
const LONG_READ_MS = 3_600_000
const DEFAULT_IDLE_MS = 30_000
const STOP_MS = 1000

export function createMetadataPool(options: MetadataPoolOptions): MetadataPool {
  return new Pool(options)
}

class Pool implements MetadataPool {
  readonly #options: MetadataPoolOptions
  readonly #slots: readonly Slot[]
  readonly #nowMs: () => number
  /** Suspects, and files that are tried alone, leave one worker free. A single worker has a second process beside it. */
  readonly #doubtfulMax: number
  readonly #backlog = createBacklog()
  readonly #doubts = createDoubts()
  readonly #restart = createRestartDelay(
    (problem) => {
      this.#startProblem = problem
      this.#options.onProblem(problem)
    },
    () => this.#dispatch(),
  )
  #startProblem: string | null = null
  /** How many tasks have no answer yet, by lane. */
  readonly #pending: Record<Lane, number> = { ordinary: 0, alone: 0, suspect: 0, big: 0, huge: 0 }
  #isStopped = false
  #onSlotEmptied = () => {}

  constructor(options: MetadataPoolOptions) {
    this.#options = options
    this.#doubtfulMax = Math.max(1, options.workers - 1)
    this.#nowMs = options.nowMs ?? (() => performance.now())
    const slotOptions = {
      launch: options.launch ?? startWorkerProcess,
      workerModule: options.workerModule ?? fileURLToPath(import.meta.resolve('./worker.ts')),
      limitMs: options.limitMs ?? defaultLimitMs,
      idleMs: options.idleMs ?? DEFAULT_IDLE_MS,
      nowMs: this.#nowMs,
    }
    const events = this.#slotEvents()
    // One more for a huge file, which would be in the way of all others, and one more for ordinary files, see `#spare`.
    this.#slots = Array.from({ length: this.#processesMax + 2 }, () => new Slot(slotOptions, events))
  }

  problem(): string | null {
    return this.#startProblem ?? this.#slots.find(({ stuck }) => stuck !== null)?.stuck ?? null
  }

  longReads(): LongRead[] {
    const nowMs = this.#nowMs()
    return this.#slots.flatMap(({ work }) =>
      work === null || nowMs - work.sinceMs < LONG_READ_MS ? [] : [{ path: work.path, forMs: nowMs - work.sinceMs }],
    )
  }

  get room(): number {
    // A stopped pool takes nothing, so who fills it up would go on for ever.
    if (this.#isStopped) return 0
    const { ordinary, big, huge } = this.#pending
    return Math.max(0, this.#options.workers * BATCHES_PER_WORKER * BATCH_FILES - ordinary - big - huge)
  }

  get bigRoom(): number {
    return Math.min(this.room, Math.max(0, this.#options.workers * BATCHES_PER_WORKER - this.#pending.big))
  }

  get hugeRoom(): number {
    return Math.min(this.room, Math.max(0, 1 - this.#pending.huge))
  }

  submit(jobs: readonly MetadataJob[]): void {
    if (this.#isStopped) return
    const { taken, postponed } = this.#takeIn(jobs.map((job) => this.#doubts.take(job)))
    this.#backlog.add(taken)
    // Only after this function returns: whoever takes the results may be about to submit more.
    if (postponed.length > 0) setImmediate(() => this.#tell(postponed))
    this.#dispatch()
  }

  renew(): void {
    for (const slot of this.#slots) slot.retire()
  }

  probe(): void {
    const [first] = this.#slots
    const isRunning = this.#count('empty') < this.#slots.length
    if (!this.#isStopped && !isRunning && first !== undefined) this.#startIfAllowed(first)
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#restart.cancel()
    this.#backlog.clear()
    for (const slot of this.#slots) slot.kill()
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, STOP_MS)
      this.#onSlotEmptied = () => {
        if (this.#count('empty') < this.#slots.length) return
        clearTimeout(timer)
        resolve()
      }
      this.#onSlotEmptied()
    })
    for (const slot of this.#slots) slot.abandon()
  }

  #slotEvents(): SlotEvents {
    return {
      onReady: (versions) => {
        this.#options.onVersions?.(versions)
        this.#restart.succeeded()
        this.#startProblem = null
        this.#dispatch()
      },
      onResults: (settled) => {
        for (const { task } of settled) this.#pending[laneOf(task)] -= 1
        // The workers come first: they read while the results are written to the database.
        this.#dispatch()
        this.#tell(settled.map(({ result }) => result))
      },
      onStartFailed: (reason) => {
        if (!this.#isStopped) this.#restart.failed(reason)
        this.#onSlotEmptied()
      },
      onEnd: (death, unanswered) => {
        if (!this.#isStopped) this.#recover(death, unanswered)
        this.#dispatch()
        this.#onSlotEmptied()
      },
      onStuck: (problem) => {
        this.#options.onProblem(problem)
        this.#dispatch()
      },
    }
  }

  #tell(results: readonly MetadataResult[]): void {
    if (!this.#isStopped && results.length > 0) this.#options.onResults(results)
  }

  /** Counts tasks as pending, but for doubtful ones that are too many: those are postponed. */
  #takeIn(tasks: readonly Task[]): { taken: Task[]; postponed: MetadataResult[] } {
    const taken: Task[] = []
    const postponed: MetadataResult[] = []
    for (const task of tasks) {
      const lane = laneOf(task)
      const isDoubtful = lane === 'alone' || lane === 'suspect'
      if (isDoubtful && this.#pending.alone + this.#pending.suspect >= DOUBTFUL_MAX) {
        this.#doubts.keep(task)
        postponed.push({ kind: 'later', job: task.job, afterMs: POSTPONED_MS })
      } else {
        this.#pending[lane] += 1
        taken.push(task)
      }
    }
    return { taken, postponed }
  }

  /**
   * Tries the files of a message again. Neighbours are alike, so the one farthest from the culprit comes first: it is
   * the least likely to be bad.
   */
  #recover(death: Death, { culprit, wasAlone, neighbours, untouched }: Unanswered): void {
    for (const task of [...(culprit === null ? [] : [culprit]), ...neighbours]) this.#pending[laneOf(task)] -= 1
    const next = culprit === null ? null : afterDeath(culprit, wasAlone, death)
    const isSuspect = culprit === null && death.tookTooLong
    const again = neighbours.toReversed().map((task) => ({ ...task, isAlone: true, isSuspect }))
    const { taken, postponed } = this.#takeIn(next !== null && isTask(next) ? [next, ...again] : again)
    this.#backlog.putBack(untouched)
    this.#backlog.putBack(taken)
    this.#tell(next === null || isTask(next) ? postponed : [next, ...postponed])
  }

  /**
   * Gives a batch to every worker that has none and a second one to those that are soon done, and starts workers for
   * the rest.
   */
  #dispatch(): void {
    if (this.#isStopped) return
    for (const slot of this.#slots) {
      if (slot.state === 'ready' && slot.batches.length === 0) this.#give(slot, this.#lanesForNext())
    }
    for (const slot of this.#slots) {
      const [batch, next] = slot.batches
      if (slot.state !== 'ready' || next !== undefined || !this.#backlog.isBulk()) continue
      if (batch?.isQuick) this.#give(slot, new Set(['ordinary']))
    }
    for (const slot of this.#slots) {
      if (this.#needsAnother()) this.#startIfAllowed(slot)
    }
  }

  #give(slot: Slot, open: ReadonlySet<Lane>): void {
    const batch = this.#backlog.take(open)
    if (batch !== null) slot.send(batch)
  }

  get #processesMax(): number {
    return Math.max(2, this.#options.workers)
  }

  /** How many workers are busy in each lane, without stuck ones, which must not keep a lane closed. */
  #busy(): Record<Lane, number> {
    const busy: Record<Lane, number> = { ordinary: 0, alone: 0, suspect: 0, big: 0, huge: 0 }
    for (const { batches, stuck } of this.#slots) {
      if (batches[0] !== undefined && stuck === null) busy[batches[0].lane] += 1
    }
    return busy
  }

  /** Suspects never have all workers, and neither have files that are tried alone. Big files may. */
  #openLanes(): ReadonlySet<Lane> {
    const busy = this.#busy()
    const quick = busy.ordinary + busy.alone
    const slow = busy.suspect + busy.big
    const isFree = quick + slow < this.#processesMax
    const open = new Set<Lane>()
    if (busy.ordinary < this.#options.workers && quick + slow < this.#processesMax + this.#spare(busy))
      open.add('ordinary')
    if (isFree && quick < this.#options.workers && busy.alone < this.#doubtfulMax) open.add('alone')
    if (isFree && slow < this.#options.workers) open.add('big')
    if (isFree && slow < this.#doubtfulMax) open.add('suspect')
    if (busy.huge === 0) open.add('huge')
    return open
  }

  /** The lanes for the next batch: without those that may take long if ordinary files wait and no worker has any. */
  #lanesForNext(): ReadonlySet<Lane> {
    const hasNobody = this.#backlog.waiting().ordinary > 0 && this.#busy().ordinary === 0
    return hasNobody ? this.#openLanes().intersection(new Set<Lane>(['ordinary', 'alone'])) : this.#openLanes()
  }

  /** Whether batches wait that a further worker could take, beyond those that starting workers will take. */
  #needsAnother(): boolean {
    const waiting = this.#backlog.waiting()
    const batches = [...this.#openLanes()].reduce((sum, lane) => sum + waiting[lane], 0)
    const busy = this.#busy()
    const more = this.#spare(busy) + Number(waiting.huge + busy.huge > 0)
    const running = this.#count('starting') + this.#count('ready') + this.#count('retired')
    return batches > this.#count('starting') && running < this.#processesMax + more
  }

  /**
   * One process more for ordinary files, while doubtful ones are read, each of which may keep its process for ten seconds, or
   * while big ones have all workers.
   */
  #spare({ alone, suspect, big }: Readonly<Record<Lane, number>>): 0 | 1 {
    return alone + suspect > 0 || big >= this.#processesMax ? 1 : 0
  }

  #startIfAllowed(slot: Slot): void {
    if (slot.state === 'empty' && this.#restart.allows(this.#count('starting'))) slot.start()
  }

  #count(state: Slot['state']): number {
    return this.#slots.filter((slot) => slot.state === state).length
  }
}

function isTask(next: Task | MetadataResult): next is Task {
  return 'effort' in next
}

function defaultLimitMs(bytes: number): number {
  return 60_000 + (bytes / (1024 * 1024)) * 1000
}
