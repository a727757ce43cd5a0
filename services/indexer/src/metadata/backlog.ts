/** What waits in the pool, and which files travel together. Pure bookkeeping: no processes, no clocks. */
import type { Effort } from './identify.ts'
import type { MetadataJob } from './metadata-job.ts'
import type { Task } from './task.ts'

/** Files from here on are read by a part of the workers only. Bytes. */
export const BIG_FILE_BYTES = 256 * 1024 * 1024

/** Up to here reading takes so little that the messages would cost as much; such files share one. Bytes. */
const SMALL_FILE_BYTES = 1024 * 1024

/** Small files in a message. */
export const BATCH_FILES = 32

/** Files that go to a worker in one message and come back in one. */
export type Batch = {
  readonly tasks: readonly Task[]
  readonly effort: Effort
  /** Bytes of all files. */
  readonly bytes: number
  readonly isBig: boolean
  /** Soon done: the next message may already be sent behind it, so that the worker never waits for one. */
  readonly isQuick: boolean
}

export type Lanes = { readonly ordinary: boolean; readonly big: boolean }

export type Backlog = {
  readonly add: (tasks: readonly Task[]) => void
  /** Puts back what was sent but not begun, before everything else. */
  readonly putBack: (tasks: readonly Task[]) => void
  /** The next batch of a lane that is open, big files first, since fewer workers may take them; null if there is none. */
  readonly take: (open: Lanes) => Batch | null
  /** How many batches wait in each lane, about. */
  readonly waiting: () => { readonly ordinary: number; readonly big: number }
  readonly clear: () => void
}

/** Of a file whose hash is known only the beginning is read, and what the libraries want to see. */
export function bytesToRead({ size, knownHash }: MetadataJob): number {
  return knownHash === undefined ? size : 0
}

export function createBacklog(): Backlog {
  let suspects: Task[] = []
  let ordinary: Task[] = []
  let big: Task[] = []

  function laneOf(task: Task): Task[] {
    if (bytesToRead(task.job) >= BIG_FILE_BYTES) return big
    return task.isSuspect ? suspects : ordinary
  }

  return {
    add: (tasks) => {
      for (const task of tasks) laneOf(task).push(task)
    },
    putBack: (tasks) => {
      for (const task of tasks.toReversed()) laneOf(task).unshift(task)
    },
    take: (open) => {
      const alone = open.big && big.length > 0 ? big.shift() : open.ordinary ? suspects.shift() : undefined
      if (alone !== undefined) return batchOf([alone])
      if (!open.ordinary || ordinary.length === 0) return null
      return batchOf(ordinary.splice(0, countTogether(ordinary)))
    },
    waiting: () => ({ ordinary: suspects.length + Math.ceil(ordinary.length / BATCH_FILES), big: big.length }),
    clear: () => {
      suspects = []
      ordinary = []
      big = []
    },
  }
}

/** How many of the first tasks share a message: as many small ones as stand together, or one that is not small. */
function countTogether(tasks: readonly Task[]): number {
  const end = tasks.findIndex(({ job }, at) => at === BATCH_FILES || bytesToRead(job) > SMALL_FILE_BYTES)
  return end === -1 ? tasks.length : Math.max(end, 1)
}

function batchOf(tasks: readonly Task[]): Batch {
  const bytes = tasks.reduce((sum, { job }) => sum + bytesToRead(job), 0)
  const [first] = tasks
  return {
    tasks,
    effort: first?.effort ?? 'full',
    bytes,
    isBig: first !== undefined && bytesToRead(first.job) >= BIG_FILE_BYTES,
    isQuick: first !== undefined && !first.isSuspect && bytesToRead(first.job) <= SMALL_FILE_BYTES,
  }
}
