/**
 * Folders that the kernel does not watch: when each is listed instead, and who gets a watch if there are too few.
 *
 * Invariants. A change in a folder without a watch is found within the folder's interval. A folder that loses its watch is
 * listed afterwards, in the next slot: what the kernel told until then still counts (`event-intake.ts`), and that listing
 * finds what happens later. A watch is taken only while no visit is under way, which might ask for the same.
 */
import type { Folder } from '../../model/folder-tree.ts'
import type { Visits } from '../pending/visits.ts'
import type { QuietListings } from './quiet-listings.ts'
import type { Root } from './root.ts'
import type { Roots } from './roots.ts'
import type { WatchBudget } from './watch-budget.ts'

export type UnwatchedTools = {
  readonly roots: Pick<Roots, 'of'>
  readonly visits: Visits
  /** When each is listed again. */
  readonly listings: QuietListings<Folder>
  readonly budget: WatchBudget
  /** Takes a folder's watch away. */
  readonly release: (folder: Folder) => void
  /** How many of the root's folders have no watch may change until all visits are done. */
  readonly onMoved: (root: Root) => void
  readonly nowMs: () => number
}

export type Unwatched = {
  /** Whether a folder that is to be listed may ask for a watch: those that are free may be promised to others. */
  readonly mayAsk: (folder: Folder) => boolean
  /** The kernel gave the folder no watch. `limit`: what kept it from that. */
  readonly refused: (root: Root, folder: Folder, limit: 'max_user_watches' | 'unknown') => void
  /** The folder got its watch; whether it had none. */
  readonly watched: (root: Root, folder: Folder) => boolean
  /** Something changed in the folder, or its parent's watch told of the folder: it is listed soon, and may get a watch. */
  readonly stirred: (folder: Folder) => void
  /** Forgets folders that left the tree. */
  readonly prune: (root: Root) => void
  /** Moves watches from folders that are quiet to those that were stirred. */
  readonly move: () => void
  readonly isDue: (nowMs: number) => boolean
  /** Has those that are due listed, or all. */
  readonly list: (nowMs: number, which: 'due' | 'all') => void
  /** To be called when no visit is waiting or under way. */
  readonly visited: () => void
}

export function createUnwatched(tools: UnwatchedTools): Unwatched {
  const { roots, visits, listings, budget, nowMs } = tools
  /** Folders for which a watch was taken from others, until they are visited. */
  const promised = new Set<Folder>()
  const isHere = (folder: Folder) => folder.attached && roots.of(folder.root)?.state.kind === 'watching'
  const give = (giver: Folder, taker: Folder) => {
    tools.release(giver)
    roots.of(giver.root)?.gaps.unwatched.add(giver)
    listings.add(giver)
    promised.add(taker)
    visits.add(taker, false)
    for (const { root } of [giver, taker]) tools.onMoved(roots.of(root) as Root)
  }
  return {
    mayAsk: (folder) => promised.size === 0 || promised.has(folder) || folder.watch !== null || folder.parent === null,
    refused: (root, folder, limit) => {
      const isNew = !root.gaps.unwatched.has(folder)
      root.gaps.unwatched.add(folder)
      root.gaps.isWatchLimit = limit === 'max_user_watches'
      if (promised.delete(folder)) budget.missed()
      listings.add(folder)
      // What a scan finds may be as old as the disk.
      if (isNew && root.state.kind === 'watching') listings.stir(folder)
    },
    watched: (root, folder) => {
      promised.delete(folder)
      listings.delete(folder)
      const hadNone = root.gaps.unwatched.delete(folder)
      // A folder that a scan found may give its watch immediately: that it was found first says nothing.
      const isNew = folder.stirredSeconds === 0 && root.state.kind === 'watching'
      if (hadNone || isNew) folder.stirredSeconds = Math.floor(nowMs() / 1000)
      return hadNone
    },
    stirred: listings.stir,
    prune: ({ gaps: { unwatched } }) => {
      for (const folder of unwatched) {
        if (folder.attached) continue
        unwatched.delete(folder)
        listings.delete(folder)
      }
    },
    move: () => {
      if (listings.stirred().size === 0 || visits.areOpen()) return
      const canTake = (folder: Folder) => isHere(folder) && roots.of(folder.root)?.gaps.isWatchLimit === true
      const takers = [...listings.stirred()].filter(canTake)
      for (const [at, giver] of budget.take(takers.length, nowMs()).entries()) give(giver, takers[at] as Folder)
    },
    isDue: listings.isDue,
    list: (now, which) => {
      for (const folder of listings.take(now, which, isHere)) visits.add(folder, false)
    },
    visited: () => promised.clear(),
  }
}
