/** A database source that counts reads of the log and of the tree. */
import type { DatabaseSource, Reading } from '../../services/api/src/feed/database-source.ts'
import type { Queries } from '../../services/api/src/feed/queries.ts'
import { wrappedReadings } from './wrapped-readings.ts'

export type ReadCounts = {
  /** Rows of the log that were read. */
  rows: number
  /** The most folders that one read climbed up. */
  foldersMax: number
  reads: number
}

export function countingReads(source: DatabaseSource, counts: ReadCounts): DatabaseSource {
  return wrappedReadings(source, (reading) => countingOf(reading, counts))
}

function countingOf(reading: Reading, counts: ReadCounts): Reading {
  let folders = 0
  const counted = (queries: Queries): Queries => ({
    ...queries,
    plainChanges: (ids, stretch) => {
      counts.rows += ids.length
      return queries.plainChanges(ids, stretch)
    },
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
  // One object for all reads, as without counting: `places.ts` remembers ancestors by it.
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
