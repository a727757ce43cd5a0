/** `drive-feed doctor`: what is fine, and what to do. */
import type { CommandDefinition } from '../command.ts'
import { CONFIG_OPTION, JSON_OPTION } from '../command.ts'

export const doctorCommand: CommandDefinition = {
  name: 'doctor',
  summary: 'Check the config, the folders and the machine, and say what to do',
  description: [
    'Each line is fine, a note, or says what to do. To be run as the user who runs the indexer, since permissions are those of this user.',
    'A disk or server that does not answer is reported after ten seconds. Nothing is written but a small file beside the database, which is removed. The exit code is 0 if there is nothing to do, and 1 if there is.',
  ],
  operands: [],
  options: [CONFIG_OPTION, JSON_OPTION],
  examples: [{ command: 'drive-feed doctor --config=data/server.yaml', does: 'looks at everything' }],
  load: async () => (await import('../doctor/doctor.ts')).doctor,
}
