/** The changes of the database at a path, over its absence and replacement. */
import { areStillThere, type DatabaseFiles, databaseFilesAt, hasOneMore } from '@drive-feed/shared/database-files.ts'
import { DatabaseUnusableError, type FeedDatabase, openReader } from '@drive-feed/shared/open-database.ts'
import { feed } from '@drive-feed/shared/schema.ts'
import { createRecentChanges, type RecentChanges, type SeenChange } from './recent-changes.ts'

export type FollowedFeed = {
  /** Changes that are not read yet, some hundred at most. Never throws because the database is away. */
  readonly next: () => readonly SeenChange[]
  readonly close: () => void
}

type Connection = {
  readonly db: FeedDatabase
  readonly files: DatabaseFiles
  readonly epoch: string
  readonly recent: RecentChanges
}

/**
 * Begins at the end of the database.
 *
 * @param say gets one line when the database can't be read, and one when it can again
 * @throws {DatabaseUnusableError} if it can't be read now
 */
export function followFeed(path: string, say: (line: string) => void): FollowedFeed {
  let connection: Connection | null = connect(path)
  let { epoch } = connection
  let cursor = connection.recent.head()
  let isAway = false
  const drop = () => {
    connection?.db.sqlite.close()
    connection = null
  }
  const current = (): Connection => {
    if (connection !== null && areStillThere(connection.files) && !hasOneMore(connection.files)) return connection
    drop()
    const opened = connect(path)
    connection = opened
    const head = opened.recent.head()
    const isOther = opened.epoch !== epoch || head < cursor
    if (isOther) {
      say('another database is there now: its changes follow')
      cursor = head
    } else if (isAway) say('the database can be read again')
    epoch = opened.epoch
    return opened
  }
  return {
    next: () => {
      try {
        const found = current().recent.after(cursor)
        cursor = found.cursor
        isAway = false
        return found.changes
      } catch (error) {
        if (!isUnavailable(error)) throw error
        drop()
        if (!isAway) say(`waiting: ${error.message}`)
        isAway = true
        return []
      }
    },
    close: drop,
  }
}

function connect(path: string): Connection {
  const sinceMs = Date.now()
  const db = openReader(path)
  try {
    const epoch = db.orm.select().from(feed).get()?.epoch ?? ''
    const recent = createRecentChanges(db, sinceMs)
    // After the statements are prepared, so that SQLite has opened all of its files.
    return { db, files: databaseFilesAt(path), epoch, recent }
  } catch (error) {
    db.sqlite.close()
    throw error
  }
}

function isUnavailable(error: unknown): error is Error {
  return error instanceof DatabaseUnusableError || (error instanceof Error && error.name === 'SqliteError')
}
