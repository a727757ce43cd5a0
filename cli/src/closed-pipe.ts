/** Output that nobody takes: readers that leave early, as `head` does, and full disks. */
import { writeSync } from 'node:fs'
import { shownText } from '@drive-feed/shared/shown-text.ts'
import { EXIT_UNUSABLE } from './exit-codes.ts'

/**
 * Ends the program as soon as nobody reads its output. Node reports that as an error event of the stream, not where it
 * was written, and ends with a stack if there is no listener. Output that can't be written is told, and ends it with 2.
 */
export function endWithReader(error: NodeJS.ErrnoException): void {
  if (error.code === 'EPIPE') process.exit()
  try {
    writeSync(process.stderr.fd, `drive-feed: the output can't be written: ${shownText(error.message)}\n`)
  } catch {
    // Nobody can be told.
  }
  process.exit(EXIT_UNUSABLE)
}
