/** `drive-feed rescan`: looking again at what nobody told of. */
import { CONFIG_OPTION, type CommandDefinition } from '../command.ts'

export const rescanCommand: CommandDefinition = {
  name: 'rescan',
  summary: 'Have the indexer list watched folders, or a folder in one, anew',
  description: [
    'For changes that the kernel does not report, as those of other machines on a network filesystem. Waits until it is ' +
      'done. Of a file, or of what is not known yet, the folder that it is in is listed.',
    'Ends with 1 if no indexer runs, if the path is in no watched folder or excluded, or if that folder is offline.',
  ],
  operands: [
    {
      name: 'PATH',
      summary: 'a folder, or the name of a watched one (default: all)',
      isOptional: true,
      completes: 'folder',
    },
  ],
  options: [CONFIG_OPTION],
  examples: [
    { command: 'drive-feed rescan', does: 'every watched folder' },
    { command: 'drive-feed rescan /mnt/media/photos/2020', does: 'this folder and all below it' },
  ],
  load: async () => (await import('../owner/run-rescan.ts')).runRescan,
}
