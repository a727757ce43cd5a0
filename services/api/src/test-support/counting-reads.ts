/** A database source that counts what is read of the tree and of the log, in all and in one read at most. */
import type { DatabaseSource, Reading } from '../feed/database-source.ts'
import type { Queries } from '../feed/queries.ts'

export type ReadCounts = {
  /** Rows of the log that were read. */
  rows: number
  /** Most folders that one read climbed. */
  foldersMax: number
  reads: number
}

export function countingReads(source: DatabaseSource, counts: ReadCounts): DatabaseSource {
  const known = new WeakMap<Reading, Reading>()
  const open = () => {
    const reading = source.open()
    const counting = known.get(reading) ?? countingOf(reading, counts)
    known.set(reading, counting)
    return counting
  }
  return { ...source, open }
}

function countingOf(reading: Reading, counts: ReadCounts): Reading {
  let folders = 0
  const counted = (queries: Queries): Queries => ({
    ...queries,
    visibleChanges: (stretch) => {
      const found = queries.visibleChanges(stretch)
      counts.rows += found.rows.length
      return found
    },
    ancestors: (nodeId) => {
      const above = queries.ancestors(nodeId)
      folders += above.length
      return above
    },
  })
  // One for all reads, as it is without counting: what they found out is remembered by it.
  let wrapped: Queries | null = null
  return {
    ...reading,
    read: (query) => {
      folders = 0
      counts.reads += 1
      const result = reading.read((queries) => {
        wrapped ??= counted(queries)
        return query(wrapped)
      })
      counts.foldersMax = Math.max(counts.foldersMax, folders)
      return result
    },
  }
}
