/** What owners read of a root that is there but not fully seen: how much is not, and what to do. */
import { type ProblemCode, type ProblemText, problemText } from '@drive-feed/shared/problem.ts'
import { shownPath } from '@drive-feed/shared/shown-path.ts'
import { pathOf } from '../../model/folder-tree.ts'
import type { InotifyLimits } from '../../posix/inotify-limits.ts'
import type { Root } from './root.ts'

/** What can't be read is tried again at least this often: no event may tell that it can be read. */
export const UNREADABLE_MINUTES_MAX = 8
/** Disks inside a root that are away and named one by one. */
const DISKS_MAX = 5

/** `folders`: how many need a watch, in all roots. `minutesMax`: how seldom a quiet folder without a watch is listed. */
export type WatchNeeds = { readonly folders: number; readonly limits: InotifyLimits; readonly minutesMax: number }

/** `sinceMs`: ms since 1970; null if only the row of the problem knows it. */
export type RootProblem = ProblemText & { readonly code: ProblemCode; readonly sinceMs: number | null }

/** Null if all is well. Names the gravest of unwatched, unreadable and failing, files of ours, and disks that are away. */
export function watchMessage(root: Root, needs: WatchNeeds): string | null {
  const [gravest] = notSeen(root, needs)
  const parts = [gravest?.message, ownMessage(root), ...disksAway(root).map(({ message }) => message)]
  const said = parts.filter((part) => part != null)
  return said.length === 0 ? null : said.join('. ')
}

/** Everything that is not well with a root that is there. */
export function watchProblems(root: Root, needs: WatchNeeds): RootProblem[] {
  return [...notSeen(root, needs), ...disksAway(root)]
}

function notSeen(root: Root, needs: WatchNeeds): RootProblem[] {
  const unreadable = unreadableProblem(root, needs.minutesMax)
  const unwatched = unwatchedProblem(root, needs)
  const problems: RootProblem[] = []
  if (unwatched !== null) problems.push({ code: 'folders_unwatched', ...unwatched, sinceMs: null })
  if (unreadable !== null) problems.push({ code: 'folders_unreadable', ...unreadable, sinceMs: null })
  const { failing } = root.gaps
  if (failing !== null) problems.push({ code: 'places_failing', ...failing })
  return problems
}

function disksAway(root: Root): RootProblem[] {
  const away = Array.from(root.gaps.disksAway.values(), (problemNow) => problemNow()).filter((one) => one !== null)
  const problems: RootProblem[] = away.slice(0, DISKS_MAX).map((one) => ({ code: 'disk_away', ...one }))
  const [next] = away.slice(DISKS_MAX)
  if (next === undefined) return problems
  const text = `${away.length - DISKS_MAX} more filesystems inside it are away`
  return [...problems, { code: 'disk_away', text, fix: next.fix, message: text, sinceMs: next.sinceMs }]
}

function ownMessage({ gaps: { ownPaths } }: Root): string | null {
  const [first] = ownPaths
  return first === undefined ? null : ownFilesMessage(first)
}

/** The message of a folder that holds files of ours. */
export function ownFilesMessage(path: string): string {
  return `${shownPath(path)} holds files of drive-feed itself, its database or its log; these are left out of the feed`
}

function unwatchedProblem(root: Root, { folders, limits: { watches }, minutesMax }: WatchNeeds): ProblemText | null {
  if (root.gaps.noInstance !== null) return root.gaps.noInstance
  const unwatched = root.gaps.unwatched.size
  if (unwatched === 0) return null
  const instead = `listed again every ${minutesUpTo(minutesMax)} instead`
  if (!root.gaps.isWatchLimit) {
    const text = `${unwatched} folders can't be watched; they are ${instead}`
    return problemText(text, 'Check free memory, and whether inotify works on their filesystem', '. ')
  }
  // Other programs have at most all watches that are allowed now.
  const text = `the kernel allows ${watches.allowed} inotify watches, those of all other programs included; ${folders} \
folders need one each, ${unwatched} have none and are ${instead}`
  return problemText(text, watches.raise(watches.allowed + folders), '. ')
}

/** How often a folder without a watch is listed: the longer nothing is found, the more seldom. */
export function minutesUpTo(minutesMax: number): string {
  return minutesMax === 1 ? 'minute' : `1 to ${minutesMax} minutes`
}

function unreadableProblem({ gaps: { unreadable } }: Root, minutesMax: number): ProblemText | null {
  const [first] = unreadable
  if (first === undefined) return null
  const [folder, { what, problem }] = first
  const path = shownPath(pathOf(folder))
  const place = what === 'folder' ? path : `something in ${path}`
  const all = unreadable.size === 1 ? place : `${place} and ${unreadable.size - 1} more folders`
  const often = minutesUpTo(Math.min(minutesMax, UNREADABLE_MINUTES_MAX))
  const fix = `check permissions and the disk. What is known of it stays, and it is tried again every ${often}`
  return problemText(`${all} can't be read (${problem})`, fix)
}
