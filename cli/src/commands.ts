/** Every subcommand, in the order in which help lists them: one file each in `commands/`. */
import type { CommandDefinition } from './command.ts'
import { acceptEmptyCommand } from './commands/accept-empty.ts'
import { apiCommand } from './commands/api.ts'
import { auditCommand } from './commands/audit.ts'
import { backupCommand } from './commands/backup.ts'
import { duCommand } from './commands/du.ts'
import { duplicatesCommand } from './commands/duplicates.ts'
import { indexerCommand } from './commands/indexer.ts'
import { rescanCommand } from './commands/rescan.ts'
import { statusCommand } from './commands/status.ts'
import { watchCommand } from './commands/watch.ts'

export const COMMANDS: readonly CommandDefinition[] = [
  indexerCommand,
  apiCommand,
  statusCommand,
  auditCommand,
  acceptEmptyCommand,
  rescanCommand,
  watchCommand,
  duCommand,
  duplicatesCommand,
  backupCommand,
]
