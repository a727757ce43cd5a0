/** What the database has of a file or folder. */
import type { MetadataState } from '@drive-feed/shared/schema.ts'

/** A live node as reconciling needs it. */
export type KnownNode = {
  readonly nodeId: string
  readonly parentId: string
  /** The name on disk, see `entry-name.ts`. */
  readonly name: string
  readonly isDirectory: boolean
  /** Empty strings in a row of the original program that was not seen yet. */
  readonly device: string
  readonly inode: string
  readonly birthTime: number
  readonly size: number
  readonly mtime: number
  readonly ctime: number
  readonly hash: string
  readonly metadataState: MetadataState
}

/**
 * What a listing is compared with: name, raw name, inode, device, size, mtime, birth time, is a directory (0 or 1), node
 * id, metadata state. A tuple and not an object, since a restart reads one for every file there is.
 */
export type ListedRow = readonly [
  name: string,
  rawName: Buffer | null,
  inode: string,
  device: string,
  size: number,
  mtime: number,
  birthTime: number,
  isDirectory: 0 | 1,
  nodeId: string,
  metadataState: MetadataState,
]
