/** Leaving a file beside the database, which not every user may. */
import { dirname } from 'node:path'
import { shownPath } from '@drive-feed/shared/shown-path.ts'
import { Refusal } from './refusal.ts'

/** @throws {Refusal} if `leave` can't write */
export function leaveWord(databasePath: string, leave: () => void): void {
  try {
    leave()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    const folder = shownPath(dirname(databasePath))
    throw new Refusal(`the indexer is asked by a file in ${folder}, which can't be written (${code}): \
run this as the user of the indexer`)
  }
}
