/** `drive-feed restore FILE`: a copy in the database's place. */
import { CONFIG_OPTION, type CommandDefinition } from '../command.ts'

export const restoreCommand: CommandDefinition = {
  name: 'restore',
  summary: 'Put a copy in the place of the database, while everything runs',
  description: [
    'FILE is checked first, and stays as it is. What the database holds now is lost: make a backup of it if it may be needed.',
    'A running indexer ends within seconds with exit code 75, and puts the copy in place when it is started again, which Docker \
and systemd do. If none runs this is done at once. Then everything is compared with the disk.',
    'Clients that know more than the copy are told to begin anew.',
  ],
  operands: [{ name: 'FILE', summary: 'the copy', isOptional: false, completes: 'file' }],
  options: [CONFIG_OPTION],
  examples: [{ command: 'drive-feed restore feed-copy.db', does: 'goes back to that state' }],
  load: async () => (await import('../keeping/restore.ts')).restore,
}
