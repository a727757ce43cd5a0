/**
 * What the kernel does not watch: when it is listed instead, and who gets a watch where there are too few.
 *
 * Invariants. What changes in a folder without a watch is found within its interval. A folder that loses its watch is
 * listed afterwards, in the next slot: what the kernel had told by then still counts (`event-intake.ts`), and what happens
 * later is found by that listing. A watch is taken only while no visit is under way, which might be asking for the same.
 */

import type { Folder, RootFolder } from '../../model/folder-tree.ts'
import type { InotifyLimits } from '../../posix/inotify-limits.ts'
import type { Visits } from '../pending/visits.ts'
import { createQuietListings } from './quiet-listings.ts'
import type { Root } from './root.ts'
import type { Roots } from './roots.ts'
import { createWatchBudget } from './watch-budget.ts'
import { UNREADABLE_MINUTES_MAX } from './watch-messages.ts'

/** After what was due took long to list, nothing is for so many times as long. */
const REST_FACTOR = 20
/** Watches that change hands in a slot: some of a burst of changes, and the listings they cost are no burden. */
const MOVES_MAX = 250

/** Lengths of a slot, which is a minute but in tests; of the longest interval; of the quiet after which a watch may go. */
export type Pace = { readonly slotMs: number; readonly slotsMax: number; readonly quietSeconds: number }

export type UnwatchedTools = {
  readonly pace: Pace
  readonly visits: Visits
  readonly roots: Pick<Roots, 'all' | 'of'>
  /** Asks again for an inotify instance where there was none; whether there is one now. */
  readonly retryInstance: (root: Root) => boolean
  readonly limits: () => InotifyLimits
  readonly nowMs: () => number
  /** Takes a folder's watch away. */
  readonly release: (folder: Folder) => void
  readonly scan: (root: Root) => void
  /** Its number of folders without a watch may be another one when all visits are done. */
  readonly onMoved: (root: Root) => void
}

export type Unwatched = {
  /** Whether a folder that is to be listed may ask for a watch: those there are may be promised to others. */
  readonly mayAsk: (folder: Folder) => boolean
  readonly refused: (root: Root, folder: Folder, limit: 'max_user_watches' | 'unknown') => void
  /** A folder got its watch; whether it had none. */
  readonly watched: (root: Root, folder: Folder) => boolean
  /** Something in the folder was found to be changed, or its parent's watch told of the folder. */
  readonly stirred: (folder: Folder) => void
  readonly unreadable: (folder: Folder) => void
  readonly readable: (folder: Folder) => void
  /** A root was compared with the disk to its last folder. */
  readonly scanned: (root: Root) => void
  /** Forgets folders that left the tree. */
  readonly prune: (root: Root) => void
  /** Starts what is due by the clock. */
  readonly startDue: () => void
  /** To be called when no visit is waiting. */
  readonly visited: () => void
}

