/**
 * When what has no watch is listed again: soon after something happened there, then less and less often while listings
 * find nothing, so that a disk may sleep.
 *
 * Time is cut into slots, and all that is due in a slot is listed together. An interval is a number of slots, and ends only
 * at slots whose number is a multiple of it. So what is listed seldom is listed together with what is listed often, and
 * when all is quiet the disk wakes once in the longest interval. Invariant: between two listings of one key lie never more
 * slots than its interval has, nor more than `slotsMax`.
 */

export type QuietListings<Key> = {
  readonly has: (key: Key) => boolean
  /** Puts a key in, to be listed in the next slot. A key that is in keeps its interval. */
  readonly add: (key: Key) => void
  /** Something happened there: lists the key in the next slot, like one that was just put in. Ignores a key that is not in. */
  readonly stir: (key: Key) => void
  readonly delete: (key: Key) => void
  /** Keys that were stirred and not listed since, the first one first. */
  readonly stirred: () => ReadonlySet<Key>
  readonly isDue: (nowMs: number) => boolean
  /**
   * Takes the keys that are due, or all, except those that can't be listed now. A key that is taken counts as listed without
   * a finding, which doubles its interval, until it is stirred.
   */
  readonly take: (nowMs: number, which: 'due' | 'all', canList: (key: Key) => boolean) => Key[]
}

/** `slot`: when a key is due. `slots`: its interval. */
type Due = { slots: number; slot: number }

/** @param slotsMax the longest interval */
export function createQuietListings<Key>(
  { slotAt, slotsMax }: { readonly slotAt: (nowMs: number) => number; readonly slotsMax: number },
  nowMs: () => number,
): QuietListings<Key> {
  const dues = new Map<Key, Due>()
  const stirred = new Set<Key>()
  /** No key is due before this slot. */
  let earliest = Number.POSITIVE_INFINITY
  const setDue = (due: Due, slots: number, now: number) => {
    due.slots = slots
    due.slot = (Math.floor(now / slots) + 1) * slots
    earliest = Math.min(earliest, due.slot)
  }
  const addOne = (key: Key): Due => {
    const due = { slots: 1, slot: 0 }
    setDue(due, 1, slotAt(nowMs()))
    dues.set(key, due)
    return due
  }
  return {
    has: (key) => dues.has(key),
    add: (key) => {
      if (!dues.has(key)) addOne(key)
    },
    stir: (key) => {
      const due = dues.get(key)
      if (due === undefined) return
      setDue(due, 1, slotAt(nowMs()))
      stirred.add(key)
    },
    delete: (key) => {
      dues.delete(key)
      stirred.delete(key)
    },
    stirred: () => stirred,
    isDue: (now) => earliest <= slotAt(now),
    take: (now, which, canList) => {
      const slot = slotAt(now)
      const taken: Key[] = []
      earliest = Number.POSITIVE_INFINITY
      for (const [key, due] of dues) {
        if ((which === 'all' || due.slot <= slot) && canList(key)) {
          taken.push(key)
          stirred.delete(key)
          setDue(due, Math.min(due.slots * 2, slotsMax), slot)
        }
        earliest = Math.min(earliest, due.slot)
      }
      return taken
    },
  }
}
