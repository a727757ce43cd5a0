/**
 * Marks the files that are to be asked for again, since other versions of the libraries or rules may answer otherwise.
 */

import { eq } from '@drive-feed/shared/drizzle.ts'
import type { FeedDatabase } from '@drive-feed/shared/open-database.ts'
import { type ReadersRow, readers } from '@drive-feed/shared/schema.ts'

/** Without `id`, which is always 1. */
export type Readers = Omit<ReadersRow, 'id'>

export type ReadAgain = {
  /** Null if nothing was read yet. */
  readonly readers: () => Readers | null
  readonly saveReaders: (row: Readers) => void
  /**
   * Marks the next slice of files whose answer may change, without a row in `changes`, and notes how far it came. False
   * when all are marked. A slice takes some milliseconds, however many files there are.
   */
  readonly markSome: () => boolean
}

/** Rows looked at in one transaction. */
export const SLICE_ROWS = 1_000

/**
 * By rowid, the order of the table on the disk. VACUUM may renumber the rows: if the owner runs it during a marking,
 * some rows are marked twice and some not at all.
 */
const IN_SLICE = 'rowid > :from AND rowid <= :to AND NOT is_directory'

/**
 * @param unsureTypes MIME types whose files may get another answer. A `*` at the end stands for any rest; no other
 *   syntax of `GLOB`, and no quotes
 */
export function createReadAgain({ orm, sqlite }: FeedDatabase, unsureTypes: readonly string[]): ReadAgain {
  const byRow = eq(readers.id, 1)
  const select = orm.select().from(readers).where(byRow).prepare()
  const lastRow = sqlite.prepare<[], number | null>('SELECT max(rowid) FROM nodes').pluck()
  // The plus keeps the planner off the partial indexes of states.
  const mark = sqlite.prepare(
    `UPDATE nodes SET metadata_state = 'again', metadata_due_ms = 0
     WHERE ${IN_SLICE} AND hash <> '' AND (+metadata_state = 'failed' OR +metadata_state = 'ready' AND
       (${isUnsure(unsureTypes)} OR (is_image OR is_video) AND (:all OR width = 0 OR height = 0)))`,
  )
  // Files without a hash are read whole. The error stays, so that no client waits for them.
  const readWhole = sqlite.prepare(
    `UPDATE nodes SET metadata_state = 'backlog', metadata_due_ms = 0
     WHERE ${IN_SLICE} AND hash = '' AND +metadata_state = 'failed'`,
  )
  const current = (): Readers | null => {
    const row = select.get()
    if (row === undefined) return null
    const { id: _, ...others } = row
    return others
  }
  const markSlice = (from: number, all: boolean): boolean => {
    const last = lastRow.get() ?? 0
    const slice = { from, to: from + SLICE_ROWS, all: Number(all) }
    mark.run(slice)
    readWhole.run({ from, to: slice.to })
    const isLast = slice.to >= last
    orm
      .update(readers)
      .set(isLast ? { markedTo: null, marksAllMedia: false } : { markedTo: slice.to })
      .where(byRow)
      .run()
    return !isLast
  }
  return {
    readers: current,
    saveReaders: (row) => {
      orm
        .insert(readers)
        .values({ id: 1, ...row })
        .onConflictDoUpdate({ target: readers.id, set: row })
        .run()
    },
    markSome: sqlite.transaction((): boolean => {
      const row = current()
      return row !== null && row.markedTo !== null && markSlice(row.markedTo, row.marksAllMedia)
    }),
  }
}

/** The condition in SQL. It tries one type after the other, which costs little beside reading the row. */
function isUnsure(types: readonly string[]): string {
  return `(${types.map((type) => `mime_type GLOB '${type}'`).join(' OR ')})`
}