export function createUnwatched(tools: UnwatchedTools): Unwatched {
  const { visits, nowMs, pace } = tools
  const startedMs = nowMs()
  const slotAt = (ms: number) => Math.floor((ms - startedMs) / pace.slotMs)
  const listings = <Key>(slotsMax: number) => createQuietListings<Key>({ slotAt, slotsMax }, nowMs)
  const folders = listings<Folder>(pace.slotsMax)
  /** Folders that could not be read, or not all that is in them, watched or not. */
  const unreadable = listings<Folder>(Math.min(pace.slotsMax, UNREADABLE_MINUTES_MAX))
  /** Roots without an inotify instance, each listed as a whole. */
  const roots = listings<Root>(pace.slotsMax)
  /** Those of them in which the present scan found something. */
  const changed = new Set<Root>()
  /** Folders for which a watch was taken from others, until they are visited. */
  const promised = new Set<Folder>()
  let burstStartedMs: number | null = null
  let restUntilMs = 0
  let retriedSlot = 0

  const rootOf = (top: RootFolder) => tools.roots.of(top)
  const isHere = (folder: Folder) => folder.attached && rootOf(folder.root)?.state.kind === 'watching'
  const budget = createWatchBudget({
    ...{ slotAt, quietSeconds: pace.quietSeconds, movesMax: MOVES_MAX },
    watched: () => watchedFolders(tools.roots.all),
  })
  const isMoreAllowed = createComparison(tools)

  const move = () => {
    if (folders.stirred().size === 0 || visits.areOpen()) return
    const canTake = (folder: Folder) => isHere(folder) && rootOf(folder.root)?.gaps.isWatchLimit === true
    const takers = [...folders.stirred()].filter(canTake)
    for (const [at, giver] of budget.take(takers.length, nowMs()).entries()) {
      const taker = takers[at] as Folder
      tools.release(giver)
      rootOf(giver.root)?.gaps.unwatched.add(giver)
      folders.add(giver)
      promised.add(taker)
      visits.add(taker, false)
      for (const { root } of [giver, taker]) tools.onMoved(rootOf(root) as Root)
    }
  }
  const list = (which: 'due' | 'all') => {
    const now = nowMs()
    burstStartedMs = now
    for (const root of tools.roots.all) prune(root)
    for (const folder of folders.take(now, which, isHere)) visits.add(folder, false)
    for (const folder of unreadable.take(now, which, isHere)) {
      // With all below, if it could not be read itself: what was done there meanwhile was not told.
      const isDeep = rootOf(folder.root)?.gaps.unreadable.get(folder)?.what === 'folder'
      if (isDeep) folder.needsVisit = false
      visits.add(folder, isDeep)
    }
    for (const root of roots.take(now, which, ({ state }) => state.kind === 'watching')) {
      tools.retryInstance(root)
      tools.scan(root)
    }
  }
  /** An instance that another program gave back is told of by nobody; asking touches no disk. */
  const retryInstances = (isMoreAllowed: boolean) => {
    if (!isMoreAllowed && slotAt(nowMs()) === retriedSlot) return
    retriedSlot = slotAt(nowMs())
    for (const root of tools.roots.all) {
      if (root.state.kind === 'watching' && root.inotifyFd === null && tools.retryInstance(root)) {
        tools.scan(root)
      }
    }
  }
  const prune = (root: Root) => {
    for (const folder of root.gaps.unwatched) {
      if (folder.attached) continue
      root.gaps.unwatched.delete(folder)
      folders.delete(folder)
    }
    for (const folder of root.gaps.unreadable.keys()) {
      if (folder.attached) continue
      root.gaps.unreadable.delete(folder)
      unreadable.delete(folder)
    }
  }
  return {
    mayAsk: (folder) => promised.size === 0 || promised.has(folder) || folder.watch !== null || folder.parent === null,
    refused: (root, folder, limit) => {
      const isNew = !root.gaps.unwatched.has(folder)
      root.gaps.unwatched.add(folder)
      root.gaps.isWatchLimit = limit === 'max_user_watches'
      if (promised.delete(folder)) budget.missed()
      folders.add(folder)
      // What a scan finds may be as old as the disk.
      if (isNew && root.state.kind === 'watching') folders.stir(folder)
    },
    watched: (root, folder) => {
      promised.delete(folder)
      folders.delete(folder)
      const hadNone = root.gaps.unwatched.delete(folder)
      // Those that a scan found first may give theirs at once: that they were found first says nothing.
      const isNew = folder.stirredSeconds === 0 && root.state.kind === 'watching'
      if (hadNone || isNew) folder.stirredSeconds = Math.floor(nowMs() / 1000)
      return hadNone
    },
    stirred: (folder) => {
      const root = rootOf(folder.root)
      if (root === undefined || isNews(root)) return
      folders.stir(folder)
      if (folder.root.inotifyFd === null) changed.add(root)
    },
    unreadable: unreadable.add,
    readable: unreadable.delete,
    scanned: (root) => {
      const wasChanged = changed.delete(root)
      if (root.inotifyFd !== null) roots.delete(root)
      else if (wasChanged && roots.has(root)) roots.stir(root)
      else roots.add(root)
    },
    prune,
    startDue: () => {
      if (burstStartedMs !== null) return
      const isMore = isMoreAllowed()
      // What is promised to one is asked for by nobody else, and now there may be enough for all.
      if (!isMore) move()
      retryInstances(isMore)
      const now = nowMs()
      if (isMore) list('all')
      else if (now >= restUntilMs && [folders, unreadable, roots].some(({ isDue }) => isDue(now))) list('due')
    },
    visited: () => {
      if (!visits.areOpen()) promised.clear()
      if (burstStartedMs === null) return
      restUntilMs = nowMs() + (nowMs() - burstStartedMs) * REST_FACTOR
      burstStartedMs = null
    },
  }
}

/** Whether nobody knows yet what is in the root, so that nothing found in it says that something happened. */
function isNews({ state }: Root): boolean {
  return state.kind === 'scanning' ? state.isFirst : state.kind !== 'watching'
}

function isWithoutInstance({ top, inotifyFd }: Root): boolean {
  return top !== null && inotifyFd === null
}

function* watchedFolders(roots: readonly Root[]): Generator<Folder> {
  for (const { byWatch, state } of roots) if (state.kind === 'watching') yield* byWatch.values()
}

/** Whether the kernel allows more than when it was last asked, and more is needed. */
function createComparison({ roots, limits }: UnwatchedTools): () => boolean {
  // From the start: the limit may be raised before anyone has asked.
  let before = limits()
  return () => {
    const now = limits()
    const isMore = now.watches.allowed > before.watches.allowed || now.instances.allowed > before.instances.allowed
    before = now
    return isMore && roots.all.some((root) => isWithoutInstance(root) || root.gaps.unwatched.size > 0)
  }
}
