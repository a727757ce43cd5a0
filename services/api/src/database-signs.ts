/** What stands beside the database and tells how it is, whether or not it can be read. */
import { statSync } from 'node:fs'
import { type DatabaseNote, readNote } from '@drive-feed/shared/database-note.ts'

export type DatabaseFiles = {
  /** Size of the write-ahead log; 0 where there is none. */
  readonly walBytes: () => number
  /** What the indexer left in the lock's file about why it can't write; null if nothing. */
  readonly note: () => DatabaseNote | null
}

export function createDatabaseFiles(path: string): DatabaseFiles {
  return {
    walBytes: () => {
      try {
        return statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0
      } catch {
        return 0
      }
    },
    note: () => readNote(path),
  }
}
