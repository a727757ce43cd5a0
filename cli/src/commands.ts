/** Every subcommand, in the order in which help lists them: one file each in `commands/`. */
import type { CommandDefinition } from './command.ts'
import { duplicatesCommand } from './commands/duplicates.ts'
import { startCommand } from './commands/start.ts'

export const COMMANDS: readonly CommandDefinition[] = [startCommand, duplicatesCommand]
