/**
 * Files that a listing found and that nothing is known of: no row has their place or their inode. There is nothing to
 * decide about them, so they stay columns on their way to the database: a first scan meets a million.
 */
import type { MetadataDue } from './decision.ts'
import type { PackedSights } from './sights.ts'

/** New files of one folder. */
export type NewFiles = {
  readonly parentId: string
  /** The stable name of the folder's device, which is theirs. */
  readonly device: string
  readonly sights: PackedSights
  /** Which of the sights they are. Each is a plain file. */
  readonly indexes: readonly number[]
  readonly awaiting: MetadataDue
}
