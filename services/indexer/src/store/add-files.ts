/** Adds new files by the columns in which they were seen. A first scan does this a million times. */
import type { FeedDatabase } from '@drive-feed/shared/open-database.ts'
import { sizeOf } from '@drive-feed/shared/root-totals.ts'
import type { NewFiles } from '../model/new-files.ts'
import { plainFileAt } from '../model/sights.ts'
import type { ChangeLog } from './change-log.ts'
import type { RootTotals } from './root-totals.ts'

/** Adds new files, inside the caller's transaction. */
export function createAddFiles(
  { sqlite }: FeedDatabase,
  log: Pick<ChangeLog, 'appendRows'>,
  totals: RootTotals,
): (files: readonly NewFiles[]) => void {
  // Columns that are not named get the table's defaults. Positional parameters, in the statement's order.
  const insert = sqlite.prepare(
    `INSERT INTO nodes (node_id, parent_id, name, device, inode, birth_time, size, mtime, ctime, metadata_state,
                        metadata_due_ms, change_id, moved_change_id)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  return (groups) =>
    log.appendRows((next) => {
      for (const {
        parentId,
        device,
        sights,
        indexes,
        awaiting: { state, dueMs },
      } of groups) {
        const root = totals.rootOf(parentId)
        // The same promise as that of a plan, see `check-plan.ts`.
        if (root === null) throw new Error(`a bug in listing: new files have no folder ${parentId} (I3)`)
        let bytes = 0
        for (const index of indexes) {
          const { nodeId, name, inode, birthTime, size, mtime, ctime } = plainFileAt(sights, index, device)
          // A sum that a double does not hold is carried over.
          if (!Number.isSafeInteger(bytes + size)) {
            totals.add(root, 0, sizeOf(bytes))
            bytes = 0
          }
          const changeId = next()
          // biome-ignore format: two lines as in the statement
          insert.run(nodeId, parentId, name, device, inode, birthTime, size, mtime, ctime, state,
                     dueMs, changeId, changeId)
          bytes += size
        }
        totals.add(root, indexes.length, sizeOf(bytes))
      }
    })
}
