/** The indexer's progress, by its status row in the database. */
import { DatabaseUnusableError, type FeedDatabase, openReader } from '@drive-feed/shared/open-database.ts'
import { problems, type StatusRow, status, type WatchRootRow, watchRoots } from '@drive-feed/shared/schema.ts'
import { shownPath } from '@drive-feed/shared/shown-path.ts'

export type StatusReader = {
  /** Null until another indexer has written the row than the one that had when this reader was made. */
  read(): StatusRow | null
  fileCount(): number
  /** Problems and what to do about them, one line each. */
  problems(): string[]
  /** Further messages about watched folders, one line each. */
  remarks(): string[]
  close(): void
}

/**
 * To be made before the indexer is started, while the row of an earlier run is still there: times alone can't tell the
 * runs apart, as clocks may be set.
 */
export function createStatusReader(databasePath: string): StatusReader {
  let database = openIfReady(databasePath)
  const current = () => database?.orm.select().from(status).get()
  const messages = (isWanted: (name: string, state: WatchRootRow['state']) => boolean): string[] =>
    (database?.orm.select().from(watchRoots).all() ?? []).flatMap(({ name, state, message }) =>
      message === null || !isWanted(name, state) ? [] : [`${shownPath(name)}: ${message}`],
    )
  const startedBeforeMs = current()?.startedMs
  return {
    read: () => {
      database ??= openIfReady(databasePath)
      const row = current()
      return row !== undefined && row.startedMs !== startedBeforeMs ? row : null
    },
    fileCount: () =>
      Number(database?.sqlite.prepare('SELECT count(*) FROM nodes WHERE NOT is_directory').pluck().get() ?? 0),
    problems: () => {
      const found = database?.orm.select().from(problems).orderBy(problems.id).all() ?? []
      const lines = found.map(({ root, text, fix }) => `${root === null ? '' : `${shownPath(root)}: `}${text}; ${fix}`)
      // A root that is offline is a problem even without a row in `problems`.
      const away = messages((name, state) => state === 'offline' && !found.some(({ root }) => root === name))
      return [...lines, ...away]
    },
    remarks: () => {
      const found = database?.orm.select().from(problems).all() ?? []
      return messages((name, state) => state !== 'offline' && !found.some(({ root }) => root === name))
    },
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
