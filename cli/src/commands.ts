/** Every subcommand, in the order in which help lists them: one file each in `commands/`. */
import type { CommandDefinition } from './command.ts'
import { acceptEmptyCommand } from './commands/accept-empty.ts'
import { apiCommand } from './commands/api.ts'
import { auditCommand } from './commands/audit.ts'
import { backupCommand } from './commands/backup.ts'
import { completionCommand } from './commands/completion.ts'
import { doctorCommand } from './commands/doctor.ts'
import { duCommand } from './commands/du.ts'
import { duplicatesCommand } from './commands/duplicates.ts'
import { indexerCommand } from './commands/indexer.ts'
import { installServiceCommand } from './commands/install-service.ts'
import { manCommand } from './commands/man.ts'
import { rescanCommand } from './commands/rescan.ts'
import { restoreCommand } from './commands/restore.ts'
import { startCommand } from './commands/start.ts'
import { statusCommand } from './commands/status.ts'
import { watchCommand } from './commands/watch.ts'

export const COMMANDS: readonly CommandDefinition[] = [
  startCommand,
  indexerCommand,
  apiCommand,
  statusCommand,
  auditCommand,
  doctorCommand,
  acceptEmptyCommand,
  rescanCommand,
  watchCommand,
  duCommand,
  duplicatesCommand,
  installServiceCommand,
  completionCommand,
  manCommand,
  backupCommand,
  restoreCommand,
]
