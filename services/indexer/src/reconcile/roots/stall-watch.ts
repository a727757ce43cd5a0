/**
 * Reports a place that does not answer. A dead file server blocks whoever looks at it, for minutes or for good, and because
 * there is one observer thread everything else waits too. Nothing here can change that, but the owner can.
 */
import type { Logger } from '@drive-feed/shared/logger.ts'
import { problemText } from '@drive-feed/shared/problem.ts'
import { shownPath } from '@drive-feed/shared/shown-path.ts'
import type { Observer } from '../../scan/observer.ts'
import type { ProblemSince, Root } from './root.ts'
import type { Roots } from './roots.ts'

/** Longer than a folder of a million files takes on a slow disk that wakes up. */
const STALL_MS = 60_000

export type StallWatch = {
  /** To be called every few seconds. */
  readonly check: () => void
  /** The problem of now, and the root that it is about; null while every place answers. */
  readonly stalled: () => (ProblemSince & { readonly root: Root | undefined }) | null
}

export function createStallWatch(tools: {
  readonly atWork: Observer['atWork']
  readonly roots: Pick<Roots, 'byPath' | 'setMessage'>
  readonly nowMs: () => number
  /** The wall clock: owners read since when a place does not answer. Ms since 1970. */
  readonly wallMs: () => number
  readonly log: Logger
}): StallWatch {
  const { roots, log, nowMs, wallMs } = tools
  let stalled: { readonly path: string; readonly root: Root | undefined; readonly said: ProblemSince } | null = null
  let messageBefore: string | null = null

  const begin = (path: string, forMs: number) => {
    const sinceMs = Math.floor(wallMs() - forMs)
    const since = new Date(sinceMs).toISOString()
    const fix = 'check the disk, or the server behind it. Everything else waits for it'
    const said = { ...problemText(`${shownPath(path)} has not answered since ${since}`, fix), sinceMs }
    const { message } = said
    const root = roots.byPath(path)
    log.warn({ root: root?.key, path, since }, message)
    messageBefore = root?.message ?? null
    if (root !== undefined) roots.setMessage(root, message)
    stalled = { path, root, said }
  }
  const end = ({ path, root, said }: NonNullable<typeof stalled>) => {
    log.info({ root: root?.key, path }, 'the place answers again')
    // Another message by now says more.
    if (root?.message === said.message) roots.setMessage(root, messageBefore)
    stalled = null
  }
  return {
    check: () => {
      const now = nowMs()
      const at = tools.atWork(now)
      const path = at !== null && now - at.sinceMs >= STALL_MS ? at.path : null
      if (stalled !== null && path !== stalled.path) end(stalled)
      if (stalled === null && at !== null && path !== null) begin(path, now - at.sinceMs)
    },
    stalled: () => (stalled === null ? null : { ...stalled.said, root: stalled.root }),
  }
}
