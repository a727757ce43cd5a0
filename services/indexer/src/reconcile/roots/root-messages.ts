/** What owners read of each root: the message in its row, and what is not well with it. */
import type { InotifyLimits } from '../../posix/inotify-limits.ts'
import type { Root } from './root.ts'
import type { Roots } from './roots.ts'
import { type RootProblem, watchMessage, watchProblems } from './watch-messages.ts'

export type RootMessagesTools = {
  readonly roots: Pick<Roots, 'setMessage'>
  /** How many folders need a watch, those of every root. */
  readonly folders: () => number
  readonly limits: () => InotifyLimits
  /** How seldom a folder without a watch is listed while nothing changes in it. */
  readonly minutesMax: number
}

export type RootMessages = {
  /** The message of a root that is there; null if all is well. */
  readonly messageOf: (root: Root) => string | null
  /** To be called when a root's message may have changed: writes it, and during a scan leaves that to the scan's end. */
  readonly update: (root: Root) => void
  /** Everything that is not well with a root. */
  readonly problemsOf: (root: Root) => RootProblem[]
}

export function createRootMessages({ roots, folders, limits, minutesMax }: RootMessagesTools): RootMessages {
  const needs = () => ({ folders: folders(), limits: limits(), minutesMax })
  const messageOf = (root: Root) => watchMessage(root, needs())
  return {
    messageOf,
    update: (root) => {
      // Only the end of a scan knows how many folders got no watch.
      if (root.state.kind === 'watching') roots.setMessage(root, messageOf(root))
    },
    problemsOf: (root) => {
      const { state, stateSinceMs: sinceMs } = root
      return state.kind === 'offline' ? [{ ...state.away, sinceMs }] : watchProblems(root, needs())
    },
  }
}
