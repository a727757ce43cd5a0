/** The command line of the services. */
import { parseArgs } from 'node:util'
import { shownText } from './shown-text.ts'
import { VERSION } from './version.ts'

/** The variable that names the config for all programs in a container or a clone. It is no key of the config. */
export const CONFIG_PATH_VARIABLE = 'DRIVE_FEED_CONFIG'
/** The config that programs read if none is named on the command line. */
export const DEFAULT_CONFIG_PATH = process.env[CONFIG_PATH_VARIABLE] || '/data/server.yaml'
const EXIT_USAGE = 2

/**
 * Reads `--config=PATH`. `--help` and `--version` print and end the process with 0. Anything unknown ends it with 2 and
 * one line on standard error.
 *
 * @param argv without the interpreter and the script: `process.argv.slice(2)`
 */
export function parseCommandLine(options: {
  program: string
  summary: string
  argv: readonly string[]
  /** Further options without a value, with what they do. */
  flags?: Readonly<Record<string, string>>
  /** The name of the one operand, which must then be given. */
  operand?: string
}): { configPath: string; flags: ReadonlySet<string>; operand: string } {
  const { program, summary, argv, flags = {}, operand } = options
  const { values, positionals } = readOptions(program, argv, Object.keys(flags), operand !== undefined)
  if (values.help) {
    process.stdout.write(helpText(program, summary, flags, operand))
    process.exit(0)
  }
  if (values.version) {
    process.stdout.write(`${program} ${VERSION}\n`)
    process.exit(0)
  }
  if (values.config === '') exitWithUsage(program, '--config needs the path of a file')
  if (operand !== undefined && positionals.length !== 1) exitWithUsage(program, `needs one ${operand}`)
  const given: Readonly<Record<string, unknown>> = values
  const givenFlags = new Set(Object.keys(flags).filter((flag) => given[flag] === true))
  return { configPath: values.config, flags: givenFlags, operand: positionals[0] ?? '' }
}

function readOptions(program: string, argv: readonly string[], flags: readonly string[], allowPositionals: boolean) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals,
      options: {
        ...Object.fromEntries(flags.map((flag) => [flag, { type: 'boolean' as const }])),
        config: { type: 'string', default: DEFAULT_CONFIG_PATH },
        help: { type: 'boolean', short: 'h', default: false },
        version: { type: 'boolean', default: false },
      },
    })
  } catch (error) {
    // Node's message continues with advice about '--' that does not apply here.
    const [what] = (error as Error).message.split(/\. |\n/)
    return exitWithUsage(program, what ?? 'not understood')
  }
}

function exitWithUsage(program: string, what: string): never {
  process.stderr.write(`${program}: ${shownText(what.replace(/\.$/, ''))}; see ${program} --help\n`)
  process.exit(EXIT_USAGE)
}

function helpText(program: string, summary: string, flags: Readonly<Record<string, string>>, operand?: string): string {
  const word = operand === undefined ? '' : ` ${operand}`
  const names = Object.keys(flags).map((flag) => ` [--${flag}]`)
  const lines = Object.entries(flags).map(([flag, does]) => `  ${`--${flag}`.padEnd(13)}  ${does}\n`)
  return `${summary}

Usage: ${program}${word} [--config=PATH]${names.join('')}

  --config=PATH  the YAML config file (default ${DEFAULT_CONFIG_PATH})
${lines.join('')}\
  -h, --help     print this and exit
  --version      print the version and exit
`
}
