/**
 * Keeps what of each root nobody sees (`Gaps` in `root.ts`) as small as it can be: has listed what the kernel does not
 * watch, what can't be read and roots without an inotify instance, moves watches to where something happens, and keeps the
 * roots' messages true.
 *
 * Time is cut into slots, in each of which all that is due is listed in one burst. After a burst that took long nothing is
 * listed for a multiple of that time.
 */
import type { Logger } from '@drive-feed/shared/logger.ts'
import type { Folder } from '../../model/folder-tree.ts'
import type { InotifyLimits } from '../../posix/inotify-limits.ts'
import type { Visits } from '../pending/visits.ts'
import { createQuietListings } from './quiet-listings.ts'
import type { Root, Unreadable } from './root.ts'
import type { RootMessages } from './root-messages.ts'
import type { Roots } from './roots.ts'
import { createRootsWithoutInstance } from './roots-without-instance.ts'
import { createUnreadable } from './unreadable.ts'
import { createUnwatched, type Unwatched } from './unwatched.ts'
import { createWatchBudget } from './watch-budget.ts'
import { UNREADABLE_MINUTES_MAX } from './watch-messages.ts'

/** After what was due took long to list, nothing is listed for so many times as long. */
const REST_FACTOR = 20
/** Watches that change hands in a slot: some of a burst of changes, and the listings they cost are no burden. */
const MOVES_MAX = 250

/**
 * `slotMs`: the length of a slot, a minute but in tests. `slotsMax`: the longest interval. `quietSeconds`: a folder may
 * give its watch to another after so long without an event.
 */
export type Pace = { readonly slotMs: number; readonly slotsMax: number; readonly quietSeconds: number }

export type CoverageTools = {
  readonly roots: Roots
  readonly messages: RootMessages
  readonly visits: Visits
  readonly pace: Pace
  readonly limits: () => InotifyLimits
  /** Takes a folder's watch away, for another. */
  readonly release: (folder: Folder) => void
  /** Asks for a root's inotify instance; whether there is one now. */
  readonly openInstance: (root: Root) => boolean
  readonly nowMs: () => number
  readonly log: Logger
}

export type Coverage = {
  readonly mayAsk: Unwatched['mayAsk']
  /** The kernel gave the folder no watch. `limit`: what kept it from that. */
  readonly refused: (folder: Folder, limit: 'max_user_watches' | 'unknown') => void
  /** The folder got its watch. */
  readonly watched: (folder: Folder) => void
  /** Something in the folder changed, or its parent's watch told of the folder. */
  readonly stirred: (folder: Folder) => void
  /** The folder, or something in it, could not be read. */
  readonly unreadable: (folder: Folder, unreadable: Unreadable) => void
  /** The folder was listed. `problem`: why something in it could not be looked at; null if all could. */
  readonly listed: (folder: Folder, problem: string | null) => void
  /** To be called when a root was scanned to its end; gives the message it has from now on. */
  readonly scanned: (root: Root) => string | null
  /** Starts what is due by the clock; `scan`: starts a scan of a root. */
  readonly startDue: (scan: (root: Root) => void) => void
  /** To be called when no visit is waiting. */
  readonly visited: () => void
  /** Listings made so far, and folders without a watch. */
  readonly counts: () => { readonly listed: number; readonly unwatched: number }
}

