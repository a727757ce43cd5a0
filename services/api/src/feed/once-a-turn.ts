/** Looks at the files of the database once for all requests that arrived together. */
import type { DatabaseSource, Reading } from './database-source.ts'

/**
 * Opens the source once in each round of the event loop. The requests that are answered in one round were all sent before it
 * began, so they may get what was at the path then.
 */
export function openedOnceATurn(source: DatabaseSource): DatabaseSource {
  let opened: Reading | null = null
  return {
    ...source,
    open: () => {
      if (opened === null) {
        opened = source.open()
        setImmediate(() => {
          opened = null
        })
      }
      return opened
    },
  }
}
