/** `drive-feed indexer`: the service that writes. */
import { CONFIG_OPTION, type CommandDefinition } from '../command.ts'

export const indexerCommand: CommandDefinition = {
  name: 'indexer',
  summary: 'Run the indexer, which watches the folders and keeps the database',
  description: ['Runs until SIGTERM or SIGINT. One indexer writes a database; a second one refuses to start.'],
  operands: [],
  options: [CONFIG_OPTION],
  examples: [{ command: 'drive-feed indexer --config=/etc/drive-feed.yaml', does: 'watches until it is stopped' }],
  load: async () => (await import('../running/run-service.ts')).runService('indexer'),
}
