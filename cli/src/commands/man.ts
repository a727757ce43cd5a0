/** `drive-feed man`: the manual. */
import type { CommandDefinition } from '../command.ts'

export const manCommand: CommandDefinition = {
  name: 'man',
  summary: 'Print the manual page, for man',
  description: ['The page has every command with its options.'],
  operands: [],
  options: [],
  examples: [
    { command: 'drive-feed man | man -l -', does: 'shows it' },
    { command: 'drive-feed man > /usr/local/share/man/man1/drive-feed.1', does: 'installs it' },
  ],
  load: async () => (await import('../describing/print-manual.ts')).printManual,
}
