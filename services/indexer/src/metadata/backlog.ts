/** The files that wait in the pool, and which of them share a message. Pure bookkeeping: no processes, no clocks. */
import type { Trial } from './extract.ts'
import { bytesToRead, type Lane, laneOf, type Task, trialOf } from './task.ts'

/** Files up to this size share a message: a message would cost as much as reading one. Bytes. */
const SMALL_FILE_BYTES = 1024 * 1024

/** Small files in a message. */
export const BATCH_FILES = 32

/** If both wait, so many messages of ordinary files come before one with a file that is tried alone. */
const ORDINARY_TURNS = 4

/** Files that go to a worker in one message. */
export type Batch = {
  readonly tasks: readonly Task[]
  readonly trial: Trial
  /** The bytes of all its files. */
  readonly bytes: number
  readonly lane: Lane
  /** Whether it is soon done: then the next message may be sent behind it, so that the worker never waits for one. */
  readonly isQuick: boolean
}

export type Backlog = {
  readonly add: (tasks: readonly Task[]) => void
  /** Puts tasks back that were sent and not answered, before everything else. */
  readonly putBack: (tasks: readonly Task[]) => void
  /**
   * The next batch of the lanes that are open; null if there is none. What may take long comes first, since fewer
   * workers may take it.
   */
  readonly take: (open: ReadonlySet<Lane>) => Batch | null
  /** About how many batches wait in each lane. */
  readonly waiting: () => Readonly<Record<Lane, number>>
  /** Whether so much waits that every message is full. */
  readonly isBulk: () => boolean
  readonly clear: () => void
}

export function createBacklog(): Backlog {
  const lanes: Record<Lane, Task[]> = { ordinary: [], alone: [], suspect: [], big: [], huge: [] }
  let wasSuspect = false
  let turns = 0

  /**
   * Suspects and big files take turns: neither a folder of films nor one of bad files keeps the other waiting until it
   * is done.
   */
  function takeSlow(open: ReadonlySet<Lane>): Task | undefined {
    if (open.has('huge') && lanes.huge.length > 0) return lanes.huge.shift()
    const order = (wasSuspect ? ['big', 'suspect'] : ['suspect', 'big']) satisfies Lane[]
    const lane = order.find((each) => open.has(each as Lane) && lanes[each as Lane].length > 0) as Lane | undefined
    if (lane === undefined) return undefined
    wasSuspect = lane === 'suspect'
    return lanes[lane].shift()
  }

  /** Ordinary files and those tried alone take turns too: most of the latter are good. */
  function takeQuick(open: ReadonlySet<Lane>): Task[] {
    const isOrdinary = open.has('ordinary') && lanes.ordinary.length > 0
    const isAlone = open.has('alone') && lanes.alone.length > 0 && (!isOrdinary || turns >= ORDINARY_TURNS)
    turns = isAlone ? 0 : turns + 1
    if (isAlone) return lanes.alone.splice(0, 1)
    return isOrdinary ? lanes.ordinary.splice(0, countTogether(lanes.ordinary)) : []
  }

  return {
    add: (tasks) => {
      for (const task of tasks) lanes[laneOf(task)].push(task)
    },
    putBack: (tasks) => {
      for (const task of tasks.toReversed()) lanes[laneOf(task)].unshift(task)
    },
    take: (open) => {
      const slow = takeSlow(open)
      const tasks = slow === undefined ? takeQuick(open) : [slow]
      return tasks.length === 0 ? null : batchOf(tasks)
    },
    waiting: () => ({
      ordinary: Math.ceil(lanes.ordinary.length / BATCH_FILES),
      alone: lanes.alone.length,
      suspect: lanes.suspect.length,
      big: lanes.big.length,
      huge: lanes.huge.length,
    }),
    isBulk: () => lanes.ordinary.length >= BATCH_FILES,
    clear: () => {
      for (const lane of Object.values(lanes)) lane.length = 0
    },
  }
}

/** How many of the first tasks share a message: the small ones up to the first that is not, or that one alone. */
function countTogether(tasks: readonly Task[]): number {
  const end = tasks.findIndex(({ job }, at) => at === BATCH_FILES || bytesToRead(job) > SMALL_FILE_BYTES)
  return end === -1 ? tasks.length : Math.max(end, 1)
}

function batchOf(tasks: readonly Task[]): Batch {
  const bytes = tasks.reduce((sum, { job }) => sum + bytesToRead(job), 0)
  const [first] = tasks as readonly [Task, ...Task[]]
  const lane = laneOf(first)
  const isQuick = lane === 'ordinary' && bytesToRead(first.job) <= SMALL_FILE_BYTES
  return { tasks, trial: trialOf(first), bytes, lane, isQuick }
}
