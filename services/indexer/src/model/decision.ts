/** Decisions about rows, and the facts that go into rows. */
import type { MetadataState } from '@drive-feed/shared/schema.ts'

/** What `lstat` gave for a file or folder, with the device's stable name. */
export type Facts = {
  readonly device: string
  readonly inode: string
  readonly birthTime: number
  readonly size: number
  readonly mtime: number
  /** Set only if a double can't hold `mtime`, see `microseconds.ts`. */
  readonly exactMtime?: bigint
  readonly ctime: number
}

/** The state of a file's metadata after a decision. `dueMs`: when it may be read, ms since 1970. */
export type MetadataDue = { readonly state: MetadataState; readonly dueMs: number }

/**
 * A silent decision writes no row in `changes`.
 * - `create`: a new node. If `copyOf` is set its metadata is copied from that name of the same inode.
 * - `move`: the same file or folder at another place.
 * - `rewrite`: other bytes. The old MIME type and dimensions stay visible until the new ones are known.
 * - `recheck`: the bytes may have changed though size and time did not. Silent.
 * - `adopt`: facts that a row does not have yet. Silent.
 * - `renumber`: the inode number of a file or folder that was recognised by its place. Silent.
 * - `remove`: the node, after all that is below it.
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
