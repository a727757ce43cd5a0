/** Reads a command line by the definitions, runs the command, and says what went wrong in one line. */
import { ConfigError } from '@drive-feed/shared/config/config-error.ts'
import { DatabaseUnusableError } from '@drive-feed/shared/open-database.ts'
import { shownText } from '@drive-feed/shared/shown-text.ts'
import { VERSION } from '@drive-feed/shared/version.ts'
import { Argument, Command, CommanderError, Option } from 'commander'
import { type CommandDefinition, CommandError, type Given, type RunCommand } from './command.ts'
import { EXIT_BUG, EXIT_DONE, EXIT_UNUSABLE } from './exit-codes.ts'

export const PROGRAM = 'drive-feed'

export type Output = { readonly out: (text: string) => void; readonly error: (text: string) => void }

/** Gives the exit code. @param argv without the interpreter and the script */
export async function runProgram(
  definitions: readonly CommandDefinition[],
  argv: readonly string[],
  output: Output,
): Promise<number> {
  let ran: { readonly definition: CommandDefinition; readonly given: Given } | null = null
  const program = describeProgram(definitions, output, (definition, given) => {
    ran = { definition, given }
  })
  try {
    program.parse([...argv], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 ? EXIT_DONE : EXIT_UNUSABLE
  }
  return ran === null ? EXIT_UNUSABLE : run(ran, definitions, output)
}

async function run(
  { definition, given }: { readonly definition: CommandDefinition; readonly given: Given },
  definitions: readonly CommandDefinition[],
  output: Output,
): Promise<number> {
  try {
    return await (await loadPart(definition))(given, definitions)
  } catch (error) {
    const who = `${PROGRAM} ${definition.name}`
    if (error instanceof CommandError) {
      output.error(`${who}: ${error.message}\n`)
      return error.exitCode
    }
    if (error instanceof ConfigError) {
      output.error(error.linesOf(who))
      return EXIT_UNUSABLE
    }
    if (error instanceof DatabaseUnusableError) {
      output.error(`${who}: ${error.message}\n`)
      return EXIT_UNUSABLE
    }
    output.error(`${who}: a bug: ${(error as Error).stack ?? String(error)}\n`)
    return EXIT_BUG
  }
}

/** The image of the api has no indexer, and so not what the indexer's commands run. */
async function loadPart({ load }: CommandDefinition): Promise<RunCommand> {
  try {
    return await load()
  } catch (error) {
    const { code, url } = error as NodeJS.ErrnoException & { url?: string }
    if (code !== 'ERR_MODULE_NOT_FOUND' || url?.includes('/services/') !== true) throw error
    throw new CommandError('it is not in this image; run it in the container of the indexer', EXIT_UNUSABLE)
  }
}

type OnCommand = (definition: CommandDefinition, given: Given) => void

function describeProgram(definitions: readonly CommandDefinition[], output: Output, onCommand: OnCommand): Command {
  const program = new Command(PROGRAM)
    .description('Watches folders on a NAS and serves what changed since a cursor over HTTP.')
    .version(`${PROGRAM} ${VERSION}`, '--version', 'print the version and exit')
    .enablePositionalOptions()
    .helpOption('-h, --help', 'print this and exit')
    .helpCommand('help [command]', 'print the help of a command')
    .showSuggestionAfterError()
  // Commander's messages begin with "error: " and may end with an empty line; ours begin with the program.
  const refuse = (who: string) => (text: string) => {
    const message = text
      .trim()
      .replace(/^error: /, '')
      .split('\n')
      .join(' ')
    output.error(`${who}: ${shownText(message)}; see ${who} --help\n`)
  }
  program.exitOverride().configureOutput({ writeOut: output.out, writeErr: output.out, outputError: refuse(PROGRAM) })
  for (const definition of definitions) {
    program.addCommand(describeCommand(definition, onCommand, output, refuse(`${PROGRAM} ${definition.name}`)))
  }
  return program
}

function describeCommand(
  definition: CommandDefinition,
  onCommand: OnCommand,
  output: Output,
  outputError: (text: string) => void,
): Command {
  const command = new Command(definition.name)
    .summary(definition.summary)
    .description([`${definition.summary}.`, ...definition.description].join('\n\n'))
    .helpOption('-h, --help', 'print this and exit')
    .version(`${PROGRAM} ${VERSION}`, '--version', 'print the version and exit')
    .exitOverride()
    .configureOutput({ writeOut: output.out, writeErr: output.out, outputError })
    .allowExcessArguments(false)
  for (const { name, summary, isOptional, isRepeated } of definition.operands) {
    const word = `${name}${isRepeated === true ? '...' : ''}`
    command.addArgument(new Argument(isOptional ? `[${word}]` : `<${word}>`, summary))
  }
  for (const { name, value, summary, default: initial } of definition.options) {
    const option = new Option(`--${name}${value === null ? '' : ` <${value}>`}`, summary)
    command.addOption(initial === undefined ? option : option.default(initial))
  }
  if (definition.examples.length > 0) command.addHelpText('after', examplesText(definition))
  return command.action(() => {
    const operands = command.processedArgs.flat().filter((word) => typeof word === 'string')
    const values: Readonly<Record<string, unknown>> = command.opts()
    const entries = definition.options.map(({ name }) => [name, values[camelCase(name)]] as const)
    onCommand(definition, { operands, options: Object.fromEntries(entries) as Given['options'] })
  })
}

function examplesText({ examples }: CommandDefinition): string {
  const width = Math.max(...examples.map(({ command }) => command.length))
  return `\nExamples:\n${examples.map(({ command, does }) => `  ${command.padEnd(width)}  ${does}`).join('\n')}`
}

/** As Commander names the values of options. */
function camelCase(name: string): string {
  return name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())
}
