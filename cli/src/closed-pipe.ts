/** Readers that leave early, as `head` does. */

/**
 * Ends the program as soon as nobody reads its output. Node reports that as an error event of the stream, not where it
 * was written, and ends with a stack if there is no listener.
 */
export function endWithReader(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error
  process.exit()
}
