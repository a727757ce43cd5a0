/** Prints the completion of one shell, made of the definitions of all commands. */
import { shownText } from '@drive-feed/shared/shown-text.ts'
import { CommandError, type RunCommand } from '../command.ts'
import { EXIT_DONE, EXIT_UNUSABLE } from '../exit-codes.ts'
import { bashCompletion } from './bash.ts'
import { fishCompletion } from './fish.ts'
import { SHELLS, type Shell } from './shells.ts'
import { zshCompletion } from './zsh.ts'

const MAKERS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const

export const printCompletion: RunCommand = async ({ operands: [typed = ''] }, commands) => {
  if (!isShell(typed)) {
    throw new CommandError(`${shownText(JSON.stringify(typed))} is none of ${SHELLS.join(', ')}`, EXIT_UNUSABLE)
  }
  process.stdout.write(MAKERS[typed](commands))
  return EXIT_DONE
}

function isShell(text: string): text is Shell {
  return (SHELLS as readonly string[]).includes(text)
}
