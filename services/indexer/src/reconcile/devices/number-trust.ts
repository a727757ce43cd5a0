/**
 * What an inode number in the database is worth after a mount. mergerfs, exFAT, NTFS over FUSE and others assign numbers
 * anew with each mount: a row's number may be another file's by now, and that file must not get the row's hash. On these a
 * row is matched by its place, and then takes the new number.
 */
import type { Tree } from '../../model/folder-tree.ts'
import type { KnownNode } from '../../model/known-node.ts'
import type { Limbo } from '../pending/limbo.ts'
import type { Devices } from './devices.ts'

export type NumberTrust = {
  /** Whether the row's number was seen under the present mount. */
  readonly isCurrent: (row: KnownNode) => boolean
  /** Whether something at another place is the row's if it has the row's number. */
  readonly tells: (row: KnownNode) => boolean
  /** Whether that also gets the row's hash, without being read. */
  readonly carriesHash: (row: KnownNode) => boolean
}

export type NumberTrustTools = {
  readonly tree: Pick<Tree, 'get'>
  readonly devices: Pick<Devices, 'numberKind' | 'isDoubtful'>
  readonly limbo: Pick<Limbo, 'get'>
}

export function createNumberTrust({ tree, devices, limbo }: NumberTrustTools): NumberTrust {
  const isCurrent = ({ nodeId, parentId, device }: KnownNode): boolean => {
    // A listing compares every row of a folder. A row that is missing since was last seen under an earlier mount.
    if (limbo.get(nodeId)?.isOfEarlierMount === true) return false
    if (!devices.isDoubtful(device)) return true
    const parent = tree.get(parentId)
    return parent?.isCompared === true && parent.device === device
  }
  const isLasting = ({ device }: KnownNode) => devices.numberKind(device) === 'lasting'
  return {
    isCurrent,
    tells: (row) => isLasting(row) || isCurrent(row),
    // Only a birth time shows that a number is used again. Without one, the file gets the id, and is read for its hash.
    carriesHash: (row) => (isLasting(row) && row.birthTime !== 0) || isCurrent(row),
  }
}
