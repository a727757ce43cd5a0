/** Logs files that could not be read, or only in part: a line each, but one a second if there are many. */
import type { MetadataResult } from './metadata-job.ts'

export type FailureLog = {
  readonly take: (result: MetadataResult) => void
  /** Logs what has not been logged yet. */
  readonly stop: () => void
}

export type FailureLogTools = {
  readonly log: { readonly warn: (fields: object, text: string) => void }
  readonly nowMs: () => number
}

const PAUSE_MS = 1000
/** Files that a line names. It counts the others. */
const NAMED_MAX = 10

export function createFailureLog({ log, nowMs }: FailureLogTools): FailureLog {
  let lastMs = Number.NEGATIVE_INFINITY
  let timer: NodeJS.Timeout | undefined
  /** Not logged yet: the first files, and how many more there are in `more`. */
  let files: { readonly path: string; readonly problem: string }[] = []
  let more = 0

  const tell = () => {
    clearTimeout(timer)
    timer = undefined
    if (files.length === 0) return
    if (files.length === 1) log.warn({ ...files[0] }, 'a file could not be read, or only in part')
    else log.warn({ files, ...(more > 0 ? { more } : {}) }, 'files could not be read, or only in part')
    files = []
    more = 0
    lastMs = nowMs()
  }
  return {
    take: (result) => {
      const problem = problemOf(result)
      if (problem === null) return
      if (files.length < NAMED_MAX) files.push({ path: result.job.path, problem })
      else more += 1
      const pauseMs = lastMs + PAUSE_MS - nowMs()
      if (pauseMs <= 0) tell()
      else timer ??= setTimeout(tell, pauseMs)
    },
    stop: tell,
  }
}

/** Null if the file was read, or is asked for again soon. */
function problemOf(result: MetadataResult): string | null {
  if (result.kind === 'done') return result.problem
  return result.kind === 'failed' || result.kind === 'unreadable' ? result.problem : null
}
