/** How far the indexer is, from the status row that it keeps in the database. */
import { DatabaseUnusableError, type FeedDatabase, openReader } from '@drive-feed/shared/open-database.ts'
import { type StatusRow, status, watchRoots } from '@drive-feed/shared/schema.ts'
import { shownPath } from '@drive-feed/shared/shown-path.ts'

export type StatusReader = {
  /** Null until another indexer has written one than had when the reader was made. */
  read(): StatusRow | null
  fileCount(): number
  /** What is wrong with watched folders, and what to do about it; one line each. */
  remarks(): string[]
  close(): void
}

/** To be made before the indexer is started: the row of an earlier run is still there then, and clocks may be set. */
export function createStatusReader(databasePath: string): StatusReader {
  let database = openIfReady(databasePath)
  const current = () => database?.orm.select().from(status).get()
  const startedBeforeMs = current()?.startedMs
  return {
    read: () => {
      database ??= openIfReady(databasePath)
      const row = current()
      return row !== undefined && row.startedMs !== startedBeforeMs ? row : null
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
