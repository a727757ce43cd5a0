/**
 * The metadata stage: files in; hashes, types and dimensions out. The work is done by child processes, which a malformed
 * file may take down.
 */
import { fileURLToPath } from 'node:url'
import { shownPath } from '@drive-feed/shared/shown-path.ts'
import { BATCH_FILES, type Batch, createBacklog, type Lanes } from './backlog.ts'
import type { MetadataJob, MetadataResult } from './metadata-job.ts'
import type { ReaderVersions } from './reader-versions.ts'
import { createRestartDelay } from './restart-delay.ts'
import { Slot, type SlotEvents } from './slot.ts'
import { afterDeath, BIG_FILE_BYTES, bytesToRead, type Death, newTask } from './task.ts'
import { type Launch, startWorkerProcess } from './worker-process.ts'

export type MetadataPool = {
  /** How many jobs it takes now without piling up: two batches a worker, which keep all of them busy. */
  readonly room: number
  /** How many of these may be of `BIG_FILE_BYTES` or more. For who heeds it, big files never keep small ones out. */
  readonly bigRoom: number
  /** Why nothing, or less than could be, is read now, in one line; null if all is well. */
  readonly problem: () => string | null
  readonly submit: (jobs: readonly MetadataJob[]) => void
  /** Workers that run now read what they were given and nothing else: what they may open was settled when they began. */
  readonly renew: () => void
  /** Starts a worker where there is none, only to learn with what it reads. */
  readonly probe: () => void
  /** Kills the workers and resolves when they are gone, or after a second. No result comes after the call. */
  readonly stop: () => Promise<void>
}

export type MetadataPoolOptions = {
  readonly workers: number
  /** Gets the results of one message; each job submitted is answered once. */
  readonly onResults: (results: readonly MetadataResult[]) => void
  /** A worker is ready, and reads with these. */
  readonly onVersions?: (versions: ReaderVersions) => void
  /** Something is wrong with the pool itself, in one line: workers can't start, or one is stuck in the kernel. */
  readonly onProblem: (problem: string) => void
  /** Time in which that many bytes must be read. Default: a minute, and a second for each MiB, for slow disks. */
  readonly limitMs?: (bytes: number) => number
  /** Workers without work are let go after this time, for their memory. Default: 30 s. */
  readonly idleMs?: number
  /** How a worker is started. Default: as a child of this thread, with all it may do. */
  readonly launch?: Launch
  /** Path of a worker's entry; for tests. */
  readonly workerModule?: string
}

const BATCHES_PER_WORKER = 2
const DEFAULT_IDLE_MS = 30_000
const STOP_MS = 1000

export function createMetadataPool(options: MetadataPoolOptions): MetadataPool {
  return new Pool(options)
}

