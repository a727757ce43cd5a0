/** A node's row to the object that clients see. */
import type { NodeRow } from '@drive-feed/shared/schema.ts'
import type { Answer } from './answers.ts'
import { isoTime } from './iso-time.ts'

/** The columns of `nodes` that the wire shows. */
export type WireRow = {
  /** µs since 1970; decimal text where a double would round it. */
  readonly mtime: number | string
} & Pick<
  NodeRow,
  | 'nodeId'
  | 'parentId'
  | 'name'
  | 'isDirectory'
  | 'ctime'
  | 'mimeType'
  | 'hash'
  | 'size'
  | 'isImage'
  | 'isVideo'
  | 'width'
  | 'height'
  | 'msDuration'
>

export type NodeJson = Answer<'Node'>

/** A time outside of what SQLite's integers hold is a real there, and may be text like 4.6e+24. */
function exactTime(text: string): number | bigint {
  return /^-?\d+$/.test(text) ? BigInt(text) : Number(text)
}

/**
 * The keys come in the order of the wire contract, which is the original program's.
 *
 * @param path left out where it was not asked for; null where the node has none
 */
export function nodeJson(row: WireRow, path?: string | null): NodeJson {
  const node = {
    id: row.nodeId,
    parent_id: row.parentId,
    name: row.name,
    is_directory: row.isDirectory,
    ctime: isoTime(row.ctime),
    mtime: isoTime(typeof row.mtime === 'number' ? row.mtime : exactTime(row.mtime)),
    mime_type: row.mimeType,
    hash: row.hash,
    size: row.size,
    is_image: row.isImage,
    is_video: row.isVideo,
    width: row.width,
    height: row.height,
    ms_duration: row.msDuration,
  }
  return path === undefined ? node : { ...node, path }
}
