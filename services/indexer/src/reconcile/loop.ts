/**
 * The loop at the middle of the indexer: takes places to look at and folders to visit, has them looked at, and settles
 * what was seen. Jobs are settled one at a time and in the order in which they were looked at, so that an older sight
 * never overrides a newer one; the next one is looked at meanwhile.
 */
import type { Folder } from '../model/folder-tree.ts'
import { type Job, makeLimboJob, takeHintJob, takeVisitJob } from './looking/jobs.ts'
import { createBackoff, type Tried } from './pending/backoff.ts'
import { createLimboGate } from './removal/limbo-gate.ts'
import type { Scans } from './roots/scans.ts'
import { settleJob } from './settle-job.ts'
import type { SettleTools } from './settling/settle.ts'
import type { SettleJobTools } from './settling/tools.ts'

export type ReconcilerTools = Omit<SettleJobTools, 'hint' | 'retries' | 'areHintsUnderWay'> & {
  readonly scans: Pick<Scans, 'finishThoseDone'>
}

export type Reconciler = {
  /** Runs until `stop`; rejects on a bug or when the database can't be written. */
  readonly run: () => Promise<void>
  /** Tells that there may be something to do. */
  readonly wake: () => void
  /**
   * Runs a task between two jobs, so that nothing is settled meanwhile. However long it takes, only one with the same key
   * waits behind it.
   */
  readonly between: (key: unknown, task: () => Promise<void>) => void
  readonly hint: SettleTools['hint']
  /** Places that have been tried in vain since then (ms since 1970) or longer. */
  readonly tried: (sinceMs: number) => readonly Tried<Folder>[]
  /** Ends the loop after the job under way. */
  readonly stop: () => void
}

const RETRY_FIRST_MS = 20
const RETRY_LAST_MS = 10_000
/** Folders listed in the first job of a scan; each further one may hold twice as many, up to the second. */
const FOLDERS_FIRST = 8
const FOLDERS_MAX = 256

export function createReconciler(tools: ReconcilerTools): Reconciler {
  const { tree, hints, visits, nowMs } = tools
  const retries = createBackoff<Folder>({ firstMs: RETRY_FIRST_MS, lastMs: RETRY_LAST_MS }, nowMs)
  const tasks = new Map<unknown, () => Promise<void>>()
  const pipeline: Job[] = []
  let wake = () => {}
  let isStopping = false
  let isVisitFirst = false

  const hint: SettleTools['hint'] = ({ parentId, name }, cause, when) => {
    const folder = tree.get(parentId)
    if (folder === undefined) return
    const now = nowMs()
    hints.add({ folder, name, cause }, now, when === 'now' ? now : now + retries.next(folder, name))
  }
  const areHintsUnderWay = () => pipeline.some(({ kind }) => kind === 'hints')
  const jobTools: SettleJobTools = { ...tools, hint, retries, areHintsUnderWay }
  const limboGate = createLimboGate(jobTools, () => wake())
  let foldersMax = FOLDERS_FIRST

  /** Small jobs first: settling takes longer than looking, so that the first is waited for and no other. */
  const takeVisits = (): Job | null => {
    const job = takeVisitJob(jobTools, foldersMax)
    foldersMax = job === null ? FOLDERS_FIRST : Math.min(foldersMax * 2, FOLDERS_MAX)
    return job
  }
  const takeLimboJob = () => {
    const due = limboGate.takeDue()
    return due.length === 0 ? null : makeLimboJob(jobTools, due)
  }
  const takeJob = (): Job | null => {
    // Neither a flood of events nor a long scan keeps the other waiting.
    isVisitFirst = !isVisitFirst
    const first = isVisitFirst ? takeVisits() : null
    for (const { folder, name } of tools.revisits.take(nowMs())) {
      hints.add({ folder, name, cause: 'revisited' }, nowMs(), nowMs())
    }
    return first ?? takeHintJob(jobTools) ?? takeLimboJob() ?? takeVisits()
  }
  const runTasks = async () => {
    for (const [key, task] of tasks) {
      if (isStopping) return
      tasks.delete(key)
      await task()
    }
  }
  const idle = async () => {
    tools.scans.finishThoseDone()
    if (visits.size() > 0 || tasks.size > 0 || isStopping) return
    const dues = [hints.nextDueMs(), tools.revisits.nextMs(), limboGate.nextMs()]
    const nextMs = Math.min(...dues.map((due) => due ?? Number.POSITIVE_INFINITY))
    await new Promise<void>((resolve) => {
      const timer = nextMs === Number.POSITIVE_INFINITY ? undefined : setTimeout(resolve, Math.max(0, nextMs - nowMs()))
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
        else await settleJob(jobTools, job)
        tools.scans.finishThoseDone()
      }
    },
    wake: () => wake(),
    between: (key, task) => {
      if (!tasks.has(key)) tasks.set(key, task)
      wake()
    },
    hint,
    tried: retries.tried,
    stop: () => {
      isStopping = true
      wake()
    },
  }
}
