/**
 * The newest rows of the log, kept for all clients that keep up: each of them asks for the same rows. What may differ is
 * read each time, and it is numbers; names and hashes need not be read again.
 */
import type { ChangeRow } from './change-row.ts'

/** About 3 MB. */
const ROWS_MAX = 4_096

/**
 * A row's number, and all that may change without a new one: what the indexer notes of a file whose bytes did not change.
 * Null for a removed node.
 */
export type RowSigns = readonly [
  changeId: number,
  ctime: number | null,
  mtime: number | string | null,
  size: number | null,
  isPending: 0 | 1 | null,
]

export type RecentRows = {
  /** Whether so many numbers are worth looking for. */
  readonly mayHave: (from: number, upTo: number) => boolean
  /** The rows with these signs; null if one is not kept. */
  readonly find: (signs: readonly RowSigns[]) => ChangeRow[] | null
  /** Keeps rows, and gives them as they are kept. */
  readonly keep: (rows: readonly ChangeRow[]) => ChangeRow[]
  /** Forgets all rows if the feed is another one than before: numbers mean other rows there. */
  readonly begin: (epoch: string) => void
}

export function createRecentRows(rowsMax = ROWS_MAX): RecentRows {
  const kept = new Map<number, ChangeRow>()
  let ofEpoch = ''

  function find(signs: readonly RowSigns[]): ChangeRow[] | null {
    const rows: ChangeRow[] = []
    for (const one of signs) {
      const row = kept.get(one[0])
      if (row === undefined || !hasSigns(row, one)) return null
      rows.push(row)
    }
    return rows
  }

  function keep(rows: readonly ChangeRow[]): ChangeRow[] {
    const keptNow = rows.map((row): ChangeRow => ({ ...row, isKept: true }))
    for (const row of keptNow) {
      kept.delete(row.changeId)
      kept.set(row.changeId, row)
    }
    for (const changeId of kept.keys()) {
      if (kept.size <= rowsMax) break
      kept.delete(changeId)
    }
    return keptNow
  }

  function begin(epoch: string): void {
    if (epoch !== ofEpoch) kept.clear()
    ofEpoch = epoch
  }

  return { mayHave: (from, upTo) => upTo - from <= rowsMax, find, keep, begin }
}

function hasSigns({ node, isPending }: ChangeRow, signs: RowSigns): boolean {
  if (node === null) return signs[1] === null
  return node.ctime === signs[1] && node.mtime === signs[2] && node.size === signs[3] && isPending === signs[4]
}
