/**
 * Remembers doubtful files that wait as rows again, because too many of them wait for a worker. What is known of each
 * is kept, so that it does not kill another worker when it comes back.
 */
import type { MetadataJob } from './metadata-job.ts'
import { newTask, type Task } from './task.ts'

export type Doubts = {
  readonly keep: (task: Task) => void
  /** The task of a job: the kept one if the job is known, which is then no longer kept. */
  readonly take: (job: MetadataJob) => Task
}

/** Beyond this, the oldest are forgotten and tried like any other file. */
const FILES_MAX = 10_000

export function createDoubts(): Doubts {
  const tasks = new Map<string, Task>()
  return {
    keep: (task) => {
      tasks.delete(task.job.nodeId)
      tasks.set(task.job.nodeId, task)
      const [oldest] = tasks.keys()
      if (tasks.size > FILES_MAX && oldest !== undefined) tasks.delete(oldest)
    },
    take: (job) => {
      const task = tasks.size === 0 ? undefined : tasks.get(job.nodeId)
      if (task === undefined) return newTask(job)
      tasks.delete(job.nodeId)
      return hasSameBytes(task.job, job) ? { ...task, job } : newTask(job)
    },
  }
}

function hasSameBytes(some: MetadataJob, other: MetadataJob): boolean {
  return some.inode === other.inode && some.size === other.size && some.mtime === other.mtime
}
