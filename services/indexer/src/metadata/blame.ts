/** Who is to blame when a process that reads files ends: one file, as the process noted, or nobody knows. */
import type { Batch } from './backlog.ts'
import type { Task } from './task.ts'
import type { WorkAt } from './work-at.ts'

/** A message that was sent to a process, and its files that have no answer yet, by their row in it. */
export type OpenBatch = { readonly batch: Batch; readonly unanswered: Map<number, Task> }

/** What a process left unanswered when it ended. */
export type Unanswered = {
  /** The file it died over; null if nobody knows. */
  readonly culprit: Task | null
  /** Whether the culprit was sent in a message of its own. */
  readonly wasAlone: boolean
  /** The other files of the same message. */
  readonly neighbours: readonly Task[]
  /** Files of messages that were not begun. */
  readonly untouched: readonly Task[]
}

/**
 * Divides the open tasks by who is to blame, as the process noted; `at.message` counts from 0 among the open messages.
 * If there is no note, or an impossible one, which a worker that was taken over may write, the culprit is the only file
 * left of the first message. If several are left there is none, and they are tried one by one.
 */
export function divide(open: readonly OpenBatch[], at: WorkAt | null): Unanswered {
  const tasksOf = (some: readonly OpenBatch[]) => some.flatMap(({ unanswered }) => [...unanswered.values()])
  const noted = at === null ? undefined : open[at.message]
  const begun = noted ?? open[0]
  if (begun === undefined) return { culprit: null, wasAlone: false, neighbours: [], untouched: [] }
  const { batch, unanswered } = begun
  const [only = null] = unanswered.size === 1 ? unanswered.values() : []
  const culprit = (noted !== undefined && at !== null ? unanswered.get(at.row) : undefined) ?? only
  return {
    culprit,
    wasAlone: batch.tasks.length === 1,
    neighbours: tasksOf([begun]).filter((task) => task !== culprit),
    // Messages behind it, and those before it whose answers did not get through.
    untouched: tasksOf(open.filter((each) => each !== begun)),
  }
}
