/** What the owner is told of a root that is there but not fully watched: how much is not, and what to do. */
import type { InotifyLimits } from '../watch/inotify-limits.ts'
import { pathOf } from '../watch/tree.ts'
import type { Root } from './roots.ts'

/** Disks inside a root that are away and told of in full. */
const DISKS_MAX = 5

/** Null if all is well. `folders`: all that need a watch, of every root. */
export function watchMessage(root: Root, folders: number, limits: InotifyLimits): string | null {
  const away = Array.from(root.disksAway.values(), (message) => message()).filter((message) => message !== null)
  const parts = [unwatchedMessage(root, folders, limits), ...away.slice(0, DISKS_MAX)].filter((part) => part !== null)
  if (away.length > DISKS_MAX) parts.push(`${away.length - DISKS_MAX} more filesystems inside of it are away`)
  return parts.length === 0 ? null : parts.join('. ')
}

function unwatchedMessage(root: Root, folders: number, { watches }: InotifyLimits): string | null {
  if (root.top?.inotifyFd === null) return root.noInstance
  const unwatched = root.unwatched.size
  if (unwatched === 0) return unreadableMessage(root)
  if (!root.isWatchLimit) return `${unwatched} folders can not be watched; they are listed again every minute instead`
  // Other programs have theirs already, at most all that is allowed now.
  return `the kernel allows ${watches.allowed} inotify watches, those of all other programs included; ${folders} folders \
need one each, ${unwatched} have none and are listed again every minute instead. \
${watches.raise(watches.allowed + folders)}`
}

function unreadableMessage({ unreadable }: Root): string | null {
  const [first] = unreadable
  if (first === undefined) return null
  const [folder, { what, problem }] = first
  const path = what === 'folder' ? pathOf(folder) : `something in ${pathOf(folder)}`
  const all = unreadable.size === 1 ? path : `${path} and ${unreadable.size - 1} more folders`
  return `${all} can't be read (${problem}); check permissions and the disk. What is known of it stays, and it is tried \
again every minute`
}
