/** A place for one worker process: empty, or a process with the batches it has and the time it may take. */
import type { Batch } from './backlog.ts'
import { encodeJobs } from './jobs-message.ts'
import type { MetadataResult } from './metadata-job.ts'
import type { ReaderVersions } from './reader-versions.ts'
import { type Death, settle } from './task.ts'
import { type AnswersMessage, decodeAnswers } from './worker-message.ts'
import { COMPUTED_TOO_LONG, type Launch, type WorkerProcess } from './worker-process.ts'

export type SlotEvents = {
  readonly onReady: (versions: ReaderVersions) => void
  readonly onResults: (results: readonly MetadataResult[]) => void
  /** It ended before it was ready. */
  readonly onStartFailed: (reason: string) => void
  /** It ended, with these batches unanswered: at work on the first, the others not begun. */
  readonly onEnd: (death: Death, unanswered: readonly Batch[]) => void
  /** Killed some time ago and still there. */
  readonly onStuck: (batch: Batch) => void
}

export type SlotOptions = {
  readonly launch: Launch
  readonly workerModule: string
  readonly limitMs: (bytes: number) => number
  readonly idleMs: number
}

type State = 'empty' | 'starting' | 'ready' | 'retired' | 'leaving'

/** A killed process that is still there after this time waits for a disk or server that does not answer. */
const STUCK_MS = 10_000
/** setTimeout takes 31 bits of milliseconds, some 24 days. */
const TIMER_MAX_MS = 2 ** 31 - 1

export class Slot {
  /** `retired`: ends once it has answered what it was asked. `leaving`: told to end or killed, and not yet gone. */
  state: State = 'empty'
  /** Sent and not answered, in order. The process is at work on the first. */
  readonly batches: Batch[] = []
  readonly #options: SlotOptions
  readonly #events: SlotEvents
  #process: WorkerProcess | null = null
  #timer: NodeJS.Timeout | undefined
  #tookTooLong = ''

  constructor(options: SlotOptions, events: SlotEvents) {
    this.#options = options
    this.#events = events
  }

  start(): void {
    this.state = 'starting'
    this.#tookTooLong = ''
    this.#process = this.#options.launch(this.#options.workerModule, {
      onReady: (versions) => this.#onReady(versions),
      onAnswers: (answers) => this.#onAnswers(answers),
      onEnd: (reason) => this.#onEnd(reason),
    })
  }

  send(batch: Batch): void {
    this.batches.push(batch)
    this.#process?.send(
      encodeJobs(
        batch.tasks.map(({ job }) => job),
        batch.trial,
      ),
    )
    if (this.batches.length === 1) this.#awaitNext()
  }

  /** Has the process end as soon as it has no work. */
  retire(): void {
    if (this.state === 'starting') this.kill()
    else if (this.state === 'ready') {
      this.state = 'retired'
      if (this.batches.length === 0) this.#dismiss()
    }
  }

  kill(): void {
    if (this.#process === null) return
    this.state = 'leaving'
    clearTimeout(this.#timer)
    this.#process.kill()
  }

  /** No longer keeps the parent alive, should the process be stuck in the kernel. */
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
    const batch = this.batches.shift()
    if (batch === undefined) throw new Error('a metadata worker answered what it was not asked')
    // After a kill the answer may still arrive; then the file is done and the limit no longer matters.
    if (this.state === 'ready' || this.state === 'retired') this.#awaitNext()
    const results = decodeAnswers(
      answers,
      batch.tasks.map(({ job }) => job),
    )
    this.#events.onResults(batch.tasks.map((task, row) => settle(task, results[row] as MetadataResult)))
  }

  #onEnd(reason: string): void {
    clearTimeout(this.#timer)
    const wasStarting = this.state === 'starting'
    const unanswered = this.batches.splice(0)
    this.state = 'empty'
    this.#process = null
    if (wasStarting) this.#events.onStartFailed(reason)
    else {
      const tookTooLong = this.#tookTooLong !== ''
      const computedTooLong = reason.startsWith(COMPUTED_TOO_LONG)
      const death = { reason: tookTooLong ? this.#tookTooLong : reason, tookTooLong, computedTooLong }
      this.#events.onEnd(death, unanswered)
    }
  }

  /** Gives the first batch its time, or an idle process its rest before it is let go. */
  #awaitNext(): void {
    clearTimeout(this.#timer)
    const [batch] = this.batches
    if (batch === undefined && this.state === 'retired') this.#dismiss()
    else if (batch === undefined) this.#timer = setTimeout(() => this.#dismiss(), this.#options.idleMs)
    else {
      const limitMs = Math.min(this.#options.limitMs(batch.bytes), TIMER_MAX_MS)
      this.#timer = setTimeout(() => this.#giveUp(batch, limitMs), limitMs)
    }
  }

  #dismiss(): void {
    this.state = 'leaving'
    this.#process?.dismiss()
  }

  #giveUp(batch: Batch, limitMs: number): void {
    this.#tookTooLong = `took longer than ${limitMs / 1000} s`
    this.kill()
    this.#timer = setTimeout(() => this.#events.onStuck(batch), STUCK_MS)
  }
}
