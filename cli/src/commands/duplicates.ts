/** `drive-feed duplicates`: files with equal content. */
import type { CommandDefinition } from '../command.ts'
import { CONFIG_OPTION, JSON_OPTION } from '../command.ts'

export const duplicatesCommand: CommandDefinition = {
  name: 'duplicates',
  summary: 'List files with equal content',
  description: ['Reads only the database. Files without a hash are not compared, and empty files are left out.'],
  operands: [],
  options: [CONFIG_OPTION, JSON_OPTION],
  examples: [{ command: 'drive-feed duplicates', does: 'the most wasteful first' }],
  load: async () => (await import('../reading/list-duplicates.ts')).listDuplicates,
}
