/**
 * Chooses the folders that give their watches to others, where the kernel allows fewer watches than there are folders:
 * those that have been quiet longest.
 *
 * Invariants. A folder gives its watch only after it was quiet for `quietSeconds`. The top of a root never does: its own
 * watch tells that it goes away. In a slot at most `movesMax` watches move, so that they do not go round and round where
 * more folders change than there are watches.
 */
import type { Folder } from '../../model/folder-tree.ts'

export type WatchBudget = {
  /** Takes at most `count` folders whose watches may go, the longest quiet first. */
  readonly take: (count: number, nowMs: number) => Folder[]
  /** Another program got a watch that was taken here. Takes no further one in this slot. */
  readonly missed: () => void
}

export function createWatchBudget(tools: {
  readonly slotAt: (nowMs: number) => number
  /** Folders that have a watch. */
  readonly watched: () => Iterable<Folder>
  readonly quietSeconds: number
  readonly movesMax: number
}): WatchBudget {
  let slot = -1
  let left = 0
  /** Gathered once a slot: looking through all folders for each watch would take long. */
  let quiet: Folder[] | null = null
  return {
    take: (count, nowMs) => {
      if (slot !== tools.slotAt(nowMs)) {
        slot = tools.slotAt(nowMs)
        left = tools.movesMax
        quiet = null
      }
      const taken: Folder[] = []
      if (Math.min(count, left) <= 0) return taken
      const sinceSeconds = nowMs / 1000 - tools.quietSeconds
      quiet ??= quietest(tools.watched(), sinceSeconds, tools.movesMax)
      while (taken.length < Math.min(count, left)) {
        const folder = quiet.pop()
        if (folder === undefined) break
        if (isQuiet(folder, sinceSeconds)) taken.push(folder)
      }
      // No further folder is quiet in this slot.
      left = taken.length < count ? 0 : left - taken.length
      return taken
    },
    missed: () => {
      left = 0
    },
  }
}

function isQuiet({ attached, watch, parent, stirredSeconds }: Folder, sinceSeconds: number): boolean {
  return attached && watch !== null && parent !== null && stirredSeconds <= sinceSeconds
}

/** The quiet folders, the longest quiet last. */
function quietest(watched: Iterable<Folder>, sinceSeconds: number, most: number): Folder[] {
  const quiet = [...watched].filter((folder) => isQuiet(folder, sinceSeconds))
  return quiet
    .sort((a, b) => a.stirredSeconds - b.stirredSeconds)
    .slice(0, most)
    .reverse()
}
