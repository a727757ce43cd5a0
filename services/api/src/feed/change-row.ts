/** A row of the log with its node, and how it is made of the columns that a query gives. */
import type { Kinds } from '@drive-feed/shared/schema.ts'
import type { WireRow } from './wire-row.ts'

export type ChangeRow = {
  readonly changeId: number
  readonly nodeId: string
  readonly isRemoved: boolean
  readonly firstChangeId: number
  /** Null for a removed node, like the fields below. */
  readonly node: WireRow | null
  readonly movedChangeId: number | null
  /** The kinds of node that had this id before. */
  readonly formerKinds: Kinds | null
  /** 1 while the file waits for its hash: another change is certain to follow, with the hash or the error. Of a kept row: then. */
  readonly isPending: 0 | 1 | null
  /** Whether this very object may be in other answers too: see `recent-rows.ts`. */
  readonly isKept: boolean
}

/** The columns in their order, as SQLite has them: truths are 0 and 1. Those of the node are null for a removed one. */
// biome-ignore format: a line for each part
export type ChangeColumns = readonly [
  changeId: number, nodeId: string, isRemoved: number, firstChangeId: number,
  id: string | null, parentId: string | null, name: string, isDirectory: number, ctime: number, mtime: number | string,
  mimeType: string, hash: string, size: number, isImage: number, isVideo: number,
  width: number, height: number, msDuration: number,
  movedChangeId: number | null, formerKinds: Kinds | null, isPending: 0 | 1 | null,
]

/** By hand: what Drizzle does for each column of each row takes longer than everything else in an answer. */
export function changeRowOf(columns: ChangeColumns): ChangeRow {
  const id = columns[4]
  return {
    changeId: columns[0],
    nodeId: columns[1],
    isRemoved: columns[2] === 1,
    firstChangeId: columns[3],
    node: id === null ? null : wireRowOf(id, columns),
    movedChangeId: columns[18],
    formerKinds: columns[19],
    isPending: columns[20],
    isKept: false,
  }
}

function wireRowOf(nodeId: string, columns: ChangeColumns): WireRow {
  return {
    nodeId,
    parentId: columns[5],
    name: columns[6],
    isDirectory: columns[7] === 1,
    ctime: columns[8],
    mtime: columns[9],
    mimeType: columns[10],
    hash: columns[11],
    size: columns[12],
    isImage: columns[13] === 1,
    isVideo: columns[14] === 1,
    width: columns[15],
    height: columns[16],
    msDuration: columns[17],
  }
}
