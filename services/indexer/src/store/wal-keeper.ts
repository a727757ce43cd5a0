/**
 * Keeps the WAL small: empties it at quiet moments, and notices when a reader keeps that from happening. SQLite begins the
 * file anew only when no reader needs what is in it, and never makes it smaller by itself.
 */
import { areStillThere, databaseFilesAt, walBytesOf } from '@drive-feed/shared/database-files.ts'
import { type FeedDatabase, WAL_LIMIT_BYTES } from '@drive-feed/shared/open-database.ts'
import { type ProblemText, problemText } from '@drive-feed/shared/problem.ts'
import { shownPath } from '@drive-feed/shared/shown-path.ts'
import { readersOf } from './wal-readers.ts'

/** Rows written between two checks up to which nothing much is going on. */
const QUIET_ROWS = 200
/** The row that the status takes once a minute is not worth a checkpoint. */
const WORTH_BYTES = 4 * 1024 * 1024
/** After a checkpoint that the disk refused: whatever is wrong with it, the next write tells. */
const REFUSED_PAUSE_MS = 60_000

export type WalHeld = ProblemText & { readonly sinceMs: number }

export type WalKeeper = {
  /** To be called every few seconds. */
  readonly check: () => void
  /** What is to be said of a reader that holds the WAL beyond twice its limit; null if none does. */
  readonly held: () => WalHeld | null
}

type Checkpoint = { readonly busy: 0 | 1; readonly log: number; readonly checkpointed: number }

/** @param wallMs the clock that others have too */
export function createWalKeeper(
  { sqlite }: FeedDatabase,
  tools: { readonly wallMs: () => number; readonly nowMs: () => number; readonly limitBytes?: number },
): WalKeeper {
  const { wallMs, nowMs, limitBytes = WAL_LIMIT_BYTES } = tools
  const files = databaseFilesAt(sqlite.name)
  const rowsWritten = sqlite.prepare<[], number>('SELECT total_changes()').pluck()
  let rowsBefore = rowsWritten.get() ?? 0
  let refusedUntilMs = 0
  let held: WalHeld | null = null

  const bytes = () => walBytesOf(sqlite.name)
  const isQuiet = () => {
    const rows = rowsWritten.get() ?? 0
    const written = rows - rowsBefore
    rowsBefore = rows
    return written <= QUIET_ROWS
  }
  /** Whether all that is in the WAL is in the database now; null where nobody knows. */
  const checkpoint = (how: 'PASSIVE' | 'TRUNCATE'): boolean | null => {
    if (nowMs() < refusedUntilMs) return null
    const timeoutMs = sqlite.pragma('busy_timeout', { simple: true })
    // Readers come first: nothing else is done while this thread waits for one.
    sqlite.pragma('busy_timeout = 0')
    try {
      const [{ log, checkpointed }] = sqlite.pragma(`wal_checkpoint(${how})`) as [Checkpoint]
      return log === checkpointed
    } catch {
      refusedUntilMs = nowMs() + REFUSED_PAUSE_MS
      return null
    } finally {
      sqlite.pragma(`busy_timeout = ${timeoutMs}`)
    }
  }
  return {
    check: () => {
      // What is in the WAL of before must not get into a copy that was put there.
      if (!areStillThere(files)) return
      const isNow = isQuiet()
      const size = bytes()
      const isBeyond = size > 2 * limitBytes
      if (size <= WORTH_BYTES || !(isNow || isBeyond)) {
        if (!isBeyond) held = null
        return
      }
      const isDone = checkpoint(isNow ? 'TRUNCATE' : 'PASSIVE')
      if (isDone === null) return
      if (isDone || bytes() <= 2 * limitBytes) held = null
      else held = heldProblem(sqlite.name, size, held?.sinceMs ?? Math.floor(wallMs()))
    },
    held: () => held,
  }
}

function heldProblem(path: string, bytes: number, sinceMs: number): WalHeld {
  const readers = readersOf(`${path}-shm`)
  const who = readers.length === 0 ? 'a program' : readers.join(', ')
  const text = `${shownPath(`${path}-wal`)} has grown to ${Math.round(bytes / 1024 / 1024)} MiB, because ${who} reads the \
database without an end`
  const fix = 'end it, perhaps a sqlite3 left in a transaction; the file is small again a few seconds later'
  return { ...problemText(text, fix), sinceMs }
}
