/**
 * A note for readers that says what keeps the indexer from writing, which the database can't say itself. The note is in
 * the lock file, which already exists, and always has the same number of bytes: a full disk has no room for more.
 */
import { fstatSync, readFileSync, writeSync } from 'node:fs'
import { shownText } from './shown-text.ts'

/** `sinceMs`: ms since 1970. */
export type DatabaseNote = { readonly text: string; readonly fix: string; readonly sinceMs: number }

const NOTE_BYTES = 1024

export function lockPath(databasePath: string): string {
  return `${databasePath}.lock`
}

/**
 * @param fd the lock file, open for writing
 * @param note null removes the note, and keeps room for the next one
 */
export function writeNote(fd: number, note: DatabaseNote | null): void {
  const text = note === null ? '' : JSON.stringify(note)
  try {
    // A file of another size is not the lock file, whatever its path says.
    if (![0, NOTE_BYTES].includes(fstatSync(fd).size)) return
    writeSync(fd, Buffer.alloc(NOTE_BYTES, ' ').fill(text, 0, Buffer.byteLength(text)), 0, NOTE_BYTES, 0)
  } catch {
    // The problem is in the log, and readers see that the heartbeat stands still.
  }
}

/**
 * Tells those who watch the file that something was committed. Only the kernel's event counts: a file without a note keeps its
 * bytes, and while there is a note nothing is committed.
 *
 * @param fd the lock file, open for writing
 */
export function tellOfCommit(fd: number): void {
  try {
    if (fstatSync(fd).size === NOTE_BYTES) writeSync(fd, ' ', 0)
  } catch {
    // Readers look now and then.
  }
}

/** Null if there is no note, or it can't be read. */
export function readNote(databasePath: string): DatabaseNote | null {
  try {
    const { text, fix, sinceMs } = JSON.parse(readFileSync(lockPath(databasePath), 'utf8')) as Partial<DatabaseNote>
    if (typeof text !== 'string' || typeof fix !== 'string' || !Number.isSafeInteger(sinceMs)) return null
    return { text: shownText(text), fix: shownText(fix), sinceMs: sinceMs as number }
  } catch {
    return null
  }
}
