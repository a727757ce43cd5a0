/** A sight: what is at a place, by `statx` or `fstat` alone. */

import type { FileStats } from '@drive-feed/shared/file-stats.ts'

export type Identity = {
  /** `st_dev` as seen now, decimal. */
  readonly deviceNumber: string
  readonly inode: string
  /** µs since 1970; 0 if the filesystem keeps none. */
  readonly birthTime: number
  /** µs since 1970. */
  readonly mtime: number
  readonly ctime: number
}

export type FileSight = Identity & {
  readonly kind: 'file'
  /** Set only if a double can't hold `mtime`, see `microseconds.ts`. */
  readonly exactMtime?: bigint
  /** Bytes. */
  readonly size: number
  /** Number of hard links. */
  readonly links: number
}

export type FolderSight = Identity & { readonly kind: 'folder' }

/**
 * - `gone`: ENOENT or ENOTDIR in a folder that was itself found.
 * - `unlisted`: something is there that is never listed: a symbolic link, FIFO, socket or device, or an excluded name.
 * - `unreadable`: nothing can be said, and what is known stays.
 */
export type Sight =
  | FileSight
  | FolderSight
  | { readonly kind: 'gone' }
  | { readonly kind: 'unlisted' }
  | { readonly kind: 'unreadable'; readonly problem: string }

/** What `lstat` gave, as a sight. */
export function sightOf(stats: FileStats): Sight {
  const { birthTime, mtime, ctime } = stats
  const identity = { deviceNumber: String(stats.device), inode: String(stats.inode), birthTime, mtime, ctime }
  if (stats.kind === 'folder') return { kind: 'folder', ...identity }
  if (stats.kind === 'file') return fileSight(identity, stats)
  return { kind: 'unlisted' }
}

export function fileSight(
  identity: Identity,
  { size, links, exactMtime }: { readonly size: number; readonly links: number; readonly exactMtime: bigint | null },
): FileSight {
  const sight: FileSight = { kind: 'file', ...identity, size, links }
  return exactMtime === null ? sight : { ...sight, exactMtime }
}
