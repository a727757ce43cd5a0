/**
 * Identifies a folder, also beside a later folder that gets its inode number. `deviceNumber` and `inode` are unsigned
 * decimal text, `birthTime` is µs since 1970.
 */
export type FolderIdentity = {
  readonly deviceNumber: string
  readonly inode: string
  readonly birthTime: number
}

export function isSameIdentity(one: FolderIdentity, other: FolderIdentity): boolean {
  return one.deviceNumber === other.deviceNumber && one.inode === other.inode && one.birthTime === other.birthTime
}
