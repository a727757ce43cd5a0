/** A node as it is read for clients: the columns of `nodes` that an answer shows. */
import type { NodeRow } from '@drive-feed/shared/schema.ts'

export type WireRow = {
  /** µs since 1970; decimal text if a double would round it. */
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
