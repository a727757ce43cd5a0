/**
 * Roots without an inotify instance. Each is scanned as a whole, at intervals that grow while scans find nothing, and asks
 * for an instance again every slot: nothing tells that another program gave one back, and asking touches no disk.
 */
import type { QuietListings } from './quiet-listings.ts'
import type { Root } from './root.ts'
import type { Roots } from './roots.ts'

export type RootsWithoutInstanceTools = {
  readonly roots: Pick<Roots, 'all' | 'setMessage'>
  /** When each is scanned again. */
  readonly listings: QuietListings<Root>
  readonly slotAt: (nowMs: number) => number
  /** Asks for a root's instance; whether there is one now. */
  readonly openInstance: (root: Root) => boolean
  readonly nowMs: () => number
}

export type RootsWithoutInstance = {
  /** Something changed in the root. */
  readonly stirred: (root: Root) => void
  /** To be called when a root was scanned to its end, with an instance or without. */
  readonly scanned: (root: Root) => void
  /** Asks again for instances, once a slot, or now if `isMoreAllowed`; scans the roots that got one. */
  readonly retry: (isMoreAllowed: boolean, scan: (root: Root) => void) => void
  readonly isDue: (nowMs: number) => boolean
  /** Scans those that are due, or all. */
  readonly list: (nowMs: number, which: 'due' | 'all', scan: (root: Root) => void) => void
}

export function createRootsWithoutInstance(tools: RootsWithoutInstanceTools): RootsWithoutInstance {
  const { roots, listings, slotAt, nowMs } = tools
  /** Roots in which the present scan found something. */
  const changed = new Set<Root>()
  let retriedSlot = 0
  const gotInstance = (root: Root) => {
    if (root.inotifyFd !== null || !tools.openInstance(root)) return false
    roots.setMessage(root, null)
    return true
  }
  return {
    stirred: (root) => {
      if (root.inotifyFd === null) changed.add(root)
    },
    scanned: (root) => {
      const wasChanged = changed.delete(root)
      if (root.inotifyFd !== null) listings.delete(root)
      else if (wasChanged && listings.has(root)) listings.stir(root)
      else listings.add(root)
    },
    retry: (isMoreAllowed, scan) => {
      if (!isMoreAllowed && slotAt(nowMs()) === retriedSlot) return
      retriedSlot = slotAt(nowMs())
      for (const root of roots.all) if (root.state.kind === 'watching' && gotInstance(root)) scan(root)
    },
    isDue: listings.isDue,
    list: (now, which, scan) => {
      for (const root of listings.take(now, which, ({ state }) => state.kind === 'watching')) {
        gotInstance(root)
        scan(root)
      }
    },
  }
}
