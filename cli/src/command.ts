/** What a subcommand of `drive-feed` is: its words for help, completion and manual, and how it is run. */
import { DEFAULT_CONFIG_PATH } from '@drive-feed/shared/command-line.ts'

export type OptionDefinition = {
  /** As in `config`, given as `--config`. */
  readonly name: string
  /** The value's name, as in `PATH`; null for one that is just given or not. */
  readonly value: string | null
  readonly summary: string
  readonly default?: string
  /** For completion. Default: any text. */
  readonly completes?: 'file' | 'folder' | readonly string[]
}

export type OperandDefinition = {
  /** As in `PATH`. */
  readonly name: string
  readonly summary: string
  readonly isOptional: boolean
  /** Whether there may be several. */
  readonly isRepeated?: boolean
  readonly completes?: 'file' | 'folder' | readonly string[]
}

export type CommandDefinition = {
  readonly name: string
  /** One line, without a full stop. */
  readonly summary: string
  /** Further paragraphs for its help and the manual. */
  readonly description: readonly string[]
  readonly operands: readonly OperandDefinition[]
  readonly options: readonly OptionDefinition[]
  /** Commands as a user would type them, with what they do. */
  readonly examples: readonly { readonly command: string; readonly does: string }[]
  /** Imports what runs it. A command line that is only parsed needs none of it. */
  readonly load: () => Promise<RunCommand>
}

export type Given = {
  /** In their order; empty where none was given. */
  readonly operands: readonly string[]
  /** The values of options, by name; true for one that is just given. */
  readonly options: Readonly<Record<string, string | true | undefined>>
}

/**
 * Runs the command. Gives the exit code; a `CommandError` is told in one line, and anything else that is thrown is a bug.
 *
 * @param commands all there are, for what describes them
 */
export type RunCommand = (given: Given, commands: readonly CommandDefinition[]) => Promise<number>

/** Ends the command with one line for people. */
export class CommandError extends Error {
  readonly exitCode: number

  constructor(message: string, exitCode: number) {
    super(message)
    this.exitCode = exitCode
  }
}

export const CONFIG_OPTION: OptionDefinition = {
  name: 'config',
  value: 'PATH',
  summary: 'the YAML config file',
  default: DEFAULT_CONFIG_PATH,
  completes: 'file',
}

export const JSON_OPTION: OptionDefinition = {
  name: 'json',
  value: null,
  summary: 'print JSON, for programs',
}
