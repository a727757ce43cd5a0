/** How long an inode number is a file's. */

/** - `lasting`: a file's for as long as it lives. - `passing`: of one mount only. */
export type NumberKind = 'lasting' | 'passing'

/** Filesystems whose inode numbers are written on the disk, or kept by the server, or last as long as what they are of. */
const LASTING =
  /^(ext[234]|xfs|btrfs|zfs|f2fs|jfs|reiserfs|bcachefs|nilfs2|ocfs2|gfs2|ntfs3|hfs|hfsplus|apfs|ubifs|ufs|udf|iso9660|squashfs|erofs|overlay|nfs4?|ceph|afs|tmpfs|ramfs)$/

export function numberKind(filesystemType: string): NumberKind {
  return LASTING.test(filesystemType) ? 'lasting' : 'passing'
}
