/** What the owner is told of a root that is there but not fully watched: how much is not, and what to do. */
import type { InotifyLimits } from '../watch/inotify-limits.ts'
import { pathOf } from '../watch/tree.ts'
import type { Root } from './roots.ts'

/** What can't be read is tried again this often at least: nothing may tell that it can be. */
export const UNREADABLE_MINUTES_MAX = 8

/** `folders`: all that need a watch, of every root. `minutesMax`: how seldom what has none is listed when it is quiet. */
export type WatchNeeds = { readonly folders: number; readonly limits: InotifyLimits; readonly minutesMax: number }

/** Null if all is well. */
export function watchMessage(root: Root, { folders, limits: { watches }, minutesMax }: WatchNeeds): string | null {
  if (root.top?.inotifyFd === null) return root.message
  const unwatched = root.unwatched.size
  if (unwatched === 0) return unreadableMessage(root, minutesMax)
  const meanwhile = `listed again every ${minutesUpTo(minutesMax)} instead`
  if (!root.isWatchLimit) return `${unwatched} folders can not be watched; they are ${meanwhile}`
  // Other programs have theirs already, at most all that is allowed now.
  return `the kernel allows ${watches.allowed} inotify watches, those of all other programs included; ${folders} folders \
need one each, ${unwatched} have none and are ${meanwhile}. ${watches.raise(watches.allowed + folders)}`
}

/** How often what is not watched is looked at: more seldom the longer nothing is found. */
export function minutesUpTo(minutesMax: number): string {
  return minutesMax === 1 ? 'minute' : `1 to ${minutesMax} minutes`
}

function unreadableMessage({ unreadable }: Root, minutesMax: number): string | null {
  const [first] = unreadable
  if (first === undefined) return null
  const [folder, { what, problem }] = first
  const path = what === 'folder' ? pathOf(folder) : `something in ${pathOf(folder)}`
  const all = unreadable.size === 1 ? path : `${path} and ${unreadable.size - 1} more folders`
  return `${all} can't be read (${problem}); check permissions and the disk. What is known of it stays, and it is tried \
again every ${minutesUpTo(Math.min(minutesMax, UNREADABLE_MINUTES_MAX))}`
}
