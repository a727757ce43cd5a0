/** `drive-feed backup FILE`: a copy of the database. */
import type { CommandDefinition } from '../command.ts'
import { CONFIG_OPTION, JSON_OPTION } from '../command.ts'

export const backupCommand: CommandDefinition = {
  name: 'backup',
  summary: 'Copy the database into a file, while everything runs',
  description: [
    'The copy is one state of the database, checked, and there is either the whole file or none. A copy by cp(1) is not: \
the newest changes are in another file.',
    'What the indexer writes meanwhile stays in feed.db-wal, which may grow until the copy is done.',
  ],
  operands: [{ name: 'FILE', summary: 'the copy, which must not exist yet', isOptional: false, completes: 'file' }],
  options: [
    CONFIG_OPTION,
    { name: 'force', value: null, summary: 'replace FILE if it is a database or empty' },
    JSON_OPTION,
  ],
  examples: [
    { command: 'drive-feed backup feed-copy.db', does: 'copies and checks' },
    {
      command: 'drive-feed backup --force /backup/feed.db',
      does: 'replaces the copy of before, once the new one is whole',
    },
  ],
  load: async () => (await import('../keeping/back-up.ts')).backUp,
}
