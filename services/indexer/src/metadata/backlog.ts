/** What waits in the pool, and which files travel together. Pure bookkeeping: no processes, no clocks. */
import type { Trial } from './extract.ts'
import { bytesToRead, isSlow, type Task, trialOf } from './task.ts'

/** Up to here reading takes so little that the messages would cost as much; such files share one. Bytes. */
const SMALL_FILE_BYTES = 1024 * 1024

/** Small files in a message. */
export const BATCH_FILES = 32

/** Files that go to a worker in one message and come back in one. */
export type Batch = {
  readonly tasks: readonly Task[]
  readonly trial: Trial
  /** Bytes of all files. */
  readonly bytes: number
  /** May keep its worker busy for long, see `Lanes`. */
  readonly isSlow: boolean
  /** Soon done: the next message may already be sent behind it, so that the worker never waits for one. */
  readonly isQuick: boolean
}

/** Which are open. Big files and suspects may take long, and share a lane that never has all workers. */
export type Lanes = { readonly ordinary: boolean; readonly slow: boolean }

export type Backlog = {
  readonly add: (tasks: readonly Task[]) => void
  /** Puts back what was sent but not begun, before everything else. */
  readonly putBack: (tasks: readonly Task[]) => void
  /** The next batch of a lane that is open, the slow one first, since fewer workers may take from it; null if there is none. */
  readonly take: (open: Lanes) => Batch | null
  /** How many batches wait in each lane, about. */
  readonly waiting: () => { readonly ordinary: number; readonly slow: number }
  readonly clear: () => void
}

export function createBacklog(): Backlog {
  let suspects: Task[] = []
  let ordinary: Task[] = []
  let alone: Task[] = []
  let big: Task[] = []
  let wasSuspect = false
  let wasAlone = false

  function laneOf(task: Task): Task[] {
    if (task.isSuspect) return suspects
    if (isSlow(task)) return big
    return task.isAlone ? alone : ordinary
  }

  /** By turns as well: what is tried alone may be bad, but most of it is not. */
  function takeOrdinary(): Task[] {
    wasAlone = alone.length > 0 && (ordinary.length === 0 || !wasAlone)
    return wasAlone ? alone.splice(0, 1) : ordinary.splice(0, countTogether(ordinary))
  }

  /** By turns: neither a folder of films nor one of bad files has the others wait until it is done. */
  function takeSlow(): Task | undefined {
    const [first, second] = wasSuspect ? [big, suspects] : [suspects, big]
    const lane = first.length > 0 ? first : second
    wasSuspect = lane === suspects
    return lane.shift()
  }

  return {
    add: (tasks) => {
      for (const task of tasks) laneOf(task).push(task)
    },
    putBack: (tasks) => {
      for (const task of tasks.toReversed()) laneOf(task).unshift(task)
    },
    take: (open) => {
      const slow = open.slow ? takeSlow() : undefined
      if (slow !== undefined) return batchOf([slow])
      if (!open.ordinary || ordinary.length + alone.length === 0) return null
      return batchOf(takeOrdinary())
    },
    waiting: () => ({
      ordinary: Math.ceil(ordinary.length / BATCH_FILES) + alone.length,
      slow: suspects.length + big.length,
    }),
    clear: () => {
      suspects = []
      ordinary = []
      alone = []
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
  const [first] = tasks as readonly [Task, ...Task[]]
  return {
    tasks,
    trial: trialOf(first),
    bytes,
    isSlow: isSlow(first),
    isQuick: !first.isSuspect && !first.isAlone && bytesToRead(first.job) <= SMALL_FILE_BYTES,
  }
}
