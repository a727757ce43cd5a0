/**
 * Handles events that were lost, and hints that are too many to wait. Nobody knows what was lost, so the whole root is
 * scanned.
 */
import type { RootFolder } from '../model/folder-tree.ts'
import type { Pending } from './pending/pending.ts'
import type { Roots } from './roots/roots.ts'
import type { Scans } from './roots/scans.ts'

export type Overflow = {
  /** Events below this root were lost. */
  readonly lost: (root: RootFolder) => void
  /** Call after hints were added. If too many wait, drops those of this root and scans it. */
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
    // A writer whose close was lost would hold its file back.
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
