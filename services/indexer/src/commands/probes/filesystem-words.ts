/** What is seen on a filesystem, and when. The whole table is in docs/operating.md. */

const LOCAL = 'every change is seen immediately'
const KINDS: readonly (readonly [types: RegExp, words: string, isForWal: boolean])[] = [
  [/^(ext[234]|xfs|btrfs|zfs|f2fs|bcachefs|jfs)$/, LOCAL, true],
  [/^overlay$/, 'every change is seen immediately, but for writes through a memory mapping of a lower layer', true],
  [/^(tmpfs|ramfs)$/, 'every change is seen immediately; what is in it is gone when it is unmounted', true],
  [
    /^(nfs4?|cifs|smb3?|smbfs|9p|virtiofs|ceph|fuse\.sshfs|fuse\.rclone)$/,
    'what this machine does is seen immediately, what others do by a scan every hour',
    false,
  ],
  [
    /^fuse\.mergerfs$/,
    'what is done through this mount is seen immediately, what is done on the branches by a scan every hour',
    false,
  ],
  [
    /^(exfat|vfat|msdos|ntfs3?|fuseblk|hfsplus)$/,
    'what is done through this mount is seen immediately; files are recognised by path, size and time after a new mount',
    true,
  ],
  [/^fuse/, 'what is done through this mount is seen immediately, anything else by a scan every hour', false],
]

/** Null for a type that is not in the table. */
export function whatIsSeenOn(type: string): string | null {
  return KINDS.find(([types]) => types.test(type))?.[1] ?? null
}

/** Whether SQLite's WAL may be kept there: its processes need one memory, and locks that work. */
export function isForWal(type: string): boolean {
  return KINDS.find(([types]) => types.test(type))?.[2] ?? true
}
