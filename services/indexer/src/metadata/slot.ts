/** A slot for one worker process: empty, or a process with its batches and the time that it may take. */
import { shownPath } from '@drive-feed/shared/shown-path.ts'
import type { Death } from './after-death.ts'
import type { Batch } from './backlog.ts'
import { divide, type OpenBatch, type Unanswered } from './blame.ts'
import { encodeJobs } from './jobs-message.ts'
import type { MetadataResult } from './metadata-job.ts'
import type { ReaderVersions } from './reader-versions.ts'
import { settle, type Task } from './task.ts'
import type { WorkAt } from './work-at.ts'
import { type AnswersMessage, decodeAnswers } from './worker-message.ts'
import type { Launch, WorkerProcess } from './worker-process.ts'

export type SlotEvents = {
  readonly onReady: (versions: ReaderVersions) => void
  /** Each task has one result. */
  readonly onResults: (results: readonly { readonly task: Task; readonly result: MetadataResult }[]) => void
  /** The process ended before it was ready. */
  readonly onStartFailed: (reason: string) => void
  readonly onEnd: (death: Death, unanswered: Unanswered) => void
  /** The process was killed some time ago and is still there, in one line. */
  readonly onStuck: (problem: string) => void
}

export type SlotOptions = {
  readonly launch: Launch
  readonly workerModule: string
  readonly limitMs: (bytes: number) => number
  readonly idleMs: number
  readonly nowMs: () => number
}

type State = 'empty' | 'starting' | 'ready' | 'retired' | 'leaving'

/** A dismissed process has nothing left to do, and ends within milliseconds. */
const LEAVING_MS = 10_000
/** A killed process that is still there after this time waits for a disk or server that does not answer. */
const STUCK_MS = 10_000
/** setTimeout takes 31 bits of milliseconds, some 24 days. */
const TIMER_MAX_MS = 2 ** 31 - 1

export class Slot {
  /** `retired`: ends once it has answered all messages. `leaving`: dismissed or killed, and not yet gone. */
  state: State = 'empty'
  /** Says in one line that the process was killed and stays; null if that is not so. */
  stuck: string | null = null
  readonly #options: SlotOptions
  readonly #events: SlotEvents
  /** Batches sent and not answered, in order. The process is at work on the first. */
  readonly #open: OpenBatch[] = []
  #process: WorkerProcess | null = null
  #timer: NodeJS.Timeout | undefined
  #tookTooLong = ''
  /** Messages that this process has answered in full. */
  #answered = 0
  #workingSinceMs = 0

  constructor(options: SlotOptions, events: SlotEvents) {
    this.#options = options
    this.#events = events
  }

  /** The batch that it is at work on, and the one sent behind it. */
  get batches(): readonly Batch[] {
    return this.#open.map(({ batch }) => batch)
  }

  /** The file that it is at, and since when; null if it is not at work. */
  get work(): { readonly path: string; readonly sinceMs: number } | null {
    const [task] = this.#open[0]?.unanswered.values() ?? []
    return task === undefined ? null : { path: task.job.path, sinceMs: this.#workingSinceMs }
  }

  start(): void {
    this.state = 'starting'
    this.#tookTooLong = ''
    this.#answered = 0
    this.#process = this.#options.launch(this.#options.workerModule, {
      onReady: (versions) => this.#onReady(versions),
      onAnswers: (answers) => this.#onAnswers(answers),
      onEnd: (reason, at) => this.#onEnd(reason, at),
    })
  }

  send(batch: Batch): void {
    this.#open.push({ batch, unanswered: new Map(batch.tasks.entries()) })
    this.#process?.send(
      encodeJobs(
        batch.tasks.map(({ job }) => job),
        batch.trial,
      ),
    )
    if (this.#open.length === 1) this.#awaitNext()
  }

  /** Has the process end as soon as it has no work. */
  retire(): void {
    if (this.state === 'starting') this.kill()
    else if (this.state === 'ready') {
      this.state = 'retired'
      if (this.#open.length === 0) this.#dismiss()
    }
  }

  kill(): void {
    if (this.#process === null) return
    this.state = 'leaving'
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#sayStuck(), STUCK_MS)
    this.#process.kill()
  }

  /** No longer keeps the parent alive, if the process is stuck in the kernel. */
  abandon(): void {
    clearTimeout(this.#timer)
    this.#process?.abandon()
  }

  #onReady(versions: ReaderVersions): void {
    if (this.state !== 'starting') return
    this.state = 'ready'
    this.#awaitNext()
    this.#events.onReady(versions)
  }

  #onAnswers(answers: AnswersMessage): void {
    const [first] = this.#open
    if (first === undefined) throw new Error('a metadata worker answered what it was not asked')
    const { batch, unanswered } = first
    const results = decodeAnswers(
      answers,
      batch.tasks.map(({ job }) => job),
    )
    const settled = Array.from(results, ([row, result]) => {
      const task = unanswered.get(row)
      if (task === undefined) throw new Error('a metadata worker answered twice')
      unanswered.delete(row)
      return { task, result: settle(task, result) }
    })
    if (unanswered.size === 0) this.#finish()
    this.#events.onResults(settled)
  }

  #finish(): void {
    this.#open.shift()
    this.#answered += 1
    // After a kill the answer may still arrive; then the file is done and the limit no longer matters.
    if (this.state === 'ready' || this.state === 'retired') this.#awaitNext()
  }

  #onEnd(reason: string, at: WorkAt | null): void {
    clearTimeout(this.#timer)
    const wasStarting = this.state === 'starting'
    const open = this.#open.splice(0)
    this.state = 'empty'
    this.stuck = null
    this.#process = null
    if (wasStarting) this.#events.onStartFailed(reason)
    else {
      const tookTooLong = this.#tookTooLong !== ''
      const death = { reason: tookTooLong ? this.#tookTooLong : reason, tookTooLong, step: at?.step ?? null }
      this.#events.onEnd(death, divide(open, at === null ? null : { ...at, message: at.message - 1 - this.#answered }))
    }
  }

  /** Starts the time limit of the first batch; without one, the time after which an idle process is dismissed. */
  #awaitNext(): void {
    clearTimeout(this.#timer)
    this.#workingSinceMs = this.#options.nowMs()
    const batch = this.#open[0]?.batch
    if (batch === undefined && this.state === 'retired') this.#dismiss()
    else if (batch === undefined) this.#timer = setTimeout(() => this.#dismiss(), this.#options.idleMs)
    else {
      const limitMs = Math.min(this.#options.limitMs(batch.bytes), TIMER_MAX_MS)
      this.#timer = setTimeout(() => this.#giveUp(limitMs), limitMs)
    }
  }

  #dismiss(): void {
    this.state = 'leaving'
    clearTimeout(this.#timer)
    // A process that is stopped, or hangs in its own end, would hold its slot for good.
    this.#timer = setTimeout(() => this.kill(), LEAVING_MS)
    this.#process?.dismiss()
  }

  #giveUp(limitMs: number): void {
    this.#tookTooLong = `took longer than ${limitMs / 1000} s`
    this.kill()
  }

  #sayStuck(): void {
    const path = this.work?.path
    const said = (shown: string | undefined) =>
      shown === undefined
        ? 'a metadata worker that has nothing to read was killed but stays; restart the indexer'
        : `a metadata worker was killed but stays, its disk does not answer; it was reading ${shown}`
    this.stuck = said(path === undefined ? path : shownPath(path))
    this.#events.onStuck(said(path))
  }
}
