/** `drive-feed api`: the service that reads. */
import { CONFIG_OPTION, type CommandDefinition } from '../command.ts'

export const apiCommand: CommandDefinition = {
  name: 'api',
  summary: 'Run the api, which serves the changes over HTTP',
  description: ['Runs until SIGTERM or SIGINT. It only reads the database, and any number of them may read one.'],
  operands: [],
  options: [CONFIG_OPTION],
  examples: [{ command: 'drive-feed api --config=/etc/drive-feed.yaml', does: 'serves until it is stopped' }],
  load: async () => (await import('../running/run-service.ts')).runService('api'),
}
