/** A node's row to the object that clients see. */
import type { NodeRow } from '@drive-feed/shared/schema.ts'
import { isoTime } from './iso-time.ts'

/** The columns of `nodes` that the wire shows. */
export type WireRow = Pick<
  NodeRow,
  | 'nodeId'
  | 'parentId'
  | 'name'
  | 'isDirectory'
  | 'ctime'
  | 'mtime'
  | 'mimeType'
  | 'hash'
  | 'size'
  | 'isImage'
  | 'isVideo'
  | 'width'
  | 'height'
  | 'msDuration'
>

export type NodeJson = {
  readonly id: string
  readonly parent_id: string | null
  readonly name: string
  readonly is_directory: boolean
  readonly ctime: string
  readonly mtime: string
  readonly mime_type: string
  readonly hash: string
  readonly size: number
  readonly is_image: boolean
  readonly is_video: boolean
  readonly width: number
  readonly height: number
  readonly ms_duration: number
}

/** The keys come in the order of the wire contract, which is the original program's. */
export function nodeJson(row: WireRow): NodeJson {
  return {
    id: row.nodeId,
    parent_id: row.parentId,
    name: row.name,
    is_directory: row.isDirectory,
    ctime: isoTime(row.ctime),
    mtime: isoTime(row.mtime),
    mime_type: row.mimeType,
    hash: row.hash,
    size: row.size,
    is_image: row.isImage,
    is_video: row.isVideo,
    width: row.width,
    height: row.height,
    ms_duration: row.msDuration,
  }
}
