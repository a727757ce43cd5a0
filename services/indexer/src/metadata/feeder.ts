/**
 * Keeps the metadata workers busy with files that wait in the database, and hands their results on. The queue is rows,
 * not memory: a file in work is still a waiting row until its result is stored, so a restart loses nothing.
 */
import { EMPTY_FILE } from './empty-file.ts'
import type { MetadataJob, MetadataResult } from './metadata-job.ts'
import type { MetadataPool } from './pool.ts'
import { createSaveTimes } from './save-times.ts'
import { HUGE_FILE_BYTES } from './task.ts'

/** A waiting file, with its device. `isBacklog`: a scan found it, and no event told of it since. */
export type WaitingFile = MetadataJob & { readonly device: string; readonly isBacklog?: boolean }

/** `askedMs`: when the database gave the file. */
export type Answered = { readonly result: MetadataResult; readonly askedMs: number }

export type FeederTools = {
  readonly pool: Pick<MetadataPool, 'room' | 'bigRoom' | 'hugeRoom' | 'submit'>
  readonly bigFileBytes: number
  /** Files that are due, the most urgent first. */
  readonly waiting: (nowMs: number, limit: number, sizeBelow: number) => readonly WaitingFile[]
  /**
   * Files that were read before and are to be asked for again, with their hash. They are asked for if nothing else
   * waits.
   */
  readonly toAskAgain: (nowMs: number, limit: number) => readonly WaitingFile[]
  /** When the next file becomes due that is not due yet, ms since 1970. */
  readonly nextDueMs: (nowMs: number) => number | null
  /** Stores results, several at a time. A result is about the file as the database gave it. */
  readonly save: (results: readonly Answered[]) => void
  /** The same for files that were asked for again. */
  readonly saveAgain: (results: readonly Answered[]) => void
  readonly nowMs: () => number
}

export type Feeder = {
  /** To be called when files may be waiting. */
  readonly wake: () => void
  readonly takeResults: (results: readonly MetadataResult[]) => void
  /** `orderly` stores what has come in; `abandon` leaves it to be read again. */
  readonly stop: (how: 'orderly' | 'abandon') => void
  readonly finished: () => number
}

/** Files fetched from the database in one query. */
const FETCH_MAX = 1024
/** Files in work that were read before: a new file waits for no more than these. */
const AGAIN_MAX = 16

export function createFeeder(tools: FeederTools): Feeder {
  const { pool, nowMs } = tools
  /** By node id: the inode that is being read for it, and when the database gave it. */
  const inWork = new Map<string, { readonly inode: string; readonly askedMs: number }>()
  // Two names of one inode are read once; the result is stored for both.
  const inodesInWork = new Set<string>()
  /** Files asked for again: by node id, when the database gave them. */
  const again = new Map<string, number>()
  /** Files fetched and not yet given away. */
  let next: WaitingFile[] = []
  let askedMs = 0
  let results: MetadataResult[] = []
  let dueTimer: NodeJS.Timeout | undefined
  let wakeTimer: NodeJS.Immediate | undefined
  let finished = 0
  let isStopped = false

  /** Takes files that wait and are not in work until `room` is used up. Gives those that are to be read. */
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
      inWork.set(file.nodeId, { inode, askedMs })
      inodesInWork.add(inode)
      if (needsNoReading(file)) {
        results.push({ kind: 'done', job: file, metadata: EMPTY_FILE, problem: null })
        continue
      }
      if (isBig) bigRoom -= 1
      if (isHuge) hugeRoom -= 1
      room -= 1
      jobs.push(file)
    }
    return jobs
  }
  const feed = () => {
    wakeTimer = undefined
    if (isStopped) return
    while (pool.room > 0) {
      if (next.length === 0) {
        // Files in work are still waiting rows, ahead of the new ones.
        const limit = FETCH_MAX + inWork.size
        // One moment for both queries: a file that becomes due between two moments would be in neither answer.
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
    times.soon(results.length, inWork.size + again.size > results.length)
  }
  /** To be called only if nothing else is left to give away. */
  const askAgain = () => {
    const now = nowMs()
    // The query also gives those in work.
    const files = tools.toAskAgain(now, AGAIN_MAX + again.size).filter(({ nodeId }) => !again.has(nodeId))
    const jobs = files.slice(0, Math.min(AGAIN_MAX - again.size, pool.room))
    for (const { nodeId } of jobs) again.set(nodeId, Math.floor(now))
    if (jobs.length > 0) pool.submit(jobs)
  }
  const waitForNext = (now: number) => {
    clearTimeout(dueTimer)
    const nextMs = tools.nextDueMs(now)
    if (nextMs === null) return
    // setTimeout takes 31 bits of milliseconds; a wake-up too early does no harm.
    dueTimer = setTimeout(feed, Math.min(Math.max(1, nextMs - now), 3_600_000))
  }
  const save = () => {
    times.saving()
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
  const times = createSaveTimes(save, nowMs)
  return {
    wake: () => {
      clearTimeout(dueTimer)
      // Fresh changes overtake what was fetched before them.
      next = []
      wakeTimer ??= setImmediate(feed)
    },
    takeResults: (some) => {
      if (isStopped) return
      results.push(...some)
      // The workers come first: they read while this thread writes.
      feed()
    },
    stop: (how) => {
      isStopped = true
      clearTimeout(dueTimer)
      times.stop()
      clearImmediate(wakeTimer)
      if (how === 'orderly') save()
    },
    finished: () => finished,
  }
}

/**
 * Whether all is known of the file: a scan found it empty, so there are no bytes that a look could have missed. A file with
 * events may be written to at this moment, and is opened.
 */
function needsNoReading({ size, isBacklog, knownHash }: WaitingFile): boolean {
  return size === 0 && isBacklog === true && knownHash === undefined
}

/** The size below which files may be given away: small ones go past big ones for which there is no room. Bytes. */
function sizeBelow({ pool, bigFileBytes }: FeederTools): number {
  if (pool.bigRoom === 0) return bigFileBytes
  return pool.hugeRoom === 0 ? HUGE_FILE_BYTES : Number.MAX_SAFE_INTEGER
}

/** Separates results of files that were read since they changed from those of files whose hash was known. */
function divide(results: readonly MetadataResult[]): { first: MetadataResult[]; later: MetadataResult[] } {
  const isLater = ({ job }: MetadataResult) => job.knownHash !== undefined
  return { first: results.filter((result) => !isLater(result)), later: results.filter(isLater) }
}
