/** Every subcommand, in the order in which help lists them: one file each in `commands/`. */
import type { CommandDefinition } from './command.ts'
import { duplicatesCommand } from './commands/duplicates.ts'

export const COMMANDS: readonly CommandDefinition[] = [duplicatesCommand]
