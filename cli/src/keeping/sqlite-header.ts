/** How each database of SQLite begins. */
import { closeSync, openSync, readSync } from 'node:fs'

const SQLITE_HEADER = 'SQLite format 3\0'

/** @param file a regular file: opening a FIFO would wait for ever @throws {NodeJS.ErrnoException} */
export function hasSqliteHeader(file: string): boolean {
  const start = Buffer.alloc(SQLITE_HEADER.length)
  const fd = openSync(file, 'r')
  try {
    readSync(fd, start, 0, start.length, 0)
  } finally {
    closeSync(fd)
  }
  return start.toString('latin1') === SQLITE_HEADER
}
