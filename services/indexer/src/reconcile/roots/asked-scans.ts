/** Scans that the owner asks for: of a root, or of a folder with all below it. */
import type { Logger } from '@drive-feed/shared/logger.ts'
import { pathOf, type Tree } from '../../model/folder-tree.ts'
import type { Visits } from '../pending/visits.ts'
import type { Root } from './root.ts'
import type { Roots } from './roots.ts'
import type { Scans } from './scans.ts'

export type AskedScansTools = {
  /** Ids of the folders that the owner wants to be listed anew. */
  readonly asked: () => ReadonlySet<string>
  /** Tells the owner that it is done. False if that fails. */
  readonly done: (nodeId: string) => boolean
  readonly tree: Pick<Tree, 'get'>
  readonly roots: Pick<Roots, 'of' | 'isScanning'>
  readonly scans: Pick<Scans, 'start'>
  readonly visits: Pick<Visits, 'add' | 'open'>
  readonly log: Logger
}

export type AskedScans = {
  /** Begins what is asked for. Call every few seconds. */
  readonly begin: () => void
  /** Ends those whose root has nothing left to list. Call after every job, and after scans were ended. */
  readonly finishThoseDone: () => void
}

export function createAskedScans({ asked, done, tree, roots, scans, visits, log }: AskedScansTools): AskedScans {
  const underWay = new Map<string, Root>()
  /** Wishes that could not be taken away: they must not be fulfilled again and again. */
  const stuck = new Set<string>()
  const end = (nodeId: string) => {
    underWay.delete(nodeId)
    if (!done(nodeId)) stuck.add(nodeId)
  }
  const beginOne = (nodeId: string) => {
    const folder = tree.get(nodeId)
    const root = folder === undefined ? undefined : roots.of(folder.root)
    if (folder === undefined || root === undefined) {
      // The tree may not be whole yet.
      if (!roots.isScanning()) end(nodeId)
      return
    }
    if (root.state.kind === 'starting') return
    if (root.state.kind === 'offline') return end(nodeId)
    log.info({ root: root.key, path: pathOf(folder) }, 'the owner asks for a scan')
    underWay.set(nodeId, root)
    if (folder.parent === null) scans.start(root, 'owner')
    else visits.add(folder, true)
  }
  return {
    begin: () => {
      const ids = asked()
      for (const nodeId of stuck) if (!ids.has(nodeId)) stuck.delete(nodeId)
      for (const nodeId of ids) if (!underWay.has(nodeId) && !stuck.has(nodeId)) beginOne(nodeId)
    },
    finishThoseDone: () => {
      for (const [nodeId, root] of underWay) {
        const isListed = root.state.kind === 'watching' && visits.open(root) === 0
        if (isListed || root.state.kind === 'offline') end(nodeId)
      }
    },
  }
}
