/** A job in the pool: how it is to be tried, and in which lane it waits. */
import type { Trial } from './extract.ts'
import type { Effort } from './identify.ts'
import type { MetadataJob, MetadataResult } from './metadata-job.ts'

export type Task = {
  readonly job: MetadataJob
  readonly effort: Effort
  /** It was in the message of a file that a process died over. It goes into a message of its own. */
  readonly isAlone: boolean
  /** A process died over it. It waits until no other file has to wait for it. */
  readonly isSuspect: boolean
  /** Why the effort is less than full. */
  readonly problem: string | null
}

const MIB = 1024 * 1024

/**
 * How long the libraries may compute for a file, ms: for an ordinary one as much, and more for each MiB, since they go
 * through much of some films (MPEG-TS). Hardly a small file needs a tenth of it. One that needs more is tried once more
 * where no other file waits for it, and may then take as long as the slowest machine takes for the oddest film.
 */
const ORDINARY_COMPUTING_MS = 300
const COMPUTING_MS_FOR_MIB = 5
const ORDINARY_COMPUTING_MAX_MS = 1_000
const SLOW_COMPUTING_MS = 10_000

/** Files of this size or more are read by some of the workers only. Bytes. */
export const BIG_FILE_BYTES = 256 * MIB
/**
 * Files of this size or more take minutes on any disk and hours on some. They are read one at a time, by one more
 * worker. Bytes.
 */
export const HUGE_FILE_BYTES = 64 * 1024 * MIB

/**
 * Where a task waits for a worker. `alone`: its neighbour was bad, whatever its size. `suspect` and `big` may keep a
 * worker busy for long, `huge` for very long.
 */
export type Lane = 'ordinary' | 'alone' | 'suspect' | 'big' | 'huge'

/** Zero if the hash is known: then only the beginning is read, and what the libraries want to see. */
export function bytesToRead({ size, knownHash }: MetadataJob): number {
  return knownHash === undefined ? size : 0
}

export function laneOf({ job, isAlone, isSuspect }: Task): Lane {
  const bytes = bytesToRead(job)
  if (bytes >= HUGE_FILE_BYTES) return 'huge'
  if (isSuspect) return 'suspect'
  if (bytes >= BIG_FILE_BYTES) return 'big'
  return isAlone ? 'alone' : 'ordinary'
}

export function trialOf(task: Task): Trial {
  const lane = laneOf(task)
  const isQuick = lane === 'ordinary' || lane === 'alone'
  const forSize = ORDINARY_COMPUTING_MS + Math.floor(task.job.size / MIB) * COMPUTING_MS_FOR_MIB
  return {
    effort: task.effort,
    computingMs: isQuick ? Math.min(forSize, ORDINARY_COMPUTING_MAX_MS) : SLOW_COMPUTING_MS,
  }
}

export function newTask(job: MetadataJob): Task {
  return { job, effort: 'full', isAlone: false, isSuspect: false, problem: null }
}

/** A worker's result for a task. It says what was left out, unless the file turned out not to need it. */
export function settle(task: Task, result: MetadataResult): MetadataResult {
  if (result.kind !== 'done' || task.problem === null) return result
  const { isImage, isVideo, width } = result.metadata
  const isComplete = (!isImage && !isVideo) || width > 0
  if (task.effort !== 'hash-only' && isComplete) return result
  return { ...result, problem: task.problem }
}
