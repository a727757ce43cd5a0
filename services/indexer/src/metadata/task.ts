/** A job inside the pool: how it is to be tried, and what follows when the process that tried it dies. */
import type { Trial } from './extract.ts'
import type { Effort } from './identify.ts'
import type { MetadataJob, MetadataResult } from './metadata-job.ts'

export type Task = {
  readonly job: MetadataJob
  readonly effort: Effort
  /** It was being read among others when a process died: it goes into a message of its own. */
  readonly isAlone: boolean
  /** A process died of it, or took too long with it among others: it waits until nobody has to wait for it. */
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
  /** A library had computed for as long as it may. */
  readonly computedTooLong: boolean
}

/**
 * What the libraries may compute for a file, in ms. Hardly one needs a tenth of the first; what needs more is tried once
 * more where nothing waits for it, and may then take as long as the slowest machine takes for the oddest film.
 */
const ORDINARY_COMPUTING_MS = 500
const SLOW_COMPUTING_MS = 10_000

/** Files from here on are read by a part of the workers only. Bytes. */
export const BIG_FILE_BYTES = 256 * 1024 * 1024

/** Of a file whose hash is known only the beginning is read, and what the libraries want to see. */
export function bytesToRead({ size, knownHash }: MetadataJob): number {
  return knownHash === undefined ? size : 0
}

/** It may keep a worker busy for long. */
export function isSlow({ job, isSuspect }: Task): boolean {
  return isSuspect || bytesToRead(job) >= BIG_FILE_BYTES
}

export function trialOf(task: Task): Trial {
  return { effort: task.effort, computingMs: isSlow(task) ? SLOW_COMPUTING_MS : ORDINARY_COMPUTING_MS }
}

export function newTask(job: MetadataJob): Task {
  return { job, effort: 'full', isAlone: false, isSuspect: false, problem: null }
}

/**
 * What becomes of the files of the message a process died over. Several files: each again, alone, to find the culprit.
 * One file: once more in full, since the process may have been killed for another reason (out of memory), or the file may
 * only need more than others; then without MediaInfo, then without libmagic too, then it has failed. So a file costs five
 * processes at most. A file that took too long alone would do so again, so it is not tried in full twice.
 */
export function afterDeath(tasks: readonly Task[], death: Death): { again: Task[]; failed: MetadataResult[] } {
  const [task] = tasks
  if (task === undefined || tasks.length > 1) {
    const again = tasks.map((each) => ({ ...each, isAlone: true, isSuspect: death.tookTooLong }))
    return { again, failed: [] }
  }
  const isFirst = !task.isAlone && !task.isSuspect
  if (!death.tookTooLong && (isFirst || (death.computedTooLong && !task.isSuspect))) {
    return { again: [{ ...task, isSuspect: true }], failed: [] }
  }
  switch (task.effort) {
    case 'full': {
      const problem = `MediaInfo or libmagic: ${death.reason}; read without MediaInfo`
      return { again: [{ ...task, isSuspect: true, effort: 'without-mediainfo', problem }], failed: [] }
    }
    case 'without-mediainfo': {
      const problem = `libmagic: ${death.reason}; read without libmagic and MediaInfo`
      return { again: [{ ...task, isSuspect: true, effort: 'hash-only', problem }], failed: [] }
    }
    case 'hash-only':
      return { again: [], failed: [{ kind: 'failed', job: task.job, problem: `hashing: ${death.reason}` }] }
  }
}

/** A worker's result for a task: what was left out is said, unless the file turned out not to need it. */
export function settle(task: Task, result: MetadataResult): MetadataResult {
  if (result.kind !== 'done' || task.problem === null) return result
  const { isImage, isVideo, width } = result.metadata
  const isComplete = (!isImage && !isVideo) || width > 0
  if (task.effort === 'without-mediainfo' && isComplete) return result
  return { ...result, problem: task.problem }
}
