/** `drive-feed du`: what takes the room. */
import { CONFIG_OPTION, type CommandDefinition, JSON_OPTION } from '../command.ts'

export const duCommand: CommandDefinition = {
  name: 'du',
  summary: 'Show the sizes and numbers of files of folders, with all that is below them',
  description: [
    'Reads only the database, so no disk wakes up. The largest folder comes first. Sizes are those of the contents, and ' +
      'each name of a hard link counts.',
  ],
  operands: [
    {
      name: 'PATH',
      summary: 'a folder, or the name of a watched one (default: all)',
      isOptional: true,
      completes: 'folder',
    },
  ],
  options: [
    CONFIG_OPTION,
    { name: 'depth', value: 'N', summary: 'list folders down to so many levels', default: '1' },
    JSON_OPTION,
  ],
  examples: [
    { command: 'drive-feed du', does: 'each watched folder, and the folders in it' },
    { command: 'drive-feed du /mnt/media/photos --depth=2', does: 'two levels of one folder' },
  ],
  load: async () => (await import('../reading/show-sizes.ts')).showSizes,
}
