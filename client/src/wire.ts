/** What the feed sends, with its own keys. */

export type FeedNode = {
  readonly id: string
  /** Null only for the super-root, which is above the watched folders. */
  readonly parent_id: string | null
  readonly name: string
  readonly is_directory: boolean
  /** ISO 8601 in UTC, with microseconds where they are not zero. */
  readonly ctime: string
  readonly mtime: string
  readonly mime_type: string
  /** MD5 in lower-case hex; empty for folders and while it is not known yet. */
  readonly hash: string
  /** Bytes; 0 for folders. */
  readonly size: number
  readonly is_image: boolean
  readonly is_video: boolean
  /** Pixels; 0 where unknown. */
  readonly width: number
  readonly height: number
  readonly ms_duration: number
  /** Only with `include: 'path'`: where it is on the server's disk. */
  readonly path?: string | null
}

export type FeedChange =
  | {
      readonly removed: true
      readonly node_id: string
      /** Where it was and how it was called: there where it was asked for, null where that is not known any more. */
      readonly path?: string | null
      readonly name?: string | null
    }
  | { readonly removed: false; readonly node: FeedNode }

/** The changes up to `cursor`, and whether there are more beyond it. */
export type ChangesPage = {
  readonly cursor: number
  readonly changes: readonly FeedChange[]
  readonly has_more: boolean
}

/** Which nodes to hear of, and with what. */
export type FeedView = {
  /** Adds each node's full path. */
  readonly include?: 'path'
  /** Only this node and what is below it; what leaves the subtree is told as removed. */
  readonly under?: string
  readonly type?: 'file' | 'directory'
  /** Without files that still wait for their hash. */
  readonly settled?: boolean
}

/** The body of an error (RFC 9457). */
export type Problem = { readonly title?: string; readonly status?: number; readonly detail?: string }

export const SUPER_ROOT_ID = '00000000-0000-0000-0000-000000000000'
