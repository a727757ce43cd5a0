/**
 * What happens when more happened than can be kept: the kernel dropped events, or more places wait to be looked at than
 * may. What was lost is not known, so the whole root is scanned.
 */
import type { RootFolder } from '../model/folder-tree.ts'
import type { Pending } from './pending/pending.ts'
import type { Roots } from './roots/roots.ts'
import type { Scans } from './roots/scans.ts'

export type Overflow = {
  /** Events below this root were lost. */
  readonly lost: (root: RootFolder) => void
  /** To be called when places were added: drops those of this root if there are too many, and scans it instead. */
  readonly check: (root: RootFolder) => void
}

export type OverflowTools = {
  readonly pending: Pick<Pending, 'hints' | 'writers'>
  readonly hintsMax: number
  readonly roots: Pick<Roots, 'of'>
  readonly scans: Pick<Scans, 'start'>
}

export function createOverflow({ pending, hintsMax, roots, scans }: OverflowTools): Overflow {
  const { hints, writers } = pending
  const lost = (folder: RootFolder) => {
    // Whose close was lost would be waited for.
    writers.forgetAll()
    const root = roots.of(folder)
    if (root !== undefined) scans.start(root, 'overflow')
  }
  return {
    lost,
    check: (root) => {
      if (hints.size() <= hintsMax) return
      hints.dropRoot(root)
      lost(root)
    },
  }
}
