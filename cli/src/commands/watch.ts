/** `drive-feed watch`: changes as they come. */
import { CONFIG_OPTION, type CommandDefinition, JSON_OPTION } from '../command.ts'

export const watchCommand: CommandDefinition = {
  name: 'watch',
  summary: 'Follow changes in the terminal, one line each',
  description: [
    'Prints the time, created, changed, moved or removed, and the path, until Ctrl-C. What is below a folder that moved ' +
      'is moved too. A new file is changed once more when it was read. Of changes of one file that follow each other ' +
      'within half a second only the last is seen.',
    'While the database is away, it waits and says so once. If another one comes in its place, it goes on from the end of ' +
      'that one.',
  ],
  operands: [],
  options: [CONFIG_OPTION, JSON_OPTION],
  examples: [
    { command: 'drive-feed watch', does: 'for people' },
    { command: 'drive-feed watch --json | jq -r \'select(.change == "removed").path\'', does: 'what is removed' },
  ],
  load: async () => (await import('../reading/watch-changes.ts')).watchChanges,
}
