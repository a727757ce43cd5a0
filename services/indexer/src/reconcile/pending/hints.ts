/** Places that may have changed and wait for a look. Hints of one place merge: a thousand events at a name are one look. */
import type { Folder, RootFolder } from '../../model/folder-tree.ts'
import type { Cause, Place } from '../../model/observation.ts'

export type Hint = { readonly folder: Folder; readonly name: string; readonly cause: Cause }
/** `addedMs`: when the change was first noticed, ms since 1970. */
export type TakenHint = Hint & { readonly addedMs: number }

/** Asks for a look at a place: now, or after a growing pause for `again`. */
export type AddHint = (place: Place, cause: Cause, when: 'now' | 'again') => void

export type Hints = {
  /** Hints that wait, due or not. */
  readonly size: () => number
  /** Adds a hint, or merges it into that of its place. It was noticed at `nowMs` and is due at `dueMs`, ms since 1970. */
  readonly add: (hint: Hint, nowMs: number, dueMs: number) => void
  /** Takes about `max` due hints, the oldest first, those of one folder together. They are under way until `done`. */
  readonly take: (nowMs: number, max: number) => TakenHint[]
  /** Call once for hints that were taken, when they are settled. */
  readonly done: (taken: readonly TakenHint[]) => void
  /** When the next hint is due, ms since 1970; null if there is none. */
  readonly nextDueMs: () => number | null
  /** When the oldest due hint was noticed, ms since 1970; null if none is due. */
  readonly oldestDueSinceMs: (nowMs: number) => number | null
  /** Whether no hint is under way, and no hint noticed by then waits. Hints that are held back for long do not count. */
  readonly areSettled: (untilMs: number) => boolean
  readonly dropRoot: (root: RootFolder) => void
}

/** A hint that is due later than this is tried again, or waits for a writer. Nothing waits for such a hint. */
const PROMPT_MS = 50

type Waiting = { cause: Cause; dueMs: number; addedMs: number }
/** `earliestMs`: not later than the due time of any. A flood of events has most folders passed over by it. */
type InFolder = { readonly names: Map<string, Waiting>; earliestMs: number }

export function createHints(): Hints {
  const byFolder = new Map<Folder, InFolder>()
  let size = 0
  let underWay = 0
  /** Not later than the due time of any hint. */
  let earliestMs = Number.POSITIVE_INFINITY

  const forget = (folder: Folder) => {
    size -= byFolder.get(folder)?.names.size ?? 0
    byFolder.delete(folder)
  }
  const findEarliest = () => {
    earliestMs = Number.POSITIVE_INFINITY
    for (const inFolder of byFolder.values()) earliestMs = Math.min(earliestMs, inFolder.earliestMs)
  }
  /** Takes the due hints of one folder. */
  const takeFrom = (folder: Folder, inFolder: InFolder, nowMs: number, taken: TakenHint[]) => {
    const { names } = inFolder
    inFolder.earliestMs = Number.POSITIVE_INFINITY
    for (const [name, { cause, dueMs, addedMs }] of names) {
      if (dueMs > nowMs) {
        inFolder.earliestMs = Math.min(inFolder.earliestMs, dueMs)
        continue
      }
      taken.push({ folder, name, cause, addedMs })
      names.delete(name)
      size -= 1
    }
    if (names.size === 0) byFolder.delete(folder)
  }
  return {
    size: () => size,
    add: ({ folder, name, cause }, nowMs, dueMs) => {
      const inFolder = byFolder.get(folder) ?? { names: new Map<string, Waiting>(), earliestMs: dueMs }
      const { names } = inFolder
      if (names.size === 0) byFolder.set(folder, inFolder)
      const waiting = names.get(name)
      if (waiting === undefined) {
        names.set(name, { cause, dueMs, addedMs: nowMs })
        size += 1
        inFolder.earliestMs = Math.min(inFolder.earliestMs, dueMs)
        earliestMs = Math.min(earliestMs, dueMs)
        return
      }
      waiting.cause = mergedCause(waiting.cause, cause)
      waiting.addedMs = Math.min(waiting.addedMs, nowMs)
      // A close makes an open file due sooner. A change of its attributes does not.
      if (cause !== 'touched' || waiting.cause !== 'created') waiting.dueMs = Math.min(waiting.dueMs, dueMs)
      inFolder.earliestMs = Math.min(inFolder.earliestMs, waiting.dueMs)
      earliestMs = Math.min(earliestMs, waiting.dueMs)
    },
    take: (nowMs, max) => {
      const taken: TakenHint[] = []
      if (earliestMs > nowMs) return taken
      for (const [folder, inFolder] of byFolder) {
        if (taken.length >= max) break
        if (!folder.attached) forget(folder)
        else if (inFolder.earliestMs <= nowMs) takeFrom(folder, inFolder, nowMs, taken)
      }
      findEarliest()
      underWay += taken.length
      return taken
    },
    done: (taken) => {
      underWay -= taken.length
    },
    nextDueMs: () => (size === 0 ? null : earliestMs),
    oldestDueSinceMs: (nowMs) => {
      let oldest: number | null = null
      if (earliestMs > nowMs) return oldest
      for (const { names } of byFolder.values()) {
        for (const { dueMs, addedMs } of names.values()) {
          if (dueMs <= nowMs && (oldest === null || addedMs < oldest)) oldest = addedMs
        }
      }
      return oldest
    },
    areSettled: (untilMs) => {
      if (underWay > 0) return false
      for (const { names } of byFolder.values()) {
        for (const { addedMs, dueMs } of names.values()) {
          if (addedMs <= untilMs && dueMs <= untilMs + PROMPT_MS) return false
        }
      }
      return true
    },
    dropRoot: (root) => {
      for (const folder of [...byFolder.keys()]) if (folder.root === root) forget(folder)
      findEarliest()
    },
  }
}

/** Causes that say something about a writer, the most telling last. They outweigh every other cause. */
const WRITERS: readonly Cause[] = ['modified', 'created', 'written']
/** Causes that this program found by itself. Every event outweighs them, so that they never hide what happened. */
const OWN_REASONS: readonly Cause[] = ['revisited', 'stale']

/** The heavier cause wins, and the later of two that weigh the same. `created` after a close is about another writer. */
function mergedCause(before: Cause, after: Cause): Cause {
  if (after === 'created') return after
  return weight(after) >= weight(before) ? after : before
}

function weight(cause: Cause): number {
  return OWN_REASONS.includes(cause) ? OWN_REASONS.indexOf(cause) - OWN_REASONS.length : WRITERS.indexOf(cause) + 1
}
