/** What `drive-feed start` prints. */

import { relative } from 'node:path'
import { shownPath } from '@drive-feed/shared/shown-path.ts'
import { endWithReader } from '../closed-pipe.ts'

export function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

/** A path as the user would type it. */
export function shown(path: string): string {
  const fromHere = relative(process.cwd(), path)
  return shownPath(fromHere.startsWith('..') ? path : fromHere)
}

/** A terminal that was closed, or a pipe whose reader has ended, stops no service, though it ends every other command. */
export function outliveTheTerminal(): void {
  process.stdout.removeListener('error', endWithReader)
  for (const output of [process.stdout, process.stderr]) output.on('error', () => {})
}
