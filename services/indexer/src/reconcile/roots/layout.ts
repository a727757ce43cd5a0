/** What the rooms share about the disks. */
import type { Tree } from '../../model/folder-tree.ts'
import type { Devices } from '../devices/devices.ts'
import type { NumberTrust } from '../devices/number-trust.ts'
import type { Roots } from './roots.ts'

/** How the disks are laid out, as far as this run has met them: folders, watched roots, filesystems and their inode numbers. */
export type Layout = {
  readonly tree: Tree
  readonly roots: Roots
  readonly devices: Devices
  readonly trust: NumberTrust
}
