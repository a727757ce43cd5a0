/**
 * When what has no watch is listed again: soon after something happened there, then less and less often while nothing is
 * found, so that a disk may sleep.
 *
 * Time is cut into slots, in each of which all that is due is listed together. An interval is a number of slots, and ends
 * only where the slots' number is a multiple of it: so what is listed seldom is listed together with what is listed often,
 * and when all is quiet the disk wakes once in the longest interval. Invariant: between two listings of the same lie
 * never more slots than its interval has, nor more than `slotsMax`.
 */

export type QuietListings<Key> = {
  readonly has: (key: Key) => boolean
  /** Puts one in that is to be listed in the next slot. One that is there keeps its interval. */
  readonly add: (key: Key) => void
  /** Something happened there: it is listed in the next slot, as one that was just put in. Nothing if it is not there. */
  readonly stir: (key: Key) => void
  readonly delete: (key: Key) => void
  /** Those that were stirred, and not listed since; the first one first. */
  readonly stirred: () => ReadonlySet<Key>
  readonly isDue: (nowMs: number) => boolean
  /**
   * Takes those whose time has come, or all, but for those that can't be listed now. They count as listed without a finding,
   * which doubles their interval, until they are stirred.
   */
  readonly take: (nowMs: number, which: 'due' | 'all', canList: (key: Key) => boolean) => Key[]
}

/** Of one that is due in `slot`; `slots`: its interval. */
type Due = { slots: number; slot: number }

/** @param slotsMax the longest interval */
export function createQuietListings<Key>(
  { slotAt, slotsMax }: { readonly slotAt: (nowMs: number) => number; readonly slotsMax: number },
  nowMs: () => number,
): QuietListings<Key> {
  const dues = new Map<Key, Due>()
  const stirred = new Set<Key>()
  /** Nothing is due before. */
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
