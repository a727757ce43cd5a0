/** `drive-feed install-service`: units for systemd. */
import type { CommandDefinition } from '../command.ts'
import { CONFIG_OPTION } from '../command.ts'

export const installServiceCommand: CommandDefinition = {
  name: 'install-service',
  summary: 'Have systemd run the indexer and the api',
  description: [
    'Writes drive-feed-indexer.service and drive-feed-api.service to /etc/systemd/system, and limits of inotify to /etc/sysctl.d, and starts both services. Needs root. To be run again after a change of the paths in the config; what is the same stays as it is.',
    'The indexer runs as the owner of the folder of the database, or as the given user, and may read every file. The api runs as the same user; if that is root, as a user that exists only while it runs. Neither may do anything else.',
  ],
  operands: [],
  options: [
    CONFIG_OPTION,
    {
      name: 'user',
      value: 'NAME',
      summary: 'who runs both services (default: the owner of the folder of the database)',
    },
    { name: 'print', value: null, summary: 'print the files, and change nothing' },
    { name: 'uninstall', value: null, summary: 'stop the services and remove the files; the data stay' },
  ],
  examples: [
    {
      command: 'sudo drive-feed install-service --config=/srv/drive-feed/server.yaml',
      does: 'installs and starts both',
    },
    { command: 'drive-feed install-service --print', does: 'shows what it would write' },
  ],
  load: async () => (await import('../service/install-service.ts')).installService,
}
