/**
 * What an inode number in the database is worth after a mount. mergerfs, exFAT, NTFS over FUSE and others hand numbers out
 * anew with each mount: a row's number may be another file's by now, whose hash it must not get. There a file is recognised
 * by its place, and is known by its new number from then on.
 */
import type { Known } from '../store/known.ts'
import type { Tree } from '../watch/tree.ts'
import type { Devices } from './devices.ts'
import type { Limbo } from './limbo.ts'

/** - `lasting`: a file's for as long as it lives. - `passing`: of one mount only. */
export type NumberKind = 'lasting' | 'passing'

/** Filesystems whose inode numbers are written on the disk, or kept by the server, or last as long as what they are of. */
const LASTING =
  /^(ext[234]|xfs|btrfs|zfs|f2fs|jfs|reiserfs|bcachefs|nilfs2|ocfs2|gfs2|ntfs3|hfs|hfsplus|apfs|ubifs|ufs|udf|iso9660|squashfs|erofs|overlay|nfs4?|ceph|afs|tmpfs|ramfs)$/

export function numberKind(filesystemType: string): NumberKind {
  return LASTING.test(filesystemType) ? 'lasting' : 'passing'
}

export type NumberTrust = {
  /** Whether the row's number was seen under the present mount. */
  readonly isCurrent: (row: Known) => boolean
  /** Whether something at another place is the row's if it has its number. */
  readonly tells: (row: Known) => boolean
  /** Whether it then also has the row's hash, without being read. */
  readonly carriesHash: (row: Known) => boolean
}

export type NumberTrustTools = {
  readonly tree: Pick<Tree, 'get'>
  readonly devices: Pick<Devices, 'numberKind' | 'isDoubtful'>
  readonly limbo: Pick<Limbo, 'isOfEarlierMount'>
}

export function createNumberTrust({ tree, devices, limbo }: NumberTrustTools): NumberTrust {
  const isCurrent = ({ nodeId, parentId, device }: Known): boolean => {
    // A listing compares every row in a folder; what is not there any more was seen under an earlier mount.
    if (limbo.isOfEarlierMount(nodeId)) return false
    if (!devices.isDoubtful(device)) return true
    const parent = tree.get(parentId)
    return parent?.isCompared === true && parent.device === device
  }
  const isLasting = ({ device }: Known) => devices.numberKind(device) === 'lasting'
  return {
    isCurrent,
    tells: (row) => isLasting(row) || isCurrent(row),
    // A birth time tells a number that is used again. Without one the file has the id, but is read before it has the hash.
    carriesHash: (row) => (isLasting(row) && row.birthTime !== 0) || isCurrent(row),
  }
}
