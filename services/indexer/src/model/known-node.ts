/** What the database knows of a file or folder. */
import type { MetadataState } from '@drive-feed/shared/schema.ts'

/** A live node, with the columns that `reconcile` needs. */
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
 * The row of a node that a listing is compared with. A tuple and not an object, since a restart reads one for every
 * file.
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
