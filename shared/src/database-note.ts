/**
 * What keeps the indexer from writing, for readers of the database: it can't be said in there. It is said in the lock's
 * file, which is there already, in its place and always in as many bytes, as a full disk has no room for another.
 */
import { fstatSync, readFileSync, writeSync } from 'node:fs'
import { shownText } from './shown-text.ts'

/** `sinceMs`: ms since 1970. */
export type DatabaseNote = { readonly text: string; readonly fix: string; readonly sinceMs: number }

const NOTE_BYTES = 1024

export function lockPath(databasePath: string): string {
  return `${databasePath}.lock`
}

/** @param fd of the lock's file, open for writing. Null takes the note back, and makes room for the next one. */
export function writeNote(fd: number, note: DatabaseNote | null): void {
  const text = note === null ? '' : JSON.stringify(note)
  try {
    // Of any other size it is not the lock's own file, whatever leads there.
    if (![0, NOTE_BYTES].includes(fstatSync(fd).size)) return
    writeSync(fd, Buffer.alloc(NOTE_BYTES, ' ').fill(text, 0, Buffer.byteLength(text)), 0, NOTE_BYTES, 0)
  } catch {
    // It is in the log, and readers find out that the heartbeat stands still.
  }
}

/** Null where there is none, or it can't be read. */
export function readNote(databasePath: string): DatabaseNote | null {
  try {
    const { text, fix, sinceMs } = JSON.parse(readFileSync(lockPath(databasePath), 'utf8')) as Partial<DatabaseNote>
    if (typeof text !== 'string' || typeof fix !== 'string' || !Number.isSafeInteger(sinceMs)) return null
    return { text: shownText(text), fix: shownText(fix), sinceMs: sinceMs as number }
  } catch {
    return null
  }
}
