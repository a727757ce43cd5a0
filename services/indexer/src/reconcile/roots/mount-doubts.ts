/**
 * Filesystems that are mounted anew. Nothing in them was compared under this mount, so inode numbers in the database may be
 * those of the mount before until every known folder is listed again.
 */
import type { Logger } from '@drive-feed/shared/logger.ts'
import type { RootFolder, Tree } from '../../model/folder-tree.ts'
import type { Devices } from '../devices/devices.ts'
import type { NumberKind } from '../devices/number-kind.ts'
import type { Limbo } from '../pending/limbo.ts'
import type { Visits } from '../pending/visits.ts'
import type { Roots } from './roots.ts'
import type { Scans } from './scans.ts'

export type MountDoubts = {
  /** The device is mounted anew: scans the roots it is in. */
  readonly raise: (device: string, numbers: NumberKind) => void
  /** Ends the doubts about filesystems whose every folder was compared with the disk since they were mounted. */
  readonly clear: () => void
}

export type MountDoubtsTools = {
  readonly tree: Pick<Tree, 'folders'>
  readonly limbo: Pick<Limbo, 'entries' | 'mountedAnew'>
  readonly visits: Pick<Visits, 'areOpen'>
  readonly devices: Pick<Devices, 'doubtful' | 'compared'>
  readonly roots: Pick<Roots, 'all'>
  readonly scans: Pick<Scans, 'start'>
  readonly log: Logger
}

export function createMountDoubts(tools: MountDoubtsTools): MountDoubts {
  const { tree, limbo, visits, devices, roots, scans, log } = tools
  return {
    raise: (device, numbers) => {
      const affected = new Set<RootFolder>()
      for (const folder of tree.folders()) {
        if (folder.device !== device) continue
        folder.isCompared = false
        affected.add(folder.root)
      }
      limbo.mountedAnew(device)
      for (const root of roots.all) if (affected.has(root)) scans.start(root, 'mount')
      if (numbers === 'lasting') return
      log.info(
        { device },
        'inode numbers of this filesystem do not last: after a mount files are recognised by their path, size and time',
      )
    },
    clear: () => {
      const doubtful = new Set(devices.doubtful())
      if (doubtful.size === 0 || visits.areOpen() || roots.all.some(({ state }) => state.kind !== 'watching')) return
      for (const { device, isCompared } of tree.folders()) if (!isCompared) doubtful.delete(device)
      for (const { row, isOfEarlierMount } of limbo.entries()) if (isOfEarlierMount) doubtful.delete(row.device)
      for (const device of doubtful) devices.compared(device)
    },
  }
}
