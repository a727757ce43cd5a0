/** The completion for zsh, by `_arguments`. It works sourced, after compinit, and as a file `_drive-feed` in `fpath`. */
import type { CommandDefinition, OptionDefinition } from '../command.ts'
import { allOptions, quoted } from './flags.ts'

export function zshCompletion(commands: readonly CommandDefinition[]): string {
  const described = commands.map(({ name, summary }) => `    ${quoted(`${name}:${summary.replaceAll(':', '\\:')}`)}`)
  return `#compdef drive-feed
# zsh completion of drive-feed: source <(drive-feed completion zsh), after compinit
_drive_feed() {
  local -a commands
  commands=(
${described.join('\n')}
    'help:print the help of a command'
  )
  if ((CURRENT == 2)); then
    _describe command commands
    _arguments '--help[print this and exit]' '--version[print the version and exit]'
    return
  fi
  local command=$words[2]
  shift words
  ((CURRENT--))
  case $command in
    help) _describe command commands ;;
${commands.map(caseOf).join('\n')}
  esac
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _drive_feed "$@"
else
  compdef _drive_feed drive-feed
fi
`
}

function caseOf(command: CommandDefinition): string {
  const options = allOptions(command).map(({ name, value, summary, completes }) => {
    const end = value === null ? '' : `:${value}:${action(completes)}`
    return quoted(`--${name}${value === null ? '' : '='}[${escaped(summary)}]${end}`)
  })
  const operands = command.operands.map(({ name, isOptional, isRepeated, completes }, at) => {
    const place = isRepeated === true ? '*' : `${at + 1}`
    return quoted(`${place}:${isOptional ? ':' : ''}${escaped(name)}:${action(completes)}`)
  })
  return `    ${command.name}) _arguments ${[...options, ...operands].join(' \\\n      ')} ;;`
}

function action(completes: OptionDefinition['completes']): string {
  if (completes === undefined) return ' '
  if (completes === 'file') return '_files'
  return completes === 'folder' ? '_files -/' : `(${completes.join(' ')})`
}

function escaped(text: string): string {
  return text.replace(/[:[\]\\]/g, '\\$&')
}
