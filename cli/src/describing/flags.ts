/** What every command takes besides its own options, and how the words of a shell are quoted. */
import type { CommandDefinition, OptionDefinition } from '../command.ts'

const COMMON: readonly OptionDefinition[] = [
  { name: 'help', value: null, summary: 'print this and exit' },
  { name: 'version', value: null, summary: 'print the version and exit' },
]

export function allOptions({ options }: CommandDefinition): readonly OptionDefinition[] {
  return [...options, ...COMMON]
}

export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
