/** Node's lstat of an entry, in the observer thread's form. */
import { statsAt } from '@drive-feed/shared/file-stats.ts'
import type { EntryStats } from '../../services/indexer/src/posix/statx.ts'

export function entryStatsOf(path: string): EntryStats {
  const stats = statsAt(path)
  if (stats === null) throw new Error(`${path} does not exist`)
  const { ctimeNs: _, ...entry } = stats
  return entry
}
