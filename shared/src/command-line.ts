/** The command line of the services. */
import { parseArgs } from 'node:util'
import { VERSION } from './version.ts'

const DEFAULT_CONFIG_PATH = '/data/server.yaml'
const EXIT_USAGE = 2

/**
 * Reads `--config=PATH`. `--help` and `--version` print and end the process with 0; anything else that is not known ends
 * it with 2 and one line on standard error.
 *
 * @param argv without the interpreter and the script: `process.argv.slice(2)`
 */
export function parseCommandLine(options: { program: string; summary: string; argv: readonly string[] }): {
  configPath: string
} {
  const { program, summary, argv } = options
  const values = readOptions(program, argv)
  if (values.help) {
    process.stdout.write(helpText(program, summary))
    process.exit(0)
  }
  if (values.version) {
    process.stdout.write(`${program} ${VERSION}\n`)
    process.exit(0)
  }
  if (values.config === '') exitWithUsage(program, '--config needs the path of a file')
  return { configPath: values.config }
}

function readOptions(program: string, argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        config: { type: 'string', default: DEFAULT_CONFIG_PATH },
        help: { type: 'boolean', short: 'h', default: false },
        version: { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    // Node's message goes on with advice about '--' that does not apply here.
    const [what] = (error as Error).message.split(/\. |\n/)
    return exitWithUsage(program, what ?? 'not understood')
  }
}

function exitWithUsage(program: string, what: string): never {
  process.stderr.write(`${program}: ${what.replace(/\.$/, '')}; see ${program} --help\n`)
  process.exit(EXIT_USAGE)
}

function helpText(program: string, summary: string): string {
  return `${summary}

Usage: ${program} [--config=PATH]

  --config=PATH  the YAML config file (default ${DEFAULT_CONFIG_PATH})
  -h, --help     print this and exit
  --version      print the version and exit
`
}
