/**
 * Starts workers that may do less than this process: from a thread that has given up first what they are not to have,
 * since what a thread gives up is given up by every process it starts, from that process's first moment on.
 */
import { Worker } from 'node:worker_threads'
import { offerToOomKiller } from '../sandbox/limits.ts'
import type { FromLauncher, LauncherOptions, ToLauncher } from './launcher-messages.ts'
import type { Launch, WorkerEvents } from './worker-process.ts'

export type Launcher = {
  readonly launch: Launch
  /** The watched folders may be other ones now, or lie on another disk. It holds for workers that start later. */
  readonly foldersChanged: () => void
  readonly stop: () => void
}

export type LauncherTools = {
  /** Paths of the watched folders. */
  readonly folders: () => readonly string[]
  /** A folder that could not be asked when workers were started can be now. */
  readonly onLate: () => void
  readonly onCrash: (error: Error) => void
}

/** One thread, and the workers it has started. */
type Generation = { readonly thread: Worker; readonly events: Map<number, WorkerEvents>; isOver: boolean }

export function createLauncher({ folders, onLate, onCrash }: LauncherTools): Launcher {
  const generations = new Set<Generation>()
  let newest: Generation | null = null
  let ids = 0

  /** A worker dies with the thread that started it, so a thread ends after its last worker. */
  const endIfDone = (generation: Generation) => {
    if (!generation.isOver || generation.events.size > 0) return
    generations.delete(generation)
    void generation.thread.terminate()
  }
  const begin = (): Generation => {
    const workerData: LauncherOptions = { folders: folders() }
    const thread = new Worker(new URL('./launcher-thread.ts', import.meta.url), {
      workerData,
      resourceLimits: { maxYoungGenerationSizeMb: 4 },
    })
    const generation: Generation = { thread, events: new Map(), isOver: false }
    generations.add(generation)
    thread.on('error', onCrash)
    thread.on('message', (message: FromLauncher) => {
      if (message.type === 'late') {
        onLate()
        return
      }
      const events = generation.events.get(message.id)
      if (events === undefined) return
      // The thread that started it may write nowhere, and neither may the worker.
      if (message.type === 'started') offerToOomKiller(message.pid)
      else if (message.type === 'ready') events.onReady(message.versions)
      else if (message.type === 'answers') events.onAnswers(message.answers)
      else {
        generation.events.delete(message.id)
        events.onEnd(message.reason, message.at)
        endIfDone(generation)
      }
    })
    return generation
  }
  return {
    launch: (module, events) => {
      const generation = newest ?? begin()
      newest = generation
      ids += 1
      const id = ids
      generation.events.set(id, events)
      const tell = (message: ToLauncher) => generation.thread.postMessage(message)
      tell({ type: 'start', id, module })
      return {
        // Not known yet, and nobody's business here.
        pid: null,
        send: (jobs) => tell({ type: 'send', id, jobs }),
        dismiss: () => tell({ type: 'dismiss', id }),
        kill: () => tell({ type: 'kill', id }),
        abandon: () => {
          tell({ type: 'abandon', id })
          generation.thread.unref()
        },
      }
    },
    foldersChanged: () => {
      if (newest === null) return
      newest.isOver = true
      endIfDone(newest)
      newest = null
    },
    stop: () => {
      newest = null
      for (const generation of generations) {
        generation.isOver = true
        endIfDone(generation)
        generation.thread.unref()
      }
    },
  }
}
