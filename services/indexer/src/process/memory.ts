/**
 * Releases memory after a burst of work. V8, SQLite and malloc keep the memory of the busiest moment for the next one.
 * After a first scan that is several hundred MB, and the next scan of that kind may be months away.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { trimHeap } from '../posix/libc.ts'

/** CPU time after which releasing memory is worthwhile, µs: a start with some hundred thousand files takes as much. */
const WORTH_US = 1_000_000
/** Releasing memory takes at most one part in so many of the CPU time. */
const WORK_PER_COST = 100
/** The process rests if it used no more CPU time than this between two checks, µs. */
const IDLE_US = 60_000

/**
 * Gives a function to be called every few seconds. It calls `release` when the process has come to rest after work.
 *
 * @param cpuUsage CPU time of the process so far, µs
 */
export function createRest(cpuUsage: () => number, release: () => void): () => void {
  let releasedUs = 0
  let checkedUs = 0
  let costUs = 0
  return () => {
    const nowUs = cpuUsage()
    const isIdle = nowUs - checkedUs <= IDLE_US
    checkedUs = nowUs
    if (!isIdle || nowUs - releasedUs < Math.max(WORTH_US, costUs * WORK_PER_COST)) return
    release()
    checkedUs = cpuUsage()
    releasedUs = checkedUs
    costUs = checkedUs - nowUs
  }
}

/**
 * Keeps the heaps of all threads of this process small: the space for new objects does not grow any more, and a fifth of the
 * live objects as garbage is collected. To be called when all modules are loaded: V8 refuses what was compiled, and kept,
 * with other flags.
 */
export function keepHeapsSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1')
  setFlagsFromString('--heap-growing-percent=20')
  // What it has grown to while modules were loaded would stay.
  releaseHeap()
}

/** CPU time of this process and its threads so far, µs. */
export function processCpuUsage(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}

/**
 * Collects garbage and returns free memory to the system, from this thread's heap and malloc's. Takes some 20 ms with
 * 1,000 known folders, and half a second with 50,000.
 */
export function releaseHeap(): void {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as NodeJS.GCFunction
  // Any other kind of collection leaves the space for new objects as large as it ever was.
  gc({ type: 'major', flavor: 'last-resort', execution: 'sync' })
  trimHeap()
}
