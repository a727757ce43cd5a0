/** What stands beside the database and tells how it is, whether or not it can be read. */
import { walBytesOf } from '@drive-feed/shared/database-files.ts'
import { type DatabaseNote, readNote } from '@drive-feed/shared/database-note.ts'

export type DatabaseSigns = {
  /** Size of the write-ahead log; 0 where there is none. */
  readonly walBytes: () => number
  /** What the indexer left in the lock's file about why it can't write; null if nothing. */
  readonly note: () => DatabaseNote | null
}

export function createDatabaseSigns(path: string): DatabaseSigns {
  return { walBytes: () => walBytesOf(path), note: () => readNote(path) }
}
