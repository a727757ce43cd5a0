/**
 * Starts workers that may do less than this process. A thread gives up first what they are not to have, and then starts
 * them: what a thread has given up, a process that it starts never has.
 */
import { Worker } from 'node:worker_threads'
import { offerToOomKiller } from '../sandbox/limits.ts'
import type { FromLauncher, LauncherOptions, ToLauncher } from './launcher-messages.ts'
import { type Launch, neverStarted, type WorkerEvents, type WorkerProcess } from './worker-process.ts'

export type Launcher = {
  readonly launch: Launch
  /** To be called when watched folders may be others or on another disk. It counts for workers that start later. */
  readonly foldersChanged: () => void
  readonly stop: () => void
}

export type LauncherTools = {
  /** Paths of the watched folders. */
  readonly folders: () => readonly string[]
  /** A folder that did not answer when the workers were started answers now. */
  readonly onLate: () => void
  readonly onCrash: (error: Error) => void
}

/** A thread that has not begun after this time never will: it waits for a disk, or for a server that is gone. */
const BEGIN_LIMIT_MS = 90_000
/**
 * How long a folder may take to answer. Opening a folder does not wake a sleeping disk, which would take longer. If a
 * folder answers later, the next thread waits twice as long, and all workers are replaced less and less often because
 * of it.
 */
const ANSWER_FIRST_MS = 2_000
const ANSWER_LAST_MS = 16_000
const LATE_PAUSE_FIRST_MS = 10_000
const LATE_PAUSE_LAST_MS = 600_000

export function createLauncher({ folders, onLate, onCrash }: LauncherTools): Launcher {
  const generations = new Set<Generation>()
  let newest: Generation | null = null
  let ids = 0
  /** How often in a row a folder answered too late. */
  let lates = 0
  let lateTimer: NodeJS.Timeout | undefined

  const events = (isSame: (generation: Generation) => boolean): GenerationEvents => ({
    onBegun: (isComplete) => {
      if (isComplete) lates = 0
    },
    onLate: () => {
      const pauseMs = lates === 0 ? 0 : Math.min(LATE_PAUSE_FIRST_MS * 2 ** lates, LATE_PAUSE_LAST_MS)
      lates += 1
      clearTimeout(lateTimer)
      lateTimer = setTimeout(onLate, pauseMs).unref()
    },
    onGone: () => {
      for (const generation of generations) if (isSame(generation)) generations.delete(generation)
      if (newest !== null && isSame(newest)) newest = null
    },
    onCrash,
  })
  const begin = (): Generation => {
    const answerMs = Math.min(ANSWER_FIRST_MS * 2 ** lates, ANSWER_LAST_MS)
    const generation: Generation = new Generation(
      { folders: folders(), answerMs },
      events((other) => other === generation),
    )
    generations.add(generation)
    return generation
  }
  return {
    launch: (module, worker) => {
      try {
        newest ??= begin()
      } catch (error) {
        return neverStarted((error as Error).message, worker)
      }
      ids += 1
      return newest.start(ids, module, worker)
    },
    foldersChanged: () => {
      newest?.end()
      newest = null
    },
    stop: () => {
      clearTimeout(lateTimer)
      newest = null
      for (const generation of generations) {
        generation.end()
        generation.unref()
      }
    },
  }
}

type GenerationEvents = Pick<LauncherTools, 'onLate' | 'onCrash'> & {
  readonly onBegun: (isComplete: boolean) => void
  readonly onGone: () => void
}

/** One thread, and the workers it has started. */
class Generation {
  readonly #thread: Worker
  readonly #workers = new Map<number, WorkerEvents>()
  readonly #events: GenerationEvents
  readonly #limit: NodeJS.Timeout
  /** Messages to be sent once the thread has begun; null from then on. */
  #later: ToLauncher[] | null = []
  #isOver = false

  constructor(options: LauncherOptions, events: GenerationEvents) {
    this.#events = events
    this.#thread = new Worker(new URL('./launcher-thread.ts', import.meta.url), {
      workerData: options,
      resourceLimits: { maxYoungGenerationSizeMb: 4 },
      // The thread closes descriptors that it opened past Node.
      trackUnmanagedFds: false,
    })
    this.#thread.on('message', (message: FromLauncher) => this.#take(message))
    this.#thread.on('error', (error) => {
      if (this.#later === null) events.onCrash(error)
      else this.#fail(error.message)
    })
    this.#thread.on('exit', () => this.#fail('the thread that starts them has ended'))
    this.#limit = setTimeout(() => this.#fail('the thread that starts them waits for a disk'), BEGIN_LIMIT_MS).unref()
  }

  start(id: number, module: string, events: WorkerEvents): WorkerProcess {
    this.#workers.set(id, events)
    this.#tell({ type: 'start', id, module })
    return {
      // Not known yet; the thread reports it.
      pid: null,
      send: (jobs) => this.#tell({ type: 'send', id, jobs }),
      dismiss: () => this.#tell({ type: 'dismiss', id }),
      kill: () => (this.#later === null ? this.#tell({ type: 'kill', id }) : this.#forget(id)),
      abandon: () => {
        this.#tell({ type: 'abandon', id })
        this.unref()
      },
    }
  }

  /** A worker dies with the thread that started it, so the thread ends after its last worker. */
  end(): void {
    this.#isOver = true
    if (this.#workers.size === 0) this.#terminate()
  }

  unref(): void {
    this.#thread.unref()
  }

  #tell(message: ToLauncher): void {
    if (this.#later === null) this.#thread.postMessage(message)
    else this.#later.push(message)
  }

  /** Takes back the start of a worker that was to start once the thread has begun. */
  #forget(id: number): void {
    const events = this.#workers.get(id)
    if (events === undefined) return
    this.#workers.delete(id)
    this.#later = this.#later?.filter((message) => message.id !== id) ?? null
    queueMicrotask(() => events.onEnd('not started', null))
    if (this.#isOver) this.end()
  }

  #terminate(): void {
    clearTimeout(this.#limit)
    this.#events.onGone()
    void this.#thread.terminate()
  }

  /** The thread never began: too many files are open, or a disk does not answer. Both may pass. */
  #fail(problem: string): void {
    const workers = [...this.#workers.values()]
    this.#workers.clear()
    this.unref()
    this.#terminate()
    for (const events of workers) events.onEnd(`not started: ${problem}`, null)
  }

  #take(message: FromLauncher): void {
    if (message.type === 'late') {
      // The next thread asks all folders anyway.
      if (!this.#isOver) this.#events.onLate()
    } else if (message.type !== 'begun') this.#takeOfWorker(message)
    else {
      clearTimeout(this.#limit)
      this.#events.onBegun(message.isComplete)
      for (const later of this.#later ?? []) this.#thread.postMessage(later)
      this.#later = null
    }
  }

  #takeOfWorker(message: Exclude<FromLauncher, { readonly type: 'begun' | 'late' }>): void {
    const events = this.#workers.get(message.id)
    if (events === undefined) return
    // Done here, since the thread that started the worker may write nowhere, and neither may the worker.
    if (message.type === 'started') offerToOomKiller(message.pid)
    else if (message.type === 'ready') events.onReady(message.versions)
    else if (message.type === 'answers') events.onAnswers(message.answers)
    else {
      this.#workers.delete(message.id)
      events.onEnd(message.reason, message.at)
      if (this.#isOver) this.end()
    }
  }
}
