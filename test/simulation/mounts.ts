/** A disk in memory as filesystems: one, whose tops are mounted at their places. */
import type { FilesystemSigns } from '../../services/indexer/src/scan/filesystem-signs.ts'
import type { Mountinfo } from '../../services/indexer/src/scan/mountinfo.ts'
import type { ModelDisk } from '../support/model-disk.ts'
import { DEVICE } from '../support/rows.ts'

/** `DEVICE` in the form of mountinfo. */
const MAJOR_MINOR = '8:1'

export function signsAt(disk: ModelDisk, path: string): FilesystemSigns | null {
  const inode = disk.resolve(path.split('/').slice(1))
  if (inode === undefined) return null
  return {
    deviceNumber: DEVICE,
    filesystemId: 'a0a0',
    filesystemType: 'ext4',
    mountSource: '/dev/sda1',
    mountRoot: '/',
    top: `${inode.number} ${inode.birthTime}`,
    mountId: '1',
    mountedAs: '1',
  }
}

export function mountsOf(disk: ModelDisk): Mountinfo[] {
  const one = { device: MAJOR_MINOR, type: 'ext4', source: '/dev/sda1' }
  const tops = disk.mountedTops().map((name, at) => ({
    ...one,
    id: String(at + 2),
    parentId: '1',
    root: `/${name}`,
    point: `/${name}`,
  }))
  return [{ ...one, id: '1', parentId: '0', root: '/', point: '/' }, ...tops]
}
