/** One child process that reads files: starts it, sends it messages, notices its end. */
import { type ChildProcess, fork } from 'node:child_process'
import type { JobsMessage } from './jobs-message.ts'
import type { ReaderVersions } from './reader-versions.ts'
import { createWorkMemory, type WorkAt } from './work-at.ts'
import type { AnswersMessage, WorkerMessage } from './worker-message.ts'
import { encodeSetting, NOT_HELD, type WorkerSetting } from './worker-setting.ts'

export type WorkerProcess = {
  /** Null if it could not be started. */
  readonly pid: number | null
  readonly send: (message: JobsMessage) => void
  /** Has it end by itself, which it does immediately if it has no work. */
  readonly dismiss: () => void
  /** SIGKILL. `onEnd` follows, unless the process is stuck in the kernel. */
  readonly kill: () => void
  /** The parent may end without waiting for it. */
  readonly abandon: () => void
}

export type WorkerEvents = {
  /** The process has its libraries and takes work. */
  readonly onReady: (versions: ReaderVersions) => void
  readonly onAnswers: (answers: AnswersMessage) => void
  /**
   * Called once, after all its messages were delivered. `reason` is for people: "killed by SIGSEGV". `at` is null if
   * nobody knows what the process was at.
   */
  readonly onEnd: (reason: string, at: WorkAt | null) => void
}

/** The reason for a process that reached its limit on computing. */
const COMPUTED_TOO_LONG = 'computed for too long'

/** A cold start from a busy disk takes seconds; a process that is not ready by then never will be. */
const START_LIMIT_MS = 60_000

/** How much of the end of its stderr is kept. Characters. */
const LAST_WORDS_MAX = 4000

/** Starts a worker by the path of its entry. */
export type Launch = (module: string, events: WorkerEvents) => WorkerProcess

export const startWorkerProcess: Launch = (module, events) => startHeldProcess(module, events, NOT_HELD)

/** The same for a process that may do less, since its parent's thread has restricted itself. */
export function startHeldProcess(module: string, events: WorkerEvents, setting: WorkerSetting): WorkerProcess {
  const memory = createWorkMemory()
  const end = (reason: string) => {
    const at = memory?.read() ?? null
    memory?.close()
    events.onEnd(reason, at)
  }
  try {
    const child = fork(module, [encodeSetting(setting, memory !== null)], {
      // None of the parent's own flags: --test or --inspect would count here too.
      execArgv: [],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc', ...(memory === null ? [] : [memory.fd])],
    })
    return workerOf(child, { ...events, onEnd: end })
  } catch (error) {
    memory?.close()
    return neverStarted((error as Error).message, events)
  }
}

/** Stands for a process that could not be started, for want of memory, files or processes. */
export function neverStarted(problem: string, { onEnd }: WorkerEvents): WorkerProcess {
  const nothing = () => {}
  setImmediate(() => onEnd(`not started: ${problem}`, null))
  return { pid: null, send: nothing, dismiss: nothing, kill: nothing, abandon: nothing }
}

function workerOf(
  child: ChildProcess,
  { onReady, onAnswers, onEnd }: Omit<WorkerEvents, 'onEnd'> & { readonly onEnd: (reason: string) => void },
): WorkerProcess {
  let unusable: string | null = null
  const lastWords = collectLastWords(child)
  const startLimit = setTimeout(() => child.kill('SIGKILL'), START_LIMIT_MS)
  child.on('message', (message: WorkerMessage) => {
    if (message.type === 'answers') onAnswers(message)
    else if (message.type === 'unusable') unusable = message.problem
    else {
      clearTimeout(startLimit)
      onReady(message.versions)
    }
  })
  onceEnded(child, (how) => {
    clearTimeout(startLimit)
    const words = unusable ?? lastWords()
    onEnd(words === '' ? how : `${how}: ${words}`)
  })
  return {
    pid: child.pid ?? null,
    // If sending fails the process has ended or is about to; its end says more.
    send: (message) => child.send(message, () => {}),
    dismiss: () => {
      if (child.connected) child.disconnect()
    },
    kill: () => {
      child.kill('SIGKILL')
    },
    abandon: () => {
      child.unref()
      child.channel?.unref()
      child.stderr?.destroy()
    },
  }
}

/** The end is `exit` and a closed channel: until the channel closes, answers may still be in it. */
function onceEnded(child: ChildProcess, ended: (how: string) => void): void {
  let how: string | null = null
  let isClosed = false
  const check = () => {
    if (how !== null && isClosed) ended(how)
  }
  child.once('disconnect', () => {
    isClosed = true
    check()
  })
  child.once('exit', (code, signal) => {
    if (signal === null) how = `ended with exit code ${code}`
    else how = signal === 'SIGPROF' ? COMPUTED_TOO_LONG : `killed by ${signal}`
    check()
  })
  child.on('error', (error) => {
    // The process never ran, so neither of the two events comes.
    if (child.pid === undefined) ended(`not started: ${error.message}`)
  })
}

function collectLastWords(child: ChildProcess): () => string {
  let words = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-LAST_WORDS_MAX)
  })
  return () => {
    const lines = words.split('\n').map((line) => line.trim())
    return lines.find((line) => /^\w*Error\b/.test(line)) ?? lines.findLast((line) => line !== '') ?? ''
  }
}