class Pool implements MetadataPool {
  readonly #options: MetadataPoolOptions
  readonly #slots: readonly Slot[]
  /** What may take long leaves one worker free. Where there is only one, it gets a process of its own while there is any. */
  readonly #slowMax: number
  readonly #backlog = createBacklog()
  readonly #restart = createRestartDelay(
    (problem) => {
      this.#startProblem = problem
      this.#options.onProblem(problem)
    },
    () => this.#dispatch(),
  )
  #startProblem: string | null = null
  /** Of batches whose worker was killed but stays. */
  readonly #stuckProblems = new Map<Batch, string>()
  #pending = 0
  #bigPending = 0
  #isStopped = false
  #onSlotEmptied = () => {}

  constructor(options: MetadataPoolOptions) {
    this.#options = options
    this.#slowMax = Math.max(1, options.workers - 1)
    const slotOptions = {
      launch: options.launch ?? startWorkerProcess,
      workerModule: options.workerModule ?? fileURLToPath(import.meta.resolve('./worker.ts')),
      limitMs: options.limitMs ?? defaultLimitMs,
      idleMs: options.idleMs ?? DEFAULT_IDLE_MS,
    }
    const events = this.#slotEvents()
    this.#slots = Array.from({ length: Math.max(2, options.workers) }, () => new Slot(slotOptions, events))
  }

  problem(): string | null {
    return this.#startProblem ?? this.#stuckProblems.values().next().value ?? null
  }

  get room(): number {
    return Math.max(0, this.#options.workers * BATCHES_PER_WORKER * BATCH_FILES - this.#pending)
  }

  get bigRoom(): number {
    return Math.min(this.room, Math.max(0, this.#slowMax * BATCHES_PER_WORKER - this.#bigPending))
  }

  submit(jobs: readonly MetadataJob[]): void {
    if (this.#isStopped) return
    this.#pending += jobs.length
    this.#bigPending += countBig(jobs)
    this.#backlog.add(jobs.map(newTask))
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
      onResults: (results) => {
        // The workers first: whoever takes the results writes them to a database meanwhile.
        this.#dispatch()
        this.#deliver(results)
      },
      onStartFailed: (reason) => {
        if (!this.#isStopped) this.#restart.failed(reason)
        this.#onSlotEmptied()
      },
      onEnd: (death, unanswered) => {
        for (const batch of unanswered) this.#stuckProblems.delete(batch)
        this.#recover(death, unanswered)
        this.#dispatch()
        this.#onSlotEmptied()
      },
      onStuck: (batch) => {
        const [first = ''] = batch.tasks.map(({ job }) => job.path)
        const problem = 'a metadata worker was killed but stays, its disk does not answer; it was reading'
        this.#stuckProblems.set(batch, `${problem} ${shownPath(first)}`)
        this.#options.onProblem(`${problem} ${first}`)
      },
    }
  }

  #deliver(results: readonly MetadataResult[]): void {
    if (this.#isStopped || results.length === 0) return
    this.#pending -= results.length
    this.#bigPending -= countBig(results.map(({ job }) => job))
    this.#options.onResults(results)
  }

  #recover(death: Death, [interrupted, ...untouched]: readonly Batch[]): void {
    if (this.#isStopped || interrupted === undefined) return
    const { again, failed } = afterDeath(interrupted.tasks, death)
    this.#backlog.putBack(untouched.flatMap(({ tasks }) => tasks))
    this.#backlog.putBack(again)
    this.#deliver(failed)
  }

  /** A batch for every worker that has none, a second one for those soon done, and more workers for what is left. */
  #dispatch(): void {
    if (this.#isStopped) return
    for (const slot of this.#slots) {
      if (slot.state === 'ready' && slot.batches.length === 0) this.#give(slot, this.#openLanes())
    }
    for (const slot of this.#slots) {
      const [batch, next] = slot.batches
      if (slot.state !== 'ready' || next !== undefined) continue
      if (batch?.isQuick) this.#give(slot, { ordinary: true, slow: false })
    }
    for (const slot of this.#slots) {
      if (this.#needsAnother()) this.#startIfAllowed(slot)
    }
  }

  #give(slot: Slot, open: Lanes): void {
    const batch = this.#backlog.take(open)
    if (batch !== null) slot.send(batch)
  }

  #openLanes(): Lanes {
    const slow = this.#slots.filter(({ batches }) => batches[0]?.isSlow).length
    const ordinary = this.#slots.filter(({ batches }) => batches[0]?.isSlow === false).length
    return { ordinary: ordinary < this.#options.workers, slow: slow < this.#slowMax }
  }

  /** Whether something waits that a further worker could take, beyond what those just starting will take. */
  #needsAnother(): boolean {
    const open = this.#openLanes()
    const waiting = this.#backlog.waiting()
    const batches = (open.ordinary ? waiting.ordinary : 0) + (open.slow ? waiting.slow : 0)
    return batches > this.#count('starting')
  }

  #startIfAllowed(slot: Slot): void {
    if (slot.state === 'empty' && this.#restart.allows(this.#count('starting'))) slot.start()
  }

  #count(state: Slot['state']): number {
    return this.#slots.filter((slot) => slot.state === state).length
  }
}

function countBig(jobs: readonly MetadataJob[]): number {
  return jobs.reduce((count, job) => count + Number(bytesToRead(job) >= BIG_FILE_BYTES), 0)
}

function defaultLimitMs(bytes: number): number {
  return 60_000 + (bytes / (1024 * 1024)) * 1000
}
