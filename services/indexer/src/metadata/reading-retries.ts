/** Files that could not be read at the last try, though nothing is wrong with them: when they are tried again. */
import type { MetadataJob } from './metadata-job.ts'

export type ReadingRetries = {
  /** How long until the next try, ms; longer after each in a row. */
  readonly next: (job: MetadataJob, why: 'changed' | 'busy') => number
  /** Not before when it may be read again, ms since 1970; 0 for one that was not tried in vain. */
  readonly notBeforeMs: (nodeId: string) => number
  /** It was read, or can't be. */
  readonly settled: (job: Pick<MetadataJob, 'nodeId'>) => void
  /**
   * Files that have been tried in vain since then (ms since 1970) or longer.
   *
   * @param isWaiting whether it is still to be read; one that is gone is forgotten
   */
  readonly tried: (
    sinceMs: number,
    isWaiting: (nodeId: string) => boolean,
  ) => { readonly path: string; readonly sinceMs: number }[]
}

/** After the first try: a file that changed while it was read is given time; a refusal passes sooner. */
const FIRST_MS = { changed: 1_000, busy: 250 } as const
const LAST_MS = 60_000
/** Files remembered; beyond, those that were tried longest ago are forgotten, and tried a little too often. */
const FILES_MAX = 10_000

type Tries = { readonly path: string; readonly sinceMs: number; readonly count: number; readonly dueMs: number }

export function createReadingRetries(nowMs: () => number): ReadingRetries {
  const files = new Map<string, Tries>()
  return {
    next: ({ nodeId, path }, why) => {
      const { count = 0, sinceMs = nowMs() } = files.get(nodeId) ?? {}
      files.delete(nodeId)
      const delayMs = Math.min(FIRST_MS[why] * 2 ** Math.min(count, 30), LAST_MS)
      files.set(nodeId, { path, sinceMs, count: count + 1, dueMs: nowMs() + delayMs })
      const [oldest] = files.keys()
      if (files.size > FILES_MAX && oldest !== undefined) files.delete(oldest)
      return delayMs
    },
    notBeforeMs: (nodeId) => (files.size === 0 ? 0 : (files.get(nodeId)?.dueMs ?? 0)),
    settled: ({ nodeId }) => {
      if (files.size > 0) files.delete(nodeId)
    },
    tried: (since, isWaiting) => {
      const old = [...files].filter(([, { sinceMs }]) => sinceMs <= since)
      for (const [nodeId] of old) if (!isWaiting(nodeId)) files.delete(nodeId)
      return old.flatMap(([nodeId, tries]) => (files.has(nodeId) ? [tries] : []))
    },
  }
}
