/** Prints the manual page, made of the definitions of all commands. */
import type { RunCommand } from '../command.ts'
import { EXIT_DONE } from '../exit-codes.ts'
import { manualPage } from './manual.ts'

export const printManual: RunCommand = async (_, commands) => {
  process.stdout.write(manualPage(commands))
  return EXIT_DONE
}