export function createCoverage(tools: CoverageTools): Coverage {
  const { roots, messages, visits, nowMs, log } = tools
  const { unwatched, unreadable, withoutInstance, outdated } = createParts(tools)
  const isMoreAllowed = createComparison(tools)
  const lists = [unwatched, unreadable, withoutInstance]
  let listed = 0
  let burstStartedMs: number | null = null
  let restUntilMs = 0
  const prune = (root: Root) => {
    unwatched.prune(root)
    unreadable.prune(root)
  }
  /** To be called when all that ask for watches together have been tried: only then it is known how many got none. */
  const updateMessages = () => {
    for (const [root, why] of outdated) {
      if (root.state.kind !== 'watching') continue
      outdated.delete(root)
      unwatched.prune(root)
      const message = messages.messageOf(root)
      if (why === 'refused' && message === root.message) continue
      if (why === 'refused') log.warn({ root: root.key }, message ?? 'every folder is watched again')
      messages.update(root)
    }
  }
  return {
    mayAsk: unwatched.mayAsk,
    refused: (folder, limit) => {
      const root = roots.of(folder.root)
      if (root === undefined) return
      unwatched.refused(root, folder, limit)
      outdated.set(root, 'refused')
    },
    watched: (folder) => {
      const root = roots.of(folder.root)
      if (root === undefined || !unwatched.watched(root, folder) || root.gaps.unwatched.size > 0) return
      log.info({ root: root.key }, 'every folder is watched again')
      messages.update(root)
    },
    stirred: (folder) => {
      const root = roots.of(folder.root)
      if (root === undefined || isNews(root)) return
      unwatched.stirred(folder)
      withoutInstance.stirred(root)
    },
    unreadable: unreadable.add,
    listed: (folder, problem) => {
      listed += 1
      unreadable.listed(folder, problem)
    },
    scanned: (root) => {
      prune(root)
      withoutInstance.scanned(root)
      outdated.delete(root)
      const message = messages.messageOf(root)
      if (root.gaps.unwatched.size > 0 && message !== root.message) log.warn({ root: root.key }, message ?? '')
      return message
    },
    startDue: (scan) => {
      if (burstStartedMs !== null) return
      const isMore = isMoreAllowed()
      // What is promised to one is asked for by nobody else, and now there may be enough for all.
      if (!isMore) unwatched.move()
      withoutInstance.retry(isMore, scan)
      const now = nowMs()
      if (!isMore && (now < restUntilMs || !lists.some(({ isDue }) => isDue(now)))) return
      burstStartedMs = now
      for (const root of roots.all) prune(root)
      for (const { list } of lists) list(now, isMore ? 'all' : 'due', scan)
    },
    visited: () => {
      if (!visits.areOpen()) {
        updateMessages()
        unwatched.visited()
      }
      if (burstStartedMs === null) return
      restUntilMs = nowMs() + (nowMs() - burstStartedMs) * REST_FACTOR
      burstStartedMs = null
    },
    counts: () => ({ listed, unwatched: roots.all.reduce((sum, { gaps }) => sum + gaps.unwatched.size, 0) }),
  }
}

/** `outdated`: roots whose message may have changed: the kernel refused watches, or watches changed hands. */
function createParts({ roots, messages, visits, pace, release, openInstance, nowMs, log }: CoverageTools) {
  const outdated = new Map<Root, 'refused' | 'moved'>()
  const startedMs = nowMs()
  const slotAt = (ms: number) => Math.floor((ms - startedMs) / pace.slotMs)
  const listings = <Key>(slotsMax: number) => createQuietListings<Key>({ slotAt, slotsMax }, nowMs)
  const budget = createWatchBudget({
    ...{ slotAt, quietSeconds: pace.quietSeconds, movesMax: MOVES_MAX },
    watched: () => watchedFolders(roots.all),
  })
  const onMoved = (root: Root) => {
    if (!outdated.has(root)) outdated.set(root, 'moved')
  }
  return {
    outdated,
    unwatched: createUnwatched({ roots, visits, listings: listings(pace.slotsMax), budget, release, onMoved, nowMs }),
    unreadable: createUnreadable({
      ...{ roots, messages, visits, log },
      listings: listings(Math.min(pace.slotsMax, UNREADABLE_MINUTES_MAX)),
    }),
    withoutInstance: createRootsWithoutInstance({
      ...{ roots, slotAt, openInstance, nowMs },
      listings: listings(pace.slotsMax),
    }),
  }
}

/** Whether nobody knows yet what is in the root, so that nothing found in it says that something happened. */
function isNews({ state }: Root): boolean {
  return state.kind === 'scanning' ? state.isFirst : state.kind !== 'watching'
}

function* watchedFolders(roots: readonly Root[]): Generator<Folder> {
  for (const { byWatch, state } of roots) if (state.kind === 'watching') yield* byWatch.values()
}

/** Tells whether the kernel allows more than when it was last asked, and more is needed. */
function createComparison({ roots, limits }: Pick<CoverageTools, 'roots' | 'limits'>): () => boolean {
  // From the start: the limit may be raised before anyone has asked.
  let before = limits()
  return () => {
    const now = limits()
    const isMore = now.watches.allowed > before.watches.allowed || now.instances.allowed > before.instances.allowed
    before = now
    return isMore && roots.all.some(isInNeed)
  }
}

function isInNeed({ top, inotifyFd, gaps }: Root): boolean {
  return (top !== null && inotifyFd === null) || gaps.unwatched.size > 0
}
