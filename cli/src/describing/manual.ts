/** The manual page in the macros of man(7). */
import { VERSION } from '@drive-feed/shared/version.ts'
import type { CommandDefinition, OperandDefinition, OptionDefinition } from '../command.ts'
import { EXIT_BUG, EXIT_DONE, EXIT_NOT_WELL, EXIT_UNUSABLE } from '../exit-codes.ts'
import { allOptions } from './flags.ts'

const EXIT_CODES: readonly (readonly [number, string])[] = [
  [EXIT_DONE, 'It is done, or the answer is yes.'],
  [EXIT_NOT_WELL, 'The answer is no: a difference, a problem, a refusal.'],
  [EXIT_UNUSABLE, 'Nothing was done: the command line or the config has a mistake, or what it needs is not there.'],
  [EXIT_BUG, 'A bug; the stack is on standard error.'],
]

export function manualPage(commands: readonly CommandDefinition[]): string {
  const lines = [
    `.TH DRIVE-FEED 1 "" "drive-feed ${roff(VERSION)}" "User Commands"`,
    '.SH NAME',
    'drive-feed \\- watch folders on a NAS and serve what changed since a cursor over HTTP',
    '.SH SYNOPSIS',
    '.B drive-feed',
    '.I COMMAND',
    '[\\fIOPTION\\fR...] [\\fIOPERAND\\fR...]',
    '.SH DESCRIPTION',
    'An indexer watches folders and keeps a database of the files in them. An api serves it over HTTP.',
    'Everything that their owner does is a command of this program.',
    '.SH COMMANDS',
    ...commands.flatMap(commandLines),
    '.SH EXIT STATUS',
    ...EXIT_CODES.flatMap(([code, means]) => ['.TP', `.B ${code}`, text(means)]),
    'The commands indexer and api end with the codes of the services.',
  ]
  return `${lines.join('\n')}\n`
}

function commandLines(command: CommandDefinition): string[] {
  const { name, summary, description, operands, examples } = command
  const title = [`\\fB${roff(name)}\\fR`, '[\\fIOPTION\\fR...]', ...operands.map(operandWord)].join(' ')
  return [
    `.SS ${title}`,
    text(`${summary}.`),
    ...description.flatMap((paragraph) => ['.PP', text(paragraph)]),
    ...operands.flatMap((operand) => ['.TP', `.I ${roff(operand.name)}`, text(operand.summary)]),
    ...allOptions(command).flatMap(optionLines),
    ...examples.flatMap(({ command: typed, does }) => [
      '.TP',
      `.B ${roff(typed).replaceAll('"', '\\(dq')}`,
      text(does),
    ]),
  ]
}

function operandWord({ name, isOptional, isRepeated }: OperandDefinition): string {
  const word = `\\fI${roff(name)}\\fR${isRepeated === true ? '...' : ''}`
  return isOptional ? `[${word}]` : word
}

function optionLines({ name, value, summary, default: initial }: OptionDefinition): string[] {
  const word = `\\fB${roff(`--${name}`)}\\fR${value === null ? '' : `=\\fI${roff(value)}\\fR`}`
  return ['.TP', word, text(initial === undefined ? summary : `${summary} (default: ${initial})`)]
}

/** A line of text: one that begins with a dot or a quote would be a request. */
function text(line: string): string {
  return roff(line).replace(/^[.']/, '\\&$&')
}

/** Hyphens that are typed must not become dashes, and backslashes are escapes. */
function roff(words: string): string {
  return words
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replaceAll("'", '\\(aq')
    .replaceAll('~', '\\(ti')
    .replaceAll('^', '\\(ha')
    .replaceAll('`', '\\(ga')
}
