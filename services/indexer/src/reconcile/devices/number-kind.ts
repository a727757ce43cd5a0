/** Whether the inode numbers of a filesystem survive a mount. */

/** - `lasting`: a file keeps its number for as long as it exists. - `passing`: it keeps the number for one mount. */
export type NumberKind = 'lasting' | 'passing'

/** Filesystems that store inode numbers on the disk, on the server, or in memory with the files themselves. */
const LASTING =
  /^(ext[234]|xfs|btrfs|zfs|f2fs|jfs|reiserfs|bcachefs|nilfs2|ocfs2|gfs2|ntfs3|hfs|hfsplus|apfs|ubifs|ufs|udf|iso9660|squashfs|erofs|overlay|nfs4?|ceph|afs|tmpfs|ramfs)$/

export function numberKind(filesystemType: string): NumberKind {
  return LASTING.test(filesystemType) ? 'lasting' : 'passing'
}
