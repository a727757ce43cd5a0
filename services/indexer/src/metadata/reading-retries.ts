/** When to try files again that could not be read the last time, though nothing is wrong with them. */
import type { MetadataJob } from './metadata-job.ts'

type File = Pick<MetadataJob, 'nodeId' | 'path'>

export type ReadingRetries = {
  /** The pause until the next try, ms. It grows with each failed try in a row. */
  readonly next: (file: File, why: 'changed' | 'busy') => number
  /** The time before which the file must not be read again, ms since 1970; 0 if its last try did not fail. */
  readonly notBeforeMs: (nodeId: string) => number
  /** To be called when the file was read, or can't be. */
  readonly settled: (file: Pick<File, 'nodeId'>) => void
  /** Files that have been tried in vain since `sinceMs` (ms since 1970) or longer, and are still to be read. */
  readonly tried: (sinceMs: number) => { readonly path: string; readonly sinceMs: number }[]
}

export type ReadingRetriesTools = {
  /**
   * The change with which a file that is to be read came to its path; null if it is not to be read. A file that is
   * written to keeps its change. A file that moved, or that has a removed file's id, has another.
   */
  readonly arrivalOf: (nodeId: string) => number | null
  readonly nowMs: () => number
}

/** The pause after the first try. A file that changed while it was read gets more time; a refusal passes sooner. */
const FIRST_MS = { changed: 1_000, busy: 250 } as const
const LAST_MS = 60_000
/** Files remembered. Beyond this, those that were tried longest ago are forgotten, and tried a little too often. */
const FILES_MAX = 10_000

type Tries = {
  readonly path: string
  readonly arrival: number
  readonly sinceMs: number
  readonly count: number
  readonly dueMs: number
}

export function createReadingRetries({ arrivalOf, nowMs }: ReadingRetriesTools): ReadingRetries {
  const files = new Map<string, Tries>()
  /** The tries of the file that has this id now. Those of a file that had it before are forgotten. */
  const triesOf = (nodeId: string): Tries | undefined => {
    const tries = files.get(nodeId)
    if (tries === undefined || tries.arrival === arrivalOf(nodeId)) return tries
    files.delete(nodeId)
    return undefined
  }
  return {
    next: ({ nodeId, path }, why) => {
      const { count = 0, sinceMs = nowMs() } = triesOf(nodeId) ?? {}
      const delayMs = Math.min(FIRST_MS[why] * 2 ** Math.min(count, 30), LAST_MS)
      const arrival = arrivalOf(nodeId)
      if (arrival === null) return delayMs
      files.delete(nodeId)
      files.set(nodeId, { path, arrival, sinceMs, count: count + 1, dueMs: nowMs() + delayMs })
      const [oldest] = files.keys()
      if (files.size > FILES_MAX && oldest !== undefined) files.delete(oldest)
      return delayMs
    },
    notBeforeMs: (nodeId) => (files.size === 0 ? 0 : (triesOf(nodeId)?.dueMs ?? 0)),
    settled: ({ nodeId }) => {
      if (files.size > 0) files.delete(nodeId)
    },
    tried: (since) => {
      const old = [...files].filter(([, { sinceMs }]) => sinceMs <= since)
      return old.flatMap(([nodeId]) => triesOf(nodeId) ?? [])
    },
  }
}
