/** The changes after a cursor, as what happened to which path. */
import type { FeedDatabase } from '@drive-feed/shared/open-database.ts'
import { createPaths } from './paths.ts'

export type SeenChange = {
  readonly change: 'created' | 'changed' | 'moved' | 'removed'
  /** Null for what is in no watched folder any more and has left no trace. */
  readonly path: string | null
  readonly isDirectory: boolean | null
}

export type RecentChanges = {
  /** The newest cursor. */
  readonly head: () => number
  /** Changes after the cursor, oldest first, some hundred at most, and the cursor after them. */
  readonly after: (cursor: number) => { readonly changes: SeenChange[]; readonly cursor: number }
}

type Row = {
  readonly changeId: number
  readonly nodeId: string
  readonly isRemoved: 0 | 1
  readonly firstChangeId: number
  readonly movedChangeId: number | null
  readonly isDirectory: 0 | 1 | null
  readonly formerKinds: number | null
  readonly birthTime: number | null
  readonly removedPath: string | null
  readonly removedName: string | null
}

const PAGE_ROWS = 500
/** Ids that were removed of late: inode numbers, and so ids, are used again. */
const REMOVED_MAX = 10_000

/** @param sinceMs when following began, ms since 1970: what was born later is new, whatever its id was before */
export function createRecentChanges(db: FeedDatabase, sinceMs: number): RecentChanges {
  const removed = new Set<string>()
  const headOf = db.sqlite.prepare<[], number>("SELECT seq FROM sqlite_sequence WHERE name = 'changes'").pluck()
  const rowsAfter = db.sqlite.prepare<[number, number], Row>(
    `SELECT changes.change_id AS changeId, changes.node_id AS nodeId, changes.is_removed AS isRemoved,
       changes.first_change_id AS firstChangeId, nodes.moved_change_id AS movedChangeId,
       nodes.is_directory AS isDirectory, nodes.former_kinds AS formerKinds, nodes.birth_time AS birthTime,
       removals.path AS removedPath, removals.name AS removedName
     FROM changes LEFT JOIN nodes ON nodes.node_id = changes.node_id
       LEFT JOIN removals ON removals.change_id = changes.change_id
     WHERE changes.change_id > ? ORDER BY changes.change_id LIMIT ?`,
  )
  const isNew = ({ nodeId, firstChangeId, formerKinds, birthTime }: Row, cursor: number) => {
    if (firstChangeId > cursor || removed.delete(nodeId)) return true
    return formerKinds !== 0 && (birthTime ?? 0) / 1_000 >= sinceMs
  }
  const kindOf = (row: Row, cursor: number): SeenChange['change'] => {
    if (row.isRemoved === 1) {
      removed.add(row.nodeId)
      for (const id of removed) {
        if (removed.size <= REMOVED_MAX) break
        removed.delete(id)
      }
      return 'removed'
    }
    if ((row.movedChangeId ?? 0) <= cursor) return 'changed'
    return isNew(row, cursor) ? 'created' : 'moved'
  }
  const read = db.sqlite.transaction((cursor: number) => {
    const rows = rowsAfter.all(cursor, PAGE_ROWS)
    // Made anew each time: folders move.
    const pathOf = createPaths(db)
    const changes = rows.flatMap((row): SeenChange[] => {
      // Made and removed since: nobody heard of it.
      if (row.isRemoved === 1 && row.firstChangeId > cursor) return []
      const path = row.isRemoved === 1 ? (row.removedPath ?? row.removedName) : pathOf(row.nodeId)
      return [
        { change: kindOf(row, cursor), path, isDirectory: row.isDirectory === null ? null : row.isDirectory === 1 },
      ]
    })
    return { changes, cursor: rows.at(-1)?.changeId ?? cursor }
  })
  return { head: () => headOf.get() ?? 0, after: (cursor) => read(cursor) }
}
