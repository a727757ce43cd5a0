/**
 * The loop of the reconciler: takes jobs, has the observer thread look, and settles what it saw. Jobs are settled one at a
 * time and in the order of their looks, so that an older sight never overrides a newer one. While one job is settled, the
 * observer thread looks for the next.
 */
import { type Job, type JobTools, makeLimboJob, takeHintJob, takeVisitJob } from './looking/jobs.ts'
import { createLimboGate } from './removal/limbo-gate.ts'
import type { Scans } from './roots/scans.ts'

export type ReconcilerTools = JobTools & {
  readonly scans: Pick<Scans, 'finishThoseDone'>
  /** Resolves when every event queued by now has been taken in. */
  readonly drained: () => Promise<void>
  /** See `settle-job.ts`. */
  readonly settleJob: (job: Job) => Promise<void>
}

export type Reconciler = {
  /** Runs until `stop`; rejects on a bug or when the database can't be written. */
  readonly run: () => Promise<void>
  /** There may be something to do: ends the wait of the loop. */
  readonly wake: () => void
  /** Runs a task between two jobs, so that nothing is settled during it. A task whose key already waits is dropped. */
  readonly between: (key: unknown, task: () => Promise<void>) => void
  /** Ends the loop after the job under way. */
  readonly stop: () => void
}

/** Folders listed in the first job of a scan. Each further job may have twice as many, up to the second number. */
const FOLDERS_FIRST = 8
const FOLDERS_MAX = 1024

export function createReconciler(tools: ReconcilerTools): Reconciler {
  const { pending, scans, drained } = tools
  const { hints, visits, revisits } = pending
  const { roots } = tools.layout
  const { nowMs } = tools.clock
  const tasks = new Map<unknown, () => Promise<void>>()
  const pipeline: Job[] = []
  let wake = () => {}
  let isStopping = false
  let isVisitFirst = false

  const limboGate = createLimboGate({ pending, roots, nowMs, drained }, () => wake())
  let foldersMax = FOLDERS_FIRST

  /** Small jobs come first: settling takes longer than looking, so only the first look keeps the loop waiting. */
  const takeVisits = (): Job | null => {
    const job = takeVisitJob(tools, foldersMax)
    foldersMax = job === null ? FOLDERS_FIRST : Math.min(foldersMax * 2, FOLDERS_MAX)
    return job
  }
  const takeLimboJob = () => {
    const due = limboGate.takeDue()
    return due.length === 0 ? null : makeLimboJob(tools, due)
  }
  const takeJob = (): Job | null => {
    // Visits and hints take turns, so that neither a flood of events nor a long scan keeps the other waiting.
    isVisitFirst = !isVisitFirst
    const first = isVisitFirst ? takeVisits() : null
    for (const { folder, name } of revisits.take(nowMs())) {
      hints.add({ folder, name, cause: 'revisited' }, nowMs(), nowMs())
    }
    return first ?? takeHintJob(tools) ?? takeLimboJob() ?? takeVisits()
  }
  const runTasks = async () => {
    for (const [key, task] of tasks) {
      if (isStopping) return
      tasks.delete(key)
      await task()
    }
  }
  const idle = async () => {
    scans.finishThoseDone()
    if (visits.size() > 0 || tasks.size > 0 || isStopping) return
    const dues = [hints.nextDueMs(), revisits.nextMs(), limboGate.nextMs()]
    const nextMs = Math.min(...dues.map((due) => due ?? Number.POSITIVE_INFINITY))
    await new Promise<void>((resolve) => {
      // Rounded up: setTimeout cuts fractions off, and would wake the loop before the time and once more.
      const afterMs = Math.ceil(Math.max(0, nextMs - nowMs()))
      const timer = nextMs === Number.POSITIVE_INFINITY ? undefined : setTimeout(resolve, afterMs)
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    wake = () => {}
  }
  return {
    run: async () => {
      while (!isStopping) {
        await runTasks()
        while (pipeline.length < 2) {
          const job = takeJob()
          if (job === null) break
          pipeline.push(job)
        }
        const job = pipeline.shift()
        if (job === undefined) await idle()
        else await tools.settleJob(job)
        scans.finishThoseDone()
      }
    },
    wake: () => wake(),
    between: (key, task) => {
      if (!tasks.has(key)) tasks.set(key, task)
      wake()
    },
    stop: () => {
      isStopping = true
      wake()
    },
  }
}
