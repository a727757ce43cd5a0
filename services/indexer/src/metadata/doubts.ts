/**
 * Files that wait as rows again because too many wait for a worker that has time for them. What is known of each is kept, so
 * that it does not take a worker with it once more when it comes back.
 */
import type { MetadataJob } from './metadata-job.ts'
import { newTask, type Task } from './task.ts'

export type Doubts = {
  readonly keep: (task: Task) => void
  /** The task of a job, as it was where the job is known. It is no longer kept. */
  readonly take: (job: MetadataJob) => Task
}

/** Beyond, those that came first are forgotten, and tried like any other file. */
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
