/**
 * Which folders give their watches to others, where the kernel allows fewer than there are folders: those that have been
 * quiet longest.
 *
 * Invariants: none that was not quiet for `quietSeconds`, and never the top of a root, whose own watch tells that it goes
 * away; no more than `movesMax` in a slot, so that watches do not go round and round where more folders change than there
 * are watches.
 */
import type { Folder } from '../../model/folder-tree.ts'

export type WatchBudget = {
  /** Takes folders whose watches may go, so many at most, the one that has been quiet longest first. */
  readonly take: (count: number, nowMs: number) => Folder[]
  /** What was taken did not do: somebody else had the watch. No further one is taken in this slot. */
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
  /** Of this slot, gathered when the first is needed: looking through all for each would take long. */
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
      // There is none left in this slot.
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

/** The longest quiet is the last. */
function quietest(watched: Iterable<Folder>, sinceSeconds: number, most: number): Folder[] {
  const quiet = [...watched].filter((folder) => isQuiet(folder, sinceSeconds))
  return quiet
    .sort((a, b) => a.stirredSeconds - b.stirredSeconds)
    .slice(0, most)
    .reverse()
}
