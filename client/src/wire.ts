/** The answers of the feed, with its own keys. */

export type FeedNode = {
  readonly id: string
  /** Null only for the super-root, the node above all watched folders. */
  readonly parent_id: string | null
  readonly name: string
  readonly is_directory: boolean
  /** ISO 8601 in UTC, with microseconds unless they are zero. */
  readonly ctime: string
  readonly mtime: string
  readonly mime_type: string
  /** MD5 in lower-case hex; empty for folders, and until it is known. */
  readonly hash: string
  /** Bytes; 0 for folders. */
  readonly size: number
  readonly is_image: boolean
  readonly is_video: boolean
  /** Pixels; 0 if unknown. */
  readonly width: number
  readonly height: number
  readonly ms_duration: number
  /** Only with `include: 'path'`: its path on the server's disk. */
  readonly path?: string | null
}

export type FeedChange =
  | {
      readonly removed: true
      readonly node_id: string
      /** Only with `include: 'path'`: the path and the name at the removal; null if they were forgotten. */
      readonly path?: string | null
      readonly name?: string | null
    }
  | { readonly removed: false; readonly node: FeedNode }

/** The changes up to `cursor`, and whether there are more after it. */
export type ChangesPage = {
  readonly cursor: number
  readonly changes: readonly FeedChange[]
  readonly has_more: boolean
}

/** Which nodes to receive, and with which keys. */
export type FeedView = {
  /** Adds each node's full path. */
  readonly include?: 'path'
  /** Only this node and the nodes below it; a node that leaves the subtree is listed as removed. */
  readonly under?: string
  readonly type?: 'file' | 'directory'
  /** Leaves out files that wait for their hash. */
  readonly settled?: boolean
}

/** The body of an error (RFC 9457). */
export type Problem = { readonly title?: string; readonly status?: number; readonly detail?: string }

export const SUPER_ROOT_ID = '00000000-0000-0000-0000-000000000000'
