/** Reads a database that its next writer is about to take over. */

/** A writer that has begun to recover holds a lock, and SQLite waits for that by itself. This is the moment before. */
const PATIENCE_MS = 100
const PAUSE_MS = 5

const pause = new Int32Array(new SharedArrayBuffer(4))

/**
 * Reads, and reads again for a tenth of a second while the write-ahead log's index is being made anew: a writer that
 * starts empties it and then takes its lock. A reader that may write would make the index itself, and one on a read-only
 * mount gets this error. Synchronous, as SQLite's own wait for a lock is.
 */
export function onceRecovered<T>(read: () => T): T {
  for (let left = PATIENCE_MS / PAUSE_MS; ; left -= 1) {
    try {
      return read()
    } catch (error) {
      if (left <= 0 || (error as NodeJS.ErrnoException).code !== 'SQLITE_READONLY_RECOVERY') throw error
    }
    Atomics.wait(pause, 0, 0, PAUSE_MS)
  }
}
