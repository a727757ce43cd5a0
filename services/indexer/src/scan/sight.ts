/** What was seen at a place, by `statx` or `fstat` alone. */

import type { BigIntStats } from 'node:fs'
import { microseconds } from '@drive-feed/shared/microseconds.ts'

export type Identity = {
  /** `st_dev` as seen now, decimal. */
  readonly deviceNumber: string
  readonly inode: string
  /** µs since 1970; 0 where the filesystem keeps none. */
  readonly birthTime: number
  /** µs since 1970. */
  readonly mtime: number
  readonly ctime: number
}

export type FileSight = Identity & {
  readonly kind: 'file'
  /** Bytes. */
  readonly size: number
  /** Number of hard links. */
  readonly links: number
}

export type FolderSight = Identity & { readonly kind: 'folder' }

/**
 * - `gone`: ENOENT or ENOTDIR in a folder that was itself found. - `unlisted`: something is there that is never listed:
 *   a symbolic link, FIFO, socket or device, or an excluded name. - `unreadable`: nothing can be said; what was known
 *   stays.
 */
export type Sight =
  | FileSight
  | FolderSight
  | { readonly kind: 'gone' }
  | { readonly kind: 'unlisted' }
  | { readonly kind: 'unreadable'; readonly problem: string }

/** What `lstat` gave, as a sight. */
export function sightOf(stats: BigIntStats): Sight {
  const identity = {
    deviceNumber: stats.dev.toString(),
    inode: stats.ino.toString(),
    birthTime: microseconds(stats.birthtimeNs),
    mtime: microseconds(stats.mtimeNs),
    ctime: microseconds(stats.ctimeNs),
  }
  if (stats.isDirectory()) return { kind: 'folder', ...identity }
  if (stats.isFile()) return { kind: 'file', ...identity, size: Number(stats.size), links: Number(stats.nlink) }
  return { kind: 'unlisted' }
}
