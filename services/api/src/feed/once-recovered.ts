/** Reads a database that its next writer is about to take over. */

/** A writer that recovers or writes holds a lock, and SQLite waits for that by itself. These are the moments before. */
const PATIENCE_MS = 300
const PAUSE_MS = 5

const pause = new Int32Array(new SharedArrayBuffer(4))

/**
 * Runs `read`, and runs it again for a moment while the write-ahead log's index is not ready for a reader on a read-only
 * mount: a writer that starts empties it (SQLITE_READONLY_RECOVERY, _CANTINIT), and after a reset of the log the index has no
 * mark for readers before the writer's next transaction (_CANTLOCK). A reader that may write would do both itself.
 * Synchronous, as SQLite's own wait for a lock is.
 */
export function onceRecovered<T>(read: () => T): T {
  for (let left = PATIENCE_MS / PAUSE_MS; ; left -= 1) {
    try {
      return read()
    } catch (error) {
      if (left <= 0 || !codeOf(error).startsWith('SQLITE_READONLY_')) throw error
    }
    Atomics.wait(pause, 0, 0, PAUSE_MS)
  }
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return ''
  return (error as NodeJS.ErrnoException).code ?? codeOf(error.cause)
}
