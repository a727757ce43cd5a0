/** `drive-feed audit`: every difference between the disk and the database. */
import { loadConfig } from '@drive-feed/shared/config/config.ts'
import { openReader } from '@drive-feed/shared/open-database.ts'
import { createOwnFiles } from '@drive-feed/shared/own-files.ts'
import { type AuditReport, audit } from '../audit/audit.ts'

/**
 * Compares the watched folders of a config with its database. Changes nothing.
 *
 * @param readsFiles whether every file is read and its MD5 compared too
 * @throws {ConfigError | DatabaseUnusableError}
 */
export async function auditByConfig(configPath: string, readsFiles: boolean): Promise<AuditReport> {
  const { watches, excludes, databasePath, logPath } = loadConfig(configPath, { checkFolders: false })
  const db = openReader(databasePath)
  try {
    return await audit(db, {
      // Made now, since opening the reader may have made `-shm`.
      own: createOwnFiles({ databasePath, logPath }),
      watches: watches.map(({ name }) => name),
      excludes,
      readsFiles,
    })
  } finally {
    db.sqlite.close()
  }
}
