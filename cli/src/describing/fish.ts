/** The completion for fish: a line for each word that may follow. */
import type { CommandDefinition, OptionDefinition } from '../command.ts'
import { allOptions } from './flags.ts'

export function fishCompletion(commands: readonly CommandDefinition[]): string {
  const names = commands.map(({ name }) => name).join(' ')
  const lines = [
    '# fish completion of drive-feed: drive-feed completion fish > ~/.config/fish/completions/drive-feed.fish',
    'complete -c drive-feed -f',
    ...commands.map(
      ({ name, summary }) => `complete -c drive-feed -n __fish_use_subcommand -a ${name} -d ${quoted(summary)}`,
    ),
    `complete -c drive-feed -n __fish_use_subcommand -a help -d 'print the help of a command'`,
    `complete -c drive-feed -n __fish_use_subcommand -l version -d 'print the version and exit'`,
    `complete -c drive-feed -n __fish_use_subcommand -l help -d 'print this and exit'`,
    `complete -c drive-feed -n '__fish_seen_subcommand_from help' -a ${quoted(names)}`,
    ...commands.flatMap(linesOf),
  ]
  return `${lines.join('\n')}\n`
}

function linesOf(command: CommandDefinition): string[] {
  const when = `complete -c drive-feed -n '__fish_seen_subcommand_from ${command.name}'`
  const options = allOptions(command).map(({ name, value, summary, completes }) => {
    const takes = value === null ? '' : ` -r ${argument(completes)}`
    return `${when} -l ${name} -d ${quoted(summary)}${takes}`
  })
  const operand = command.operands[0]?.completes
  return operand === undefined ? options : [...options, `${when} ${argument(operand)}`]
}

function argument(completes: OptionDefinition['completes']): string {
  if (completes === undefined) return '-f'
  if (completes === 'file') return '-F'
  return completes === 'folder' ? "-a '(__fish_complete_directories)'" : `-a ${quoted(completes.join(' '))}`
}

/** Fish takes a backslash in quotes as an escape, unlike other shells. */
function quoted(text: string): string {
  return `'${text.replace(/[\\']/g, '\\$&')}'`
}
