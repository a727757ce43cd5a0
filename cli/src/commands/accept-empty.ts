/** `drive-feed accept-empty`: the owner's word that what is gone is meant to be gone. */
import { CONFIG_OPTION, type CommandDefinition } from '../command.ts'

export const acceptEmptyCommand: CommandDefinition = {
  name: 'accept-empty',
  summary: 'Accept that a watched folder is empty, or that a disk will not come back',
  description: [
    'With the name of a watched folder that is offline because it is empty or another folder than before: it is right ' +
      'as it is now, and its former files and folders leave the feed.',
    'With the absolute path of a place inside a watched folder: the filesystem that was mounted there will not come ' +
      'back, and its files and folders leave the feed.',
  ],
  operands: [{ name: 'NAME|PATH', summary: 'a watched folder, or a place inside one', isOptional: false }],
  options: [CONFIG_OPTION],
  examples: [
    { command: 'drive-feed accept-empty photos', does: 'the folder photos was emptied on purpose' },
    { command: 'drive-feed accept-empty /mnt/media/disk2', does: 'that disk was taken out for good' },
  ],
  load: async () => (await import('../owner/run-accept-empty.ts')).runAcceptEmpty,
}
