/**
 * Keeps the WAL small: empties it at quiet moments, and notices when a reader keeps that from happening. SQLite writes
 * the WAL from its beginning again only when no reader needs what is in it, and never makes it smaller by itself.
 */
import { areStillThere, databaseFilesAt, walBytesOf } from '@drive-feed/shared/database-files.ts'
import { type FeedDatabase, WAL_LIMIT_BYTES } from '@drive-feed/shared/open-database.ts'
import { type ProblemText, problemText } from '@drive-feed/shared/problem.ts'
import { shownPath } from '@drive-feed/shared/shown-path.ts'
import { readersOf } from './wal-readers.ts'

/** The database is quiet if no more rows than this were written between two checks. */
const QUIET_ROWS = 200
/** A smaller WAL is not worth a checkpoint: the status alone writes a row a minute. */
const WORTH_BYTES = 4 * 1024 * 1024
/** The pause after a checkpoint that failed. What is wrong with the disk shows with the next write. */
const REFUSED_PAUSE_MS = 60_000

export type WalHeld = ProblemText & { readonly sinceMs: number }

export type WalKeeper = {
  /** To be called every few seconds. */
  readonly check: () => void
  /** What to report of a reader that keeps the WAL beyond twice its limit; null if none does. */
  readonly held: () => WalHeld | null
}

type Checkpoint = { readonly busy: 0 | 1; readonly log: number; readonly checkpointed: number }

/** @param tools `wallMs` gives ms since 1970, `nowMs` a clock that is never set */
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
  /** Whether all that is in the WAL is in the database now; null if the checkpoint failed or has to wait. */
  const checkpoint = (how: 'PASSIVE' | 'TRUNCATE'): boolean | null => {
    if (nowMs() < refusedUntilMs) return null
    const timeoutMs = sqlite.pragma('busy_timeout', { simple: true })
    // Never wait for a reader: nothing else happens while the main thread waits.
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
      // If a copy was put there, what is in the former WAL must not get into it.
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
  const text = `${shownPath(`${path}-wal`)} has grown to ${Math.round(bytes / 1024 / 1024)} MiB, because ${who} keeps a \
read of the database open`
  const fix = 'end that program, perhaps a sqlite3 left in a transaction; the file is small again a few seconds later'
  return { ...problemText(text, fix), sinceMs }
}
