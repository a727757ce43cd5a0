/**
 * Keeps the metadata workers busy with files that wait in the database, and hands their results on. The queue is rows,
 * not memory: what is in work is still waiting there until its result is stored, so a restart loses nothing.
 */
import type { MetadataJob, MetadataResult } from './metadata-job.ts'
import type { MetadataPool } from './pool.ts'
import { HUGE_FILE_BYTES } from './task.ts'

/** A file that waits, with where it is. */
export type WaitingFile = MetadataJob & { readonly device: string }

/** `askedMs`: when the database was asked for the file. */
export type Answered = { readonly result: MetadataResult; readonly askedMs: number }

export type FeederTools = {
  readonly pool: Pick<MetadataPool, 'room' | 'bigRoom' | 'hugeRoom' | 'submit'>
  readonly bigFileBytes: number
  /** Files whose time has come, the most urgent first. */
  readonly waiting: (nowMs: number, limit: number, sizeBelow: number) => readonly WaitingFile[]
  /** Files that were read already and are to be asked for again, with their hash, where nothing else waits. */
  readonly toAskAgain: (nowMs: number, limit: number) => readonly WaitingFile[]
  /** When the next of those not due yet is, ms since 1970. */
  readonly nextDueMs: (nowMs: number) => number | null
  /** Stores results, some at a time. What the database said of a file when it was asked is what was read. */
  readonly save: (results: readonly Answered[]) => void
  /** The same of those that were asked for again. */
  readonly saveAgain: (results: readonly Answered[]) => void
  readonly nowMs: () => number
}

export type Feeder = {
  /** Tells that files may be waiting. */
  readonly wake: () => void
  readonly takeResults: (results: readonly MetadataResult[]) => void
  /** `orderly` stores what has come in; `abandon` leaves it to be read again. */
  readonly stop: (how: 'orderly' | 'abandon') => void
  readonly finished: () => number
}

/** Results are stored together, for one disk flush, when this many have come or this time has passed. */
const SAVE_MAX = 512
const SAVE_AFTER_MS = 25
/** Files fetched from the database at once. */
const FETCH_MAX = 1024
/** Files in work that were read before: what is new waits for no more than these. */
const AGAIN_MAX = 16

export function createFeeder(tools: FeederTools): Feeder {
  const { pool, nowMs } = tools
  /** Node id to the inode that is being read for it, and when the database was asked for it. */
  const inWork = new Map<string, { readonly inode: string; readonly askedMs: number }>()
  // Two names of one inode are read once: the result is stored for both.
  const inodesInWork = new Set<string>()
  /** Those asked for again, by node id, with when the database was. */
  const again = new Map<string, number>()
  /** Files fetched and not yet given away. */
  let next: WaitingFile[] = []
  let askedMs = 0
  let results: MetadataResult[] = []
  let saveTimer: NodeJS.Timeout | undefined
  let dueTimer: NodeJS.Timeout | undefined
  let wakeTimer: NodeJS.Immediate | undefined
  let finished = 0
  let isStopped = false

  /** Takes files that wait and are not in work until `room` is used up. */
  const choose = (): MetadataJob[] => {
    let { room, bigRoom, hugeRoom } = pool
    const jobs: MetadataJob[] = []
    while (room > 0 && next.length > 0) {
      const file = next.shift() as WaitingFile
      const inode = `${file.device}:${file.inode}`
      if (inWork.has(file.nodeId) || inodesInWork.has(inode)) continue
      const isHuge = file.size >= HUGE_FILE_BYTES
      const isBig = !isHuge && file.size >= tools.bigFileBytes
      if ((isBig && bigRoom === 0) || (isHuge && hugeRoom === 0)) continue
      if (isBig) bigRoom -= 1
      if (isHuge) hugeRoom -= 1
      room -= 1
      inWork.set(file.nodeId, { inode, askedMs })
      inodesInWork.add(inode)
      jobs.push(file)
    }
    return jobs
  }
  const feed = () => {
    wakeTimer = undefined
    if (isStopped) return
    while (pool.room > 0) {
      if (next.length === 0) {
        // What is in work still waits in the database, ahead of what is new.
        const limit = FETCH_MAX + inWork.size
        // One moment for both questions: what is due between two would be in neither answer.
        const now = nowMs()
        askedMs = Math.floor(now)
        next = [...tools.waiting(now, limit, sizeBelow(tools))]
        if (next.length < limit) waitForNext(now)
      }
      const jobs = choose()
      if (jobs.length === 0) break
      pool.submit(jobs)
    }
    if (pool.room > 0 && again.size < AGAIN_MAX) askAgain()
  }
  /** Only where nothing else is left to be given away. */
  const askAgain = () => {
    const now = nowMs()
    // Those in work are still among them.
    const files = tools.toAskAgain(now, AGAIN_MAX + again.size).filter(({ nodeId }) => !again.has(nodeId))
    const jobs = files.slice(0, Math.min(AGAIN_MAX - again.size, pool.room))
    for (const { nodeId } of jobs) again.set(nodeId, Math.floor(now))
    if (jobs.length > 0) pool.submit(jobs)
  }
  const waitForNext = (now: number) => {
    clearTimeout(dueTimer)
    dueTimer = undefined
    const nextMs = tools.nextDueMs(now)
    if (nextMs === null) return
    // setTimeout takes 31 bits of milliseconds; a wake-up too early does no harm.
    dueTimer = setTimeout(feed, Math.min(Math.max(1, nextMs - now), 3_600_000))
  }
  const save = () => {
    clearTimeout(saveTimer)
    saveTimer = undefined
    const batch = results
    results = []
    const { first, later } = divide(batch)
    if (first.length > 0) {
      tools.save(first.map((result) => ({ result, askedMs: inWork.get(result.job.nodeId)?.askedMs ?? 0 })))
    }
    if (later.length > 0) {
      tools.saveAgain(later.map((result) => ({ result, askedMs: again.get(result.job.nodeId) ?? 0 })))
    }
    for (const { job } of first) {
      inodesInWork.delete(inWork.get(job.nodeId)?.inode ?? '')
      inWork.delete(job.nodeId)
    }
    for (const { job } of later) again.delete(job.nodeId)
    finished += first.length
    feed()
  }
  return {
    wake: () => {
      clearTimeout(dueTimer)
      dueTimer = undefined
      // Fresh changes overtake what was fetched before them.
      next = []
      wakeTimer ??= setImmediate(feed)
    },
    takeResults: (some) => {
      if (isStopped) return
      results.push(...some)
      // The workers first: what they are given is read while this thread writes.
      feed()
      if (results.length >= SAVE_MAX) save()
      else saveTimer ??= setTimeout(save, SAVE_AFTER_MS)
    },
    stop: (how) => {
      isStopped = true
      clearTimeout(dueTimer)
      clearTimeout(saveTimer)
      clearImmediate(wakeTimer)
      if (how === 'orderly') save()
    },
    finished: () => finished,
  }
}

/** Where no more big files may be read, small ones behind them may. Bytes. */
function sizeBelow({ pool, bigFileBytes }: FeederTools): number {
  if (pool.bigRoom === 0) return bigFileBytes
  return pool.hugeRoom === 0 ? HUGE_FILE_BYTES : Number.MAX_SAFE_INTEGER
}

/** Of files that were read for the first time since they changed, and of those whose hash was known. */
function divide(results: readonly MetadataResult[]): { first: MetadataResult[]; later: MetadataResult[] } {
  const isLater = ({ job }: MetadataResult) => job.knownHash !== undefined
  return { first: results.filter((result) => !isLater(result)), later: results.filter(isLater) }
}
