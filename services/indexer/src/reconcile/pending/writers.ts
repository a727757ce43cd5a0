/**
 * Files that are being written to: the kernel reported IN_MODIFY, and no close since. A busy writer costs one look every
 * few seconds, and the file is not read before it has been quiet for a while.
 */
import { type Place, placeKey } from '../../model/observation.ts'

export type Writers = {
  /** The kernel reported a write. Gives when to look at the place, ms since 1970. */
  readonly wrote: (place: Place, nowMs: number) => number
  /**
   * The writes without a close to the file with this inode number that were looked at in a row; null if no writer of it is
   * known. A file that took the place of another one inherits no writer.
   */
  readonly streak: (place: Place, inode: string, nowMs: number) => Streak | null
  /** Whether any writer is known. */
  readonly areAny: () => boolean
  /** The kernel reported a close. */
  readonly closed: (place: Place) => void
  /** Events were lost, perhaps closes: forgets every writer. */
  readonly forgetAll: () => void
}

/** `looks`: how many. `sinceMs`: the time of the first write, ms since 1970. */
export type Streak = { readonly looks: number; readonly sinceMs: number }

/** The first look comes soon, the next ones after pauses that double from the first to the last. */
const FIRST_LOOK_MS = 200
const PAUSE_FIRST_MS = 1_000
const PAUSE_LAST_MS = 8_000
/** A writer without a report for this long has ended, or begins anew. */
const FORGOTTEN_AFTER_MS = 120_000
/** Files that are remembered. Beyond, the one that was written to longest ago is forgotten, and read a little too soon. */
const FILES_MAX = 10_000

/** `inode`: of the file at the last look; null before the first one. */
type Writing = { lookMs: number; looks: number; lastMs: number; inode: string | null; readonly sinceMs: number }

export function createWriters(): Writers {
  // In the order of the last write, so that the oldest is first.
  const files = new Map<string, Writing>()
  const find = (key: string, nowMs: number): Writing | undefined => {
    const writing = files.get(key)
    if (writing === undefined || nowMs - writing.lastMs <= FORGOTTEN_AFTER_MS) return writing
    files.delete(key)
    return undefined
  }
  return {
    wrote: (place, nowMs) => {
      const key = placeKey(place)
      const writing = find(key, nowMs) ?? {
        ...{ lookMs: Number.NEGATIVE_INFINITY, looks: 0, inode: null },
        ...{ lastMs: nowMs, sinceMs: nowMs },
      }
      writing.lastMs = nowMs
      files.delete(key)
      files.set(key, writing)
      if (writing.lookMs > nowMs) return writing.lookMs
      const pauseMs = Math.min(PAUSE_FIRST_MS * 2 ** Math.max(0, writing.looks - 1), PAUSE_LAST_MS)
      writing.lookMs = Math.max(nowMs + FIRST_LOOK_MS, writing.lookMs + pauseMs)
      writing.looks += 1
      const [oldest] = files.keys()
      if (files.size > FILES_MAX && oldest !== undefined) files.delete(oldest)
      return writing.lookMs
    },
    streak: (place, inode, nowMs) => {
      if (files.size === 0) return null
      const key = placeKey(place)
      const writing = find(key, nowMs)
      if (writing === undefined) return null
      if (writing.inode !== null && writing.inode !== inode) {
        files.delete(key)
        return null
      }
      writing.inode = inode
      return writing
    },
    areAny: () => files.size > 0,
    closed: (place) => {
      if (files.size > 0) files.delete(placeKey(place))
    },
    forgetAll: () => files.clear(),
  }
}
