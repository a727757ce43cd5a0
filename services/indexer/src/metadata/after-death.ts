/**
 * What happens to a file when the process that read it dies: it is tried again with less effort, and fails in the end.
 * Which file that is, `blame.ts` tells; `pool.ts` tries its neighbours again.
 */
import { EFFORTS, type Effort } from './identify.ts'
import type { MetadataResult } from './metadata-job.ts'
import type { Task } from './task.ts'
import type { Step } from './work-at.ts'

/** How a process ended while it had work. */
export type Death = {
  /** For people: "killed by SIGSEGV". */
  readonly reason: string
  /** It was killed because it took too long. */
  readonly tookTooLong: boolean
  /** The step at which it died; null if that is not known. */
  readonly step: Step | null
}

/**
 * Decides how a file is tried again after a process died over it. The first time it is tried once more in full: the
 * process may have been killed for another reason (out of memory), or the file may need more than others. The next time
 * the step at which the process died is left out, then more, and then the file has failed. A file that took too long on
 * its own would do so again, so it is not tried in full twice.
 */
export function afterDeath(task: Task, wasAlone: boolean, death: Death): Task | MetadataResult {
  if (!task.isSuspect && !(death.tookTooLong && wasAlone)) return { ...task, isSuspect: true }
  const effort = lesserEffort(task.effort, death.step)
  if (effort === null) return { kind: 'failed', job: task.job, problem: `hashing: ${death.reason}` }
  const problem = `${culprit(task.effort, death.step)}: ${death.reason}; ${LEFT_OUT[effort]}`
  return { ...task, isSuspect: true, effort, problem }
}

/** The highest effort that leaves out the step and is less than before; null if there is none. */
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
