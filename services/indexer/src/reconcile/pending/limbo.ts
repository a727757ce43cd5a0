/**
 * Nodes whose place no longer holds them. They stay visible where they were until they turn up elsewhere (a move) or
 * their time is over (a removal).
 */

import type { Known } from '../../model/known-node.ts'
import type { Place } from '../../model/seen.ts'

/** How long an unmatched node may turn up elsewhere. */
const GRACE_MS = 500
/** The same where something else already stands at its place and has to wait for it. */
const BLOCKING_GRACE_MS = 50

/** After this long a row makes way, though it was found: where it was found it can't be placed. */
export const PATIENCE_MS = 10_000
/** How often a row is looked at once more because something happened meanwhile, which may be all the time. */
const POSTPONEMENTS_MAX = 5
/** Where it could not be told for long, as while a root is away, it is asked no more often than this. */
const EXTENSION_MAX_MS = 60_000

export type LimboEntry = {
  readonly row: Known
  deadlineMs: number
  blocks: boolean
  isAfterScan: boolean
  /** How often in a row it could not be told whether it is gone. */
  extensions: number
  /** Where something waits that gets the row's id, its inode number being used again. */
  heir: Place | null
  /** Since when it could have been settled, ms since 1970. */
  sinceMs: number
  /** How often its end was put off because something happened meanwhile. */
  postponements: number
  /** Its inode number is one of an earlier mount, and says nothing any more. */
  isOfEarlierMount: boolean
}

export type Limbo = {
  readonly size: () => number
  readonly has: (nodeId: string) => boolean
  /** Whether the row is in it, and its inode number of an earlier mount. */
  readonly isOfEarlierMount: (nodeId: string) => boolean
  readonly entries: () => Iterable<LimboEntry>
  /**
   * Puts a row in, or finds it there. With `isAfterScan` its time does not run before `scanEnded`: what was moved while
   * nobody watched turns up wherever the scan comes to it.
   */
  readonly put: (
    row: Known,
    options: {
      blocks: boolean
      isAfterScan: boolean
      nowMs: number
      heir?: Place | null
      isOfEarlierMount?: boolean
    },
  ) => void
  readonly take: (nodeId: string) => void
  /** Takes this very entry out, if it is still there: by now another row may be, with the same id. */
  readonly drop: (entry: LimboEntry) => void
  readonly scanEnded: (nowMs: number) => void
  /** Gives a row more time, and more each time: whether it is gone could not be told. */
  readonly extend: (nodeId: string, nowMs: number) => void
  /** Has a row looked at once more, as soon as what happened by now is settled; false if that was done often enough. */
  readonly postpone: (nodeId: string, nowMs: number) => boolean
  /** Keeps a row a little longer: it was found where it can't be placed yet. */
  readonly hold: (nodeId: string, nowMs: number) => void
  /** Entries whose time is over. */
  readonly due: (nowMs: number) => LimboEntry[]
  /** Not later than the next deadline; null if there is none. */
  readonly nextDeadlineMs: () => number | null
}

export function createLimbo(): Limbo {
  const entries = new Map<string, LimboEntry>()
  let earliestMs = Number.POSITIVE_INFINITY
  const setDeadline = (entry: LimboEntry, deadlineMs: number) => {
    entry.deadlineMs = deadlineMs
    earliestMs = Math.min(earliestMs, deadlineMs)
  }
  return {
    size: () => entries.size,
    has: (nodeId) => entries.has(nodeId),
    isOfEarlierMount: (nodeId) => entries.get(nodeId)?.isOfEarlierMount === true,
    entries: () => entries.values(),
    put: (row, { blocks, isAfterScan, nowMs, heir = null, isOfEarlierMount = false }) => {
      const deadlineMs = isAfterScan ? Number.POSITIVE_INFINITY : nowMs + (blocks ? BLOCKING_GRACE_MS : GRACE_MS)
      const entry = entries.get(row.nodeId)
      if (entry === undefined) {
        const counts = { extensions: 0, postponements: 0 }
        const added = { row, deadlineMs, blocks, isAfterScan, heir, sinceMs: nowMs, isOfEarlierMount, ...counts }
        entries.set(row.nodeId, added)
        setDeadline(added, deadlineMs)
        return
      }
      entry.heir = heir ?? entry.heir
      if (entry.extensions > 0) {
        // Its place can be looked at again.
        entry.extensions = 0
        setDeadline(entry, Math.min(entry.deadlineMs, nowMs + GRACE_MS))
        return
      }
      if (!blocks || entry.blocks) return
      entry.blocks = true
      if (entry.isAfterScan && !isAfterScan) {
        // What waits is not held up for a scan, so the row's time runs from now on.
        entry.isAfterScan = false
        entry.sinceMs = nowMs
      }
      setDeadline(entry, Math.min(entry.deadlineMs, deadlineMs))
    },
    take: (nodeId) => {
      entries.delete(nodeId)
    },
    drop: (entry) => {
      if (entries.get(entry.row.nodeId) === entry) entries.delete(entry.row.nodeId)
    },
    scanEnded: (nowMs) => {
      for (const entry of entries.values()) {
        if (!entry.isAfterScan) continue
        entry.isAfterScan = false
        entry.sinceMs = nowMs
        setDeadline(entry, nowMs + (entry.blocks ? BLOCKING_GRACE_MS : GRACE_MS))
      }
    },
    extend: (nodeId, nowMs) => {
      const entry = entries.get(nodeId)
      if (entry === undefined || entry.isAfterScan) return
      setDeadline(entry, nowMs + Math.min(GRACE_MS * 2 ** Math.min(entry.extensions, 30), EXTENSION_MAX_MS))
      entry.extensions += 1
    },
    postpone: (nodeId, nowMs) => {
      const entry = entries.get(nodeId)
      if (entry?.isAfterScan === true) return true
      if (entry === undefined || entry.postponements >= POSTPONEMENTS_MAX) return false
      entry.postponements += 1
      setDeadline(entry, nowMs)
      return true
    },
    hold: (nodeId, nowMs) => {
      const entry = entries.get(nodeId)
      if (entry !== undefined && !entry.isAfterScan) setDeadline(entry, nowMs + GRACE_MS)
    },
    due: (nowMs) => {
      if (earliestMs > nowMs) return []
      const due: LimboEntry[] = []
      earliestMs = Number.POSITIVE_INFINITY
      for (const entry of entries.values()) {
        if (entry.deadlineMs <= nowMs) due.push(entry)
        earliestMs = Math.min(earliestMs, entry.deadlineMs)
      }
      return due
    },
    nextDeadlineMs: () => (earliestMs === Number.POSITIVE_INFINITY ? null : earliestMs),
  }
}
