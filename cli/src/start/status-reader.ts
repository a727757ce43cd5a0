/** The indexer's progress, by its status row in the database. */
import { HEARTBEAT_AGE_MAX_MS, heartbeatAgeMs } from '@drive-feed/shared/heartbeat.ts'
import { DatabaseUnusableError, type FeedDatabase, openReader } from '@drive-feed/shared/open-database.ts'
import { problems, type StatusRow, status, type WatchRootRow, watchRoots } from '@drive-feed/shared/schema.ts'
import { shownPath } from '@drive-feed/shared/shown-path.ts'
import Database from 'better-sqlite3'
import type { ToldProblem } from './news.ts'

export type StatusReader = {
  /** Null until another indexer has written the row than the one that had when this reader was made, and on failure. */
  read(): StatusRow | null
  fileCount(): number
  /** Problems and what to do about them; null if the database can't be read now. @param nowMs by the wall clock */
  problems(nowMs: number): ToldProblem[] | null
  /** Further messages about watched folders, one line each. */
  remarks(): string[]
  close(): void
}

const SILENT: ToldProblem = {
  key: 'indexer_silent',
  line: 'the indexer has been silent for over two minutes; see its log, and whether the disk of the database answers',
}

/**
 * To be made before the indexer is started, while the row of an earlier run is still there: times alone can't tell the
 * runs apart, as clocks may be set.
 */
export function createStatusReader(databasePath: string): StatusReader {
  let database = openIfReady(databasePath)
  const current = () => database?.orm.select().from(status).get()
  const messages = (isWanted: (name: string, state: WatchRootRow['state']) => boolean) =>
    (database?.orm.select().from(watchRoots).all() ?? []).flatMap(({ name, state, message }) =>
      message === null || !isWanted(name, state) ? [] : [{ name, line: `${shownPath(name)}: ${message}` }],
    )
  const problemsAt = (nowMs: number): ToldProblem[] => {
    const found = database?.orm.select().from(problems).orderBy(problems.id).all() ?? []
    const told = found.map(({ code, root, text, fix }) => ({
      key: `${code} ${root ?? ''}`,
      line: `${root === null ? '' : `${shownPath(root)}: `}${text}; ${fix}`,
    }))
    // A root that is offline is a problem even without a row in `problems`.
    const away = messages((name, state) => state === 'offline' && !found.some(({ root }) => root === name))
    const heartbeatMs = current()?.heartbeatMs
    const isSilent = heartbeatMs !== undefined && heartbeatAgeMs(heartbeatMs, nowMs) > HEARTBEAT_AGE_MAX_MS
    return [...(isSilent ? [SILENT] : []), ...told, ...away.map(({ name, line }) => ({ key: `away ${name}`, line }))]
  }
  const startedBeforeMs = current()?.startedMs
  return {
    read: () => {
      database ??= openIfReady(databasePath)
      const row = orNull(current)
      return row !== null && row !== undefined && row.startedMs !== startedBeforeMs ? row : null
    },
    fileCount: () =>
      Number(database?.sqlite.prepare('SELECT count(*) FROM nodes WHERE NOT is_directory').pluck().get() ?? 0),
    problems: (nowMs) => orNull(() => problemsAt(nowMs)),
    remarks: () => {
      const found = database?.orm.select().from(problems).all() ?? []
      const fine = messages((name, state) => state !== 'offline' && !found.some(({ root }) => root === name))
      return fine.map(({ line }) => line)
    },
    close: () => database?.sqlite.close(),
  }
}

/** Null if the database can't be read: it may be replaced, locked or damaged at this moment. */
function orNull<T>(read: () => T | undefined): T | null {
  try {
    return read() ?? null
  } catch (error) {
    if (error instanceof Database.SqliteError) return null
    throw error
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
