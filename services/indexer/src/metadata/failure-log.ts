/** Tells of files that could not be read, or only in part: one line each, and one a second where there are many. */
import type { MetadataResult } from './metadata-job.ts'

export type FailureLog = {
  readonly take: (result: MetadataResult) => void
  /** Tells what has not been told yet. */
  readonly stop: () => void
}

export type FailureLogTools = {
  readonly log: { readonly warn: (fields: object, text: string) => void }
  readonly nowMs: () => number
}

const PAUSE_MS = 1000

export function createFailureLog({ log, nowMs }: FailureLogTools): FailureLog {
  let lastMs = Number.NEGATIVE_INFINITY
  let timer: NodeJS.Timeout | undefined
  /** Not told yet: the last of them, and how many. */
  let waiting: { readonly path: string; readonly problem: string } | null = null
  let count = 0

  const tell = () => {
    clearTimeout(timer)
    timer = undefined
    if (waiting === null) return
    const others = count > 1 ? { others: count - 1 } : {}
    log.warn(
      { ...waiting, ...others },
      count > 1 ? 'files could not be read, or only in part' : 'a file could not be read, or only in part',
    )
    waiting = null
    count = 0
    lastMs = nowMs()
  }
  return {
    take: (result) => {
      const problem = problemOf(result)
      if (problem === null) return
      waiting = { path: result.job.path, problem }
      count += 1
      const pauseMs = lastMs + PAUSE_MS - nowMs()
      if (pauseMs <= 0) tell()
      else timer ??= setTimeout(tell, pauseMs)
    },
    stop: tell,
  }
}

/** Null for what went well, and for what is asked again soon. */
function problemOf(result: MetadataResult): string | null {
  if (result.kind === 'done') return result.problem
  return result.kind === 'failed' || result.kind === 'unreadable' ? result.problem : null
}
