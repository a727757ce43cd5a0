/** The completion for bash, which needs nothing of the package bash-completion. */
import type { CommandDefinition, OptionDefinition } from '../command.ts'
import { allOptions, quoted } from './flags.ts'

type Completes = OptionDefinition['completes']

/**
 * Bash breaks words at `=`, so that `--config=/et` is three words; the function joins them again. Names are read by
 * lines, not words, and `filenames` has bash quote them: otherwise a name with spaces falls apart.
 */
export function bashCompletion(commands: readonly CommandDefinition[]): string {
  const names = commands.map(({ name }) => name)
  return `# bash completion of drive-feed: source <(drive-feed completion bash)
_drive_feed() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} option=''
  COMPREPLY=()
  if [[ $current == = ]]; then
    option=$previous current=''
  elif [[ $previous == = ]]; then
    option=\${COMP_WORDS[COMP_CWORD-2]}
  elif [[ $previous == --* ]]; then
    option=$previous
  fi
  if ((COMP_CWORD == 1)); then
    mapfile -t COMPREPLY < <(compgen -W ${quoted([...names, 'help', '--help', '--version'].join(' '))} -- "$current")
    return
  fi
  case \${COMP_WORDS[1]} in
    help) mapfile -t COMPREPLY < <(compgen -W ${quoted(names.join(' '))} -- "$current") ;;
${commands.map(caseOf).join('\n')}
  esac
}
complete -F _drive_feed drive-feed
`
}

function caseOf(command: CommandDefinition): string {
  const options = allOptions(command)
  const flags = options.map(({ name, value }) => `--${name}${value === null ? '' : '='}`)
  const values = options.filter(({ value }) => value !== null)
  const valueCases = values.map(({ name, completes }) => `        --${name}) ${completion(completes)}; return ;;`)
  const operand = command.operands.at(0)
  return `    ${command.name})
${valueCases.length === 0 ? '' : `      case $option in\n${valueCases.join('\n')}\n      esac\n`}\
      if [[ $current == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W ${quoted(flags.join(' '))} -- "$current")
        if [[ \${COMPREPLY[0]-} == *= ]]; then compopt -o nospace; fi
      else
        ${completion(operand?.completes)}
      fi
      ;;`
}

function completion(completes: Completes): string {
  if (completes === undefined) return ':'
  if (completes === 'file') return 'compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$current")'
  if (completes === 'folder') return 'compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$current")'
  return `mapfile -t COMPREPLY < <(compgen -W ${quoted(completes.join(' '))} -- "$current")`
}
