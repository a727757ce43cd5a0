/** A row of the log with its node, and how it is made of the columns that a query gives. */
import type { Kinds } from '@drive-feed/shared/schema.ts'
import type { WireRow } from './wire-row.ts'

/** What a client without a filter sees of a row. */
export type PlainChange = {
  readonly changeId: number
  readonly nodeId: string
  readonly isRemoved: boolean
  /** The JSON of the change, or its node if SQLite can't write it, see `live-text.ts`. Null for a removed node. */
  readonly shown: string | WireRow | null
}

/** Several of them in a row: the JSON of each, separated by commas, in UTF-8. */
export type ChangeRun = { readonly json: Buffer; readonly count: number }

/** And what decides whether one with a filter sees it, and where it is. */
export type ChangeRow = PlainChange & {
  readonly firstChangeId: number
  /** Null for a removed node, like the fields below. */
  readonly node: SeenNode | null
  readonly movedChangeId: number | null
  /** The kinds of node that had this id before. */
  readonly formerKinds: Kinds | null
  /** 1 while the file waits for its hash: another change is certain to follow, with the hash or the error. Of a kept row: then. */
  readonly isPending: 0 | 1 | null
}

export type SeenNode = Pick<WireRow, 'parentId' | 'name' | 'isDirectory'>

/** Columns as SQLite has them: truths are 0 and 1. Those of the node are null for a removed one. */
// biome-ignore format: a line for each part
export type ChangeColumns = readonly [
  changeId: number, nodeId: string, text: string | null,
  isRemoved: number, firstChangeId: number,
  parentId: string | null, name: string | null, isDirectory: number | null,
  movedChangeId: number | null, formerKinds: Kinds | null, isPending: 0 | 1 | null,
]

/** By hand: what Drizzle does for each column of each row takes longer than everything else in an answer. */
export function changeRowOf(columns: ChangeColumns): ChangeRow {
  const name = columns[6]
  return {
    changeId: columns[0],
    nodeId: columns[1],
    shown: columns[2],
    isRemoved: columns[3] === 1,
    firstChangeId: columns[4],
    node: name === null ? null : { parentId: columns[5], name, isDirectory: columns[7] === 1 },
    movedChangeId: columns[8],
    formerKinds: columns[9],
    isPending: columns[10],
  }
}
