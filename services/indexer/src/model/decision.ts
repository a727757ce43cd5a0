/** What is to become of the rows, and the facts that go into them. */
import type { MetadataState } from '@drive-feed/shared/schema.ts'

/** What `lstat` said of a file or folder, with the device's stable name. */
export type Facts = {
  readonly device: string
  readonly inode: string
  readonly birthTime: number
  readonly size: number
  readonly mtime: number
  /** Only where a double does not hold `mtime`, see `microseconds.ts`. */
  readonly exactMtime?: bigint
  readonly ctime: number
}

/** Where a file's metadata stands after a decision. `dueMs`: ms since 1970 before which it is left alone. */
export type MetadataDue = { readonly state: MetadataState; readonly dueMs: number }

/**
 * - `create`: a node that is not known. Its metadata is copied from another name of the same inode where `copyOf` says
 *   so. - `move`: the same file or folder at another place. - `rewrite`: other bytes; the old MIME type and dimensions
 *   stay visible until the new ones are known. - `recheck`: the bytes may have changed though size and time did not;
 *   silent. - `adopt`: facts that a row does not have yet; silent. - `renumber`: the inode number of a file or folder that
 *   was recognised by its place; silent. - `remove`: the node and, below it first, all under it.
 */
export type Decision =
  | {
      readonly kind: 'create'
      readonly nodeId: string
      readonly parentId: string
      readonly name: string
      readonly isDirectory: boolean
      readonly facts: Facts
      readonly awaiting: MetadataDue
      readonly copyOf: string | null
    }
  | {
      readonly kind: 'move'
      readonly nodeId: string
      readonly parentId: string
      readonly name: string
      readonly isDirectory: boolean
      readonly ctime: number
    }
  | { readonly kind: 'rewrite'; readonly nodeId: string; readonly facts: Facts; readonly awaiting: MetadataDue }
  | { readonly kind: 'recheck'; readonly nodeId: string; readonly awaiting: MetadataDue }
  | { readonly kind: 'adopt'; readonly nodeId: string; readonly facts: Facts }
  | { readonly kind: 'renumber'; readonly nodeId: string; readonly inode: string; readonly birthTime: number }
  | { readonly kind: 'remove'; readonly nodeId: string }
