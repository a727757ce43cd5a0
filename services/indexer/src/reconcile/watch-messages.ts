/** What the owner is told of a root that is there but not fully watched: how much is not, and what to do. */
import { shownPath } from '@drive-feed/shared/shown-path.ts'
import type { InotifyLimits } from '../watch/inotify-limits.ts'
import { pathOf } from '../watch/tree.ts'
import type { Root } from './roots.ts'

/** What can't be read is tried again this often at least: nothing may tell that it can be. */
export const UNREADABLE_MINUTES_MAX = 8
/** Disks inside a root that are away and told of in full. */
const DISKS_MAX = 5

/** `folders`: all that need a watch, of every root. `minutesMax`: how seldom what has none is listed when it is quiet. */
export type WatchNeeds = { readonly folders: number; readonly limits: InotifyLimits; readonly minutesMax: number }

/** Null if all is well. */
export function watchMessage(root: Root, needs: WatchNeeds): string | null {
  const away = Array.from(root.disksAway.values(), (message) => message()).filter((message) => message !== null)
  const all = [unwatchedMessage(root, needs), ownMessage(root), ...away.slice(0, DISKS_MAX)]
  const parts = all.filter((part) => part !== null)
  if (away.length > DISKS_MAX) parts.push(`${away.length - DISKS_MAX} more filesystems inside of it are away`)
  return parts.length === 0 ? null : parts.join('. ')
}

function ownMessage({ ownPaths }: Root): string | null {
  const [first] = ownPaths
  return first === undefined ? null : ownFilesMessage(first)
}

/** What is said of a folder in which files of ours were met. */
export function ownFilesMessage(path: string): string {
  return `${shownPath(path)} holds files of drive-feed itself, its database or its log; these are left out of the feed`
}

function unwatchedMessage(root: Root, { folders, limits: { watches }, minutesMax }: WatchNeeds): string | null {
  if (root.top?.inotifyFd === null) return root.noInstance
  const unwatched = root.unwatched.size
  if (unwatched === 0) return unreadableMessage(root, minutesMax) ?? root.failing
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
  const path = shownPath(pathOf(folder))
  const place = what === 'folder' ? path : `something in ${path}`
  const all = unreadable.size === 1 ? place : `${place} and ${unreadable.size - 1} more folders`
  return `${all} can't be read (${problem}); check permissions and the disk. What is known of it stays, and it is tried \
again every ${minutesUpTo(Math.min(minutesMax, UNREADABLE_MINUTES_MAX))}`
}
