/** `drive-feed start`: both services, until Ctrl-C. */
import type { CommandDefinition } from '../command.ts'

export const startCommand: CommandDefinition = {
  name: 'start',
  summary: 'Run the indexer and the api until Ctrl-C',
  description: [
    'The first start writes the config, data/server.yaml, which watches the given folders; without any, a sample folder is made. Later the config counts: edit it, and give no folders.',
    'Before anything is written or started, the port is tested. If the same data are served already, that is said and the exit code is 0. If another program has the port, it is named and the exit code is 1.',
    'Shows progress, and then each problem once when it appears and once when it has passed.',
  ],
  operands: [
    {
      name: 'FOLDER',
      summary: 'what to watch; only for the first start',
      isOptional: true,
      isRepeated: true,
      completes: 'folder',
    },
  ],
  options: [
    {
      name: 'data',
      value: 'FOLDER',
      summary: "where config, database and logs are (default: data in the project's folder)",
      completes: 'folder',
    },
    { name: 'port', value: 'N', summary: 'where the api listens; it is written into the config' },
  ],
  examples: [
    { command: 'drive-feed start /mnt/media', does: 'watches a folder' },
    { command: 'drive-feed start --port=8081', does: 'goes on, on another port' },
  ],
  load: async () => (await import('../start/start.ts')).start,
}
