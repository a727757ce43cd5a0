/** `drive-feed status`: how the feed is. */
import { CONFIG_OPTION, type CommandDefinition, JSON_OPTION } from '../command.ts'

export const statusCommand: CommandDefinition = {
  name: 'status',
  summary: 'Show what is watched, what is left to do, and problems with what to do',
  description: [
    'Reads the database, so it works while the api is away. Ends with 0 if all is well, and with 1 if there is a problem ' +
      'or no indexer runs. An api that does not answer is no problem: it may run where this command can not reach it.',
  ],
  operands: [],
  options: [CONFIG_OPTION, JSON_OPTION],
  examples: [
    { command: 'drive-feed status', does: 'for people' },
    { command: "drive-feed status --json | jq -r '.problems[].fix'", does: 'what to do' },
  ],
  load: async () => (await import('../reading/show-status.ts')).showStatus,
}
