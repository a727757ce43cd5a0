/**
 * The newest rows of the log, kept for all clients that keep up: each of them asks for the same rows. A row of the log never
 * changes, and its node only in ways that the indexer counts (`feed.silentWrites`) or that no client sees.
 */
import type { ChangeRow } from './change-row.ts'

/** About 3 MB. */
const ROWS_MAX = 4_096

export type RecentRows = {
  /** Whether the rows of so long a stretch may be kept at all. */
  readonly mayHave: (after: number, upTo: number) => boolean
  /** Forgets all rows if this differs from before: the numbers are of another feed, or nodes were written silently. */
  readonly begin: (state: string) => void
  /** The rows with these numbers, up to the first one that is not kept. */
  readonly find: (changeIds: readonly number[]) => ChangeRow[]
  readonly keep: (rows: readonly ChangeRow[]) => void
}

export function createRecentRows(rowsMax = ROWS_MAX): RecentRows {
  const kept = new Map<number, ChangeRow>()
  let ofState = ''

  function begin(state: string): void {
    if (state !== ofState) kept.clear()
    ofState = state
  }

  function find(changeIds: readonly number[]): ChangeRow[] {
    const rows: ChangeRow[] = []
    for (const changeId of changeIds) {
      const row = kept.get(changeId)
      if (row === undefined) break
      rows.push(row)
    }
    return rows
  }

  function keep(rows: readonly ChangeRow[]): void {
    for (const row of rows) {
      kept.delete(row.changeId)
      kept.set(row.changeId, row)
    }
    for (const changeId of kept.keys()) {
      if (kept.size <= rowsMax) break
      kept.delete(changeId)
    }
  }

  return { mayHave: (after, upTo) => upTo - after <= rowsMax, begin, find, keep }
}
