/** Signs of the database's health in the files beside it, also while the database can't be read. */
import { walBytesOf } from '@drive-feed/shared/database-files.ts'
import { type DatabaseNote, readNote } from '@drive-feed/shared/database-note.ts'

export type DatabaseSigns = {
  /** Size of the write-ahead log; 0 if there is none. */
  readonly walBytes: () => number
  /** Why the indexer can't write, as it noted in the lock file; null if it can. */
  readonly note: () => DatabaseNote | null
}

export function createDatabaseSigns(path: string): DatabaseSigns {
  return { walBytes: () => walBytesOf(path), note: () => readNote(path) }
}
