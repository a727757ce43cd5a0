/** How far the indexer is, from the status row that it keeps in the database. */
import { DatabaseUnusableError, type FeedDatabase, openReader } from '@drive-feed/shared/open-database.ts'
import { type StatusRow, status, watchRoots } from '@drive-feed/shared/schema.ts'
import { shownPath } from '@drive-feed/shared/shown-path.ts'

export type StatusReader = {
  /** Null until the indexer started at or after `sinceMs` has written its first one. */
  read(): StatusRow | null
  fileCount(): number
  /** What is wrong with watched folders, and what to do about it; one line each. */
  remarks(): string[]
  close(): void
}

/** @param sinceMs milliseconds since 1970: the row of an earlier run is still there when the next one starts */
export function createStatusReader(databasePath: string, sinceMs: number): StatusReader {
  let database: FeedDatabase | null = null
  return {
    read: () => {
      database ??= openIfReady(databasePath)
      const row = database?.orm.select().from(status).get()
      return row !== undefined && row.startedMs >= sinceMs ? row : null
    },
    fileCount: () =>
      Number(database?.sqlite.prepare('SELECT count(*) FROM nodes WHERE NOT is_directory').pluck().get() ?? 0),
    remarks: () =>
      (database?.orm.select().from(watchRoots).all() ?? []).flatMap(({ name, message }) =>
        message === null ? [] : [`${shownPath(name)}: ${message}`],
      ),
    close: () => database?.sqlite.close(),
  }
}

/** Null while there is no database yet, or the indexer is still making or upgrading it. */
function openIfReady(path: string): FeedDatabase | null {
  try {
    return openReader(path)
  } catch (error) {
    if (error instanceof DatabaseUnusableError) return null
    throw error
  }
}
