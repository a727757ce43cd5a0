/** A job inside the pool: how it is to be tried, and what follows when the process that tried it dies. */
import type { Trial } from './extract.ts'
import { EFFORTS, type Effort } from './identify.ts'
import type { MetadataJob, MetadataResult } from './metadata-job.ts'
import type { Step } from './work-at.ts'

export type Task = {
  readonly job: MetadataJob
  readonly effort: Effort
  /** It came behind a file that a process died of, in the same message: it goes into a message of its own. */
  readonly isAlone: boolean
  /** A process died of it: it waits until nobody has to wait for it. */
  readonly isSuspect: boolean
  /** Why the effort is less than full. */
  readonly problem: string | null
}

/** How a process ended while it had work. */
export type Death = {
  /** For people: "killed by SIGSEGV". */
  readonly reason: string
  /** It was killed because it took too long. */
  readonly tookTooLong: boolean
  /** What it was at; null where that is not known. */
  readonly step: Step | null
}

/**
 * What the libraries may compute for a file, in ms. Hardly one needs a tenth of the first; what needs more is tried once
 * more where nothing waits for it, and may then take as long as the slowest machine takes for the oddest film.
 */
const ORDINARY_COMPUTING_MS = 500
const SLOW_COMPUTING_MS = 10_000

/** Files from here on are read by a part of the workers only. Bytes. */
export const BIG_FILE_BYTES = 256 * 1024 * 1024
/** Files from here on, which take minutes on any disk and hours on some, are read one at a time, by a worker more. Bytes. */
export const HUGE_FILE_BYTES = 64 * 1024 * 1024 * 1024

/**
 * Where a task waits for a worker. `alone`: small or not, with a neighbour that was bad. `suspect` and `big`: may keep a
 * worker busy for long. `huge`: for very long.
 */
export type Lane = 'ordinary' | 'alone' | 'suspect' | 'big' | 'huge'

/** Of a file whose hash is known only the beginning is read, and what the libraries want to see. */
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
  return { effort: task.effort, computingMs: isQuick ? ORDINARY_COMPUTING_MS : SLOW_COMPUTING_MS }
}

export function newTask(job: MetadataJob): Task {
  return { job, effort: 'full', isAlone: false, isSuspect: false, problem: null }
}

/**
 * What becomes of the file that a process died over. The first time it is tried once more in full: the process may have been
 * killed for another reason (out of memory), or the file may only need more than others. Then whatever the process was at
 * is left out, then more, then it has failed. A file that took too long on its own would do so again, so it is not tried in
 * full twice.
 */
export function afterDeath(task: Task, wasAlone: boolean, death: Death): Task | MetadataResult {
  if (!task.isSuspect && !(death.tookTooLong && wasAlone)) return { ...task, isSuspect: true }
  const effort = lesserEffort(task.effort, death.step)
  if (effort === null) return { kind: 'failed', job: task.job, problem: `hashing: ${death.reason}` }
  const problem = `${culprit(task.effort, death.step)}: ${death.reason}; ${LEFT_OUT[effort]}`
  return { ...task, isSuspect: true, effort, problem }
}

/** The most that leaves out the step, and less than before; null where there is no less. */
function lesserEffort(effort: Effort, step: Step | null): Exclude<Effort, 'full'> | null {
  const without: Effort = step === null ? 'full' : WITHOUT[step]
  const at = Math.max(EFFORTS.indexOf(effort) + 1, EFFORTS.indexOf(without))
  return (EFFORTS[at] as Exclude<Effort, 'full'> | undefined) ?? null
}

const WITHOUT: Readonly<Record<Step, Effort>> = {
  mediainfo: 'without-mediainfo',
  measuring: 'type-only',
  libmagic: 'hash-only',
  reading: 'hash-only',
}

const LEFT_OUT: Readonly<Record<Exclude<Effort, 'full'>, string>> = {
  'without-mediainfo': 'read without MediaInfo',
  'type-only': 'read without its dimensions',
  'hash-only': 'read without libmagic and MediaInfo',
}

const CULPRITS: Readonly<Record<Step, string>> = {
  mediainfo: 'MediaInfo',
  measuring: 'our own parser of pictures',
  libmagic: 'libmagic',
  reading: 'reading it',
}

function culprit(effort: Effort, step: Step | null): string {
  if (step !== null) return CULPRITS[step]
  return effort === 'full' ? 'MediaInfo or libmagic' : 'libmagic'
}

/** A worker's result for a task: what was left out is said, unless the file turned out not to need it. */
export function settle(task: Task, result: MetadataResult): MetadataResult {
  if (result.kind !== 'done' || task.problem === null) return result
  const { isImage, isVideo, width } = result.metadata
  const isComplete = (!isImage && !isVideo) || width > 0
  if (task.effort !== 'hash-only' && isComplete) return result
  return { ...result, problem: task.problem }
}
