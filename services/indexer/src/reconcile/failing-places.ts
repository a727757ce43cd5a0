/**
 * Tells of places and files that are asked for again and again without a result. Whatever the cause, a bug of this program
 * included, it costs little (the pauses grow) and does not go unsaid.
 */
import type { Logger } from '@drive-feed/shared/logger.ts'
import { shownPath } from '@drive-feed/shared/shown-path.ts'
import type { Root } from './roots.ts'

/** `sinceMs`: when it was tried first, ms since 1970. */
export type FailingPlace = { readonly path: string; readonly sinceMs: number }

/** A place may take this long. */
const PATIENCE_MS = 60_000

export type FailingPlaces = {
  /** To be called every few seconds. */
  readonly check: () => void
  /** How many there are. */
  readonly count: () => number
}

export function createFailingPlaces(tools: {
  /** Those that have been tried since then (ms since 1970) or longer. */
  readonly tried: (sinceMs: number) => readonly FailingPlace[]
  readonly rootAt: (path: string) => Root | undefined
  readonly roots: () => readonly Root[]
  /** The root's message may be another one now. */
  readonly onMessage: (root: Root) => void
  readonly nowMs: () => number
  readonly log: Logger
}): FailingPlaces {
  const { log, nowMs } = tools
  let count = 0
  return {
    check: () => {
      const places = tools.tried(nowMs() - PATIENCE_MS)
      count = places.length
      const byRoot = Map.groupBy(places, ({ path }) => tools.rootAt(path))
      for (const root of tools.roots()) {
        const [first, ...others] = byRoot.get(root) ?? []
        const message = first === undefined ? null : messageOf(first, others.length)
        if (message === root.failing) continue
        if (root.failing === null) log.warn({ root: root.key, ...first, count: others.length + 1 }, message ?? '')
        root.failing = message
        tools.onMessage(root)
      }
    },
    count: () => count,
  }
}

function messageOf({ path, sinceMs }: FailingPlace, others: number): string {
  const also = others === 0 ? '' : ` and ${others} more`
  return `${shownPath(path)}${also} could not be settled since ${new Date(sinceMs).toISOString()}, though it was tried \
again and again; what was known of it stays, and it is tried once a minute. Check the disk, and who writes there`
}
