/** Why a file could not be written, in words for its owner. */
import { shownPath } from '@drive-feed/shared/shown-path.ts'
import { shownText } from '@drive-feed/shared/shown-text.ts'
import { CommandError } from '../command.ts'
import { EXIT_UNUSABLE } from '../exit-codes.ts'

const FULL = ['SQLITE_FULL', 'ENOSPC', 'EDQUOT']

/** The error itself if it is not about writing. @param path the file that was to be written */
export function writingTrouble(error: unknown, path: string): unknown {
  if (!(error instanceof Error)) return error
  const { code = '', message } = error as NodeJS.ErrnoException
  if (FULL.includes(code)) {
    return new CommandError(`there is no room for ${shownPath(path)} on its disk; make room`, EXIT_UNUSABLE)
  }
  if (!/^(E[A-Z0-9]+|SQLITE_[A-Z_]+)$/.test(code)) return error
  return new CommandError(`${shownPath(path)} can't be written: ${shownText(message)}`, EXIT_UNUSABLE)
}
