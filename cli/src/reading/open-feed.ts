/** The database, read-only, for a command: by the config, closed afterwards. */
import { loadConfig } from '@drive-feed/shared/config/config.ts'
import { type FeedDatabase, openReader } from '@drive-feed/shared/open-database.ts'

/** @throws {ConfigError | DatabaseUnusableError} with one line for people */
export async function withFeed<T>(configPath: string, read: (db: FeedDatabase) => T | Promise<T>): Promise<T> {
  const { databasePath } = loadConfig(configPath, { checkFolders: false })
  const db = openReader(databasePath)
  try {
    return await read(db)
  } finally {
    db.sqlite.close()
  }
}
