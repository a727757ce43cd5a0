/** `drive-feed audit`: the disk beside the database. */
import { CONFIG_OPTION, type CommandDefinition, JSON_OPTION } from '../command.ts'

export const auditCommand: CommandDefinition = {
  name: 'audit',
  summary: 'Compare the watched folders with the database',
  description: [
    'Prints every difference, and changes nothing. Ends with 1 if there is a difference.',
    'Files and folders of a disk that is away are listed as away, and are no difference.',
  ],
  operands: [],
  options: [
    CONFIG_OPTION,
    { name: 'hashes', value: null, summary: 'read every file and compare its MD5 too' },
    JSON_OPTION,
  ],
  examples: [
    { command: 'drive-feed audit', does: 'names, sizes and times' },
    { command: 'drive-feed audit --hashes', does: 'reads every file, which takes long' },
  ],
  load: async () => (await import('../owner/run-audit.ts')).runAudit,
}
