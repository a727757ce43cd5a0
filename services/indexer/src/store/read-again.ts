/** Which files are to be asked for again, because other versions of what reads them may answer otherwise. */

import { eq } from '@drive-feed/shared/drizzle.ts'
import type { FeedDatabase } from '@drive-feed/shared/open-database.ts'
import { type ReadersRow, readers } from '@drive-feed/shared/schema.ts'

/** Without `id`, which is always 1. */
export type Readers = Omit<ReadersRow, 'id'>

export type ReadAgain = {
  /** Null where nothing was read yet. */
  readonly readers: () => Readers | null
  readonly saveReaders: (row: Readers) => void
  /**
   * Marks a slice of those whose answer may change, silently, and notes how far it came. False when all are marked.
   * Takes some milliseconds, however many files there are.
   */
  readonly markSome: () => boolean
}

/** Rows looked at in a transaction. */
export const SLICE_ROWS = 1_000

/**
 * By rowid, in which the table lies on the disk. VACUUM may number the rows anew: where the owner does that in the middle,
 * some are marked twice and some not.
 */
const IN_SLICE = 'rowid > :from AND rowid <= :to AND NOT is_directory'

/**
 * @param unsureTypes MIME types whose files may get another answer, or the beginning of some with a `*` behind it; nothing
 *   else that `GLOB` knows, and no quotes
 */
export function createReadAgain({ orm, sqlite }: FeedDatabase, unsureTypes: readonly string[]): ReadAgain {
  const byRow = eq(readers.id, 1)
  const select = orm.select().from(readers).where(byRow).prepare()
  const lastRow = sqlite.prepare<[], number | null>('SELECT max(rowid) FROM nodes').pluck()
  // The plus keeps the planner off the indexes of states: all states but two are in none of them.
  const mark = sqlite.prepare(
    `UPDATE nodes SET metadata_state = 'again', metadata_due_ms = 0
     WHERE ${IN_SLICE} AND hash <> '' AND (+metadata_state = 'failed' OR +metadata_state = 'ready' AND
       (${isUnsure(unsureTypes)} OR (is_image OR is_video) AND (:all OR width = 0 OR height = 0)))`,
  )
  // Not even its hash is known. Its error stays, so that nobody waits for it.
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

/** In SQL. The common types are tried one after the other, which is nothing beside reading the row. */
function isUnsure(types: readonly string[]): string {
  return `(${types.map((type) => `mime_type GLOB '${type}'`).join(' OR ')})`
}
