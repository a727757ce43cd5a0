/** One child process that reads files: starting it, talking to it, noticing its end. */
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
  /** Lets it end by itself, which it does at once when it has no work. */
  readonly dismiss: () => void
  /** SIGKILL. `onEnd` follows, unless the process is stuck in the kernel. */
  readonly kill: () => void
  /** The parent may end without waiting for it. */
  readonly abandon: () => void
}

export type WorkerEvents = {
  /** It has its libraries and takes work. */
  readonly onReady: (versions: ReaderVersions) => void
  readonly onAnswers: (answers: AnswersMessage) => void
  /**
   * Called once, after everything it ever said was delivered. `reason` is for people: "killed by SIGSEGV". `at` null: what
   * it was at is not known.
   */
  readonly onEnd: (reason: string, at: WorkAt | null) => void
}

/** How a process is said to have ended that was out of its share of the processor. */
const COMPUTED_TOO_LONG = 'computed for too long'

/** A cold start from a busy disk takes seconds; a process that is not ready by then never will be. */
const START_LIMIT_MS = 60_000

/** How much of its last words (stderr) is kept. Characters. */
const LAST_WORDS_MAX = 4000

/** Starts a worker by the path of its entry. */
export type Launch = (module: string, events: WorkerEvents) => WorkerProcess

export const startWorkerProcess: Launch = (module, events) => startHeldProcess(module, events, NOT_HELD)

/** The same of a process that may do less, by what its parent's thread has given up. */
export function startHeldProcess(module: string, events: WorkerEvents, setting: WorkerSetting): WorkerProcess {
  const memory = createWorkMemory()
  const end = (reason: string) => {
    const at = memory?.read() ?? null
    memory?.close()
    events.onEnd(reason, at)
  }
  try {
    const child = fork(module, [encodeSetting(setting, memory !== null)], {
      // None of the parent's own flags: --test or --inspect would start that here too.
      execArgv: [],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc', ...(memory === null ? [] : [memory.fd])],
    })
    return workerOf(child, { ...events, onEnd: end })
  } catch (error) {
    memory?.close()
    return neverStarted((error as Error).message, events)
  }
}

/** For want of memory, files or processes. */
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
    // A failure to send means that the process has ended or is about to, which says more.
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

/** `exit` alone is not the end: answers may still be in the pipe until the channel closes too. */
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
    // It never ran: there will be neither of the two.
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
