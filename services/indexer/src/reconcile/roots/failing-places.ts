/**
 * Reports places and files that are tried again and again without a result. Whatever the cause, a bug of this program
 * included, the tries cost little (their pauses grow) and the owner learns of them.
 */
import type { Logger } from '@drive-feed/shared/logger.ts'
import { type ProblemText, problemText } from '@drive-feed/shared/problem.ts'
import { shownPath } from '@drive-feed/shared/shown-path.ts'
import type { Root } from './root.ts'
import type { RootMessages } from './root-messages.ts'
import type { Roots } from './roots.ts'

/** `sinceMs`: when the place was tried first, by `nowMs`. */
export type FailingPlace = { readonly path: string; readonly sinceMs: number }

/** A place is reported after this long. */
const PATIENCE_MS = 60_000

export type FailingPlaces = {
  /** To be called every few seconds. */
  readonly check: () => void
  /** How many places there are. */
  readonly count: () => number
}

export function createFailingPlaces(tools: {
  /** Places that have been tried in vain since then (by `nowMs`) or longer. */
  readonly tried: (sinceMs: number) => readonly FailingPlace[]
  readonly roots: Pick<Roots, 'all' | 'byPath'>
  readonly messages: Pick<RootMessages, 'update'>
  readonly nowMs: () => number
  /** The wall clock: owners read since when a place fails. Ms since 1970. */
  readonly wallMs: () => number
  readonly log: Logger
}): FailingPlaces {
  const { roots, messages, log, nowMs, wallMs } = tools
  let count = 0
  /** The places that each root's message names, as a key. */
  const saidOf = new Map<Root, string>()
  return {
    check: () => {
      const places = tools.tried(nowMs() - PATIENCE_MS)
      count = places.length
      const byRoot = Map.groupBy(places, ({ path }) => roots.byPath(path))
      for (const root of roots.all) {
        const [first, ...others] = byRoot.get(root) ?? []
        const about = first === undefined ? undefined : JSON.stringify([first, others.length])
        if (about === saidOf.get(root)) continue
        if (first === undefined || about === undefined) {
          saidOf.delete(root)
          root.gaps.failing = null
        } else {
          const sinceMs = Math.floor(wallMs() - (nowMs() - first.sinceMs))
          const since = new Date(sinceMs).toISOString()
          const said = problemOf(first.path, since, others.length)
          if (!saidOf.has(root))
            log.warn({ root: root.key, path: first.path, since, count: others.length + 1 }, said.message)
          saidOf.set(root, about)
          root.gaps.failing = { ...said, sinceMs }
        }
        messages.update(root)
      }
    },
    count: () => count,
  }
}

function problemOf(path: string, since: string, others: number): ProblemText {
  const also = others === 0 ? '' : ` and ${others} more`
  const text = `${shownPath(path)}${also} has not been up to date since ${since}, though it is tried every 10 to 60 \
seconds; what is known of it stays`
  return problemText(text, 'Check the disk, and which program writes there', '. ')
}
