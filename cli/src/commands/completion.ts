/** `drive-feed completion`: a script for a shell. */
import type { CommandDefinition } from '../command.ts'
import { SHELLS } from '../describing/shells.ts'

export const completionCommand: CommandDefinition = {
  name: 'completion',
  summary: 'Print the script that completes commands in bash, zsh or fish',
  description: [],
  operands: [{ name: 'SHELL', summary: SHELLS.join(', '), isOptional: false, completes: SHELLS }],
  options: [],
  examples: [
    { command: 'source <(drive-feed completion bash)', does: 'in ~/.bashrc' },
    { command: 'source <(drive-feed completion zsh)', does: 'in ~/.zshrc, after compinit' },
    { command: 'drive-feed completion fish > ~/.config/fish/completions/drive-feed.fish', does: 'once' },
  ],
  load: async () => (await import('../describing/print-completion.ts')).printCompletion,
}
