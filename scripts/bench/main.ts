/**
 * `npm run bench [-- PART…]`: measures the whole system, started as a user starts it, beside what the same work costs
 * others and the least that it can cost. All of a row is measured in turn, round by round, on one machine: the seconds
 * differ between machines, but their ratio does not. Everything happens in a temporary folder and on the loopback
 * interface.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, release } from 'node:os'
import { parseArgs } from 'node:util'
import { inTemporaryFolder } from '../../test/support/temporary-folder.ts'
import type { Part } from './part.ts'
import { api } from './parts/api.ts'
import { growth } from './parts/growth.ts'
import { idle, latency } from './parts/latency.ts'
import { empty, extractors, large, metadata } from './parts/metadata.ts'
import { scan } from './parts/scan.ts'
import { tree } from './parts/tree.ts'
import { type Line, plotSvg } from './plot.ts'
import type { Row } from './row.ts'
import { TABLE_HEAD, tableLine } from './table.ts'

const PARTS: Readonly<Record<string, Part>> = {
  ...{ scan, api, latency, tree, metadata, extractors, empty, large, idle, growth },
}

const OPTIONS = {
  rounds: { type: 'string', default: '5' },
  files: { type: 'string', default: '200000' },
  json: { type: 'string' },
  plot: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const

const HELP = `Usage: npm run bench -- [PART…] [--rounds=5] [--files=200000] [--json=FILE] [--plot=FILE]

Prints a row for each figure: the median of the rounds, and the median of its ratio to others in the same round.

${Object.entries(PARTS)
  .map(([name, { about, isOnlyIfAsked }]) => `  ${name.padEnd(11)}${about}${isOnlyIfAsked ? ' (only if named)' : ''}`)
  .join('\n')}

  --rounds   how often everything is measured
  --files    files of the large library of scan and api
  --json     writes all values, of each round, and the machine
  --plot     writes what growth measured as a picture (SVG)
`

type Wanted = {
  readonly names: readonly string[]
  readonly rounds: number
  readonly files: number
  readonly json: string | undefined
  readonly plot: string | undefined
}

/** The command line, or what is wrong with it. */
function wantedOf(argv: readonly string[]): Wanted | string {
  try {
    const { values, positionals } = parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true })
    if (values.help) return HELP
    const unknown = positionals.find((name) => !Object.hasOwn(PARTS, name))
    if (unknown !== undefined) return `There is no part ${unknown}; there are ${Object.keys(PARTS).join(', ')}.\n`
    const usual = Object.keys(PARTS).filter((name) => !PARTS[name]?.isOnlyIfAsked)
    const [rounds, files] = [Number(values.rounds), Number(values.files)]
    if (!(Number.isInteger(rounds) && rounds > 0)) return '--rounds must be a whole number above 0.\n'
    if (!(Number.isInteger(files) && files > 0 && files % 20 === 0)) return '--files must be a multiple of 20.\n'
    return { names: positionals.length > 0 ? positionals : usual, rounds, files, json: values.json, plot: values.plot }
  } catch (error) {
    return `${(error as Error).message}\n`
  }
}

async function runParts({ names, rounds, files, json, plot }: Wanted): Promise<void> {
  const rows: Row[] = []
  const lines: Line[] = []
  console.log(TABLE_HEAD.join('\n'))
  for (const name of names) {
    const tell = (text: string) => process.stderr.write(`${name}: ${text}\n`)
    const result = await inTemporaryFolder((work) => (PARTS[name] as Part).run({ work, rounds, files, tell }))
    rows.push(...result.rows)
    lines.push(...(result.plot ?? []))
    console.log(result.rows.map(tableLine).join('\n'))
    // After each part: a long bench may be broken off.
    if (json !== undefined) writeFileSync(json, `${JSON.stringify({ machine: machine(), rounds, rows }, null, 2)}\n`)
  }
  if (plot !== undefined && lines.length > 0) writeFileSync(plot, plotSvg(lines))
}

function machine() {
  const memory = /^MemTotal:\s+(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]
  return {
    date: new Date().toISOString(),
    ...{ processor: cpus()[0]?.model, cores: availableParallelism(), memoryBytes: Number(memory) * 1024 },
    ...{ kernel: release(), node: process.version },
  }
}

const wanted = wantedOf(process.argv.slice(2))
if (typeof wanted === 'string') {
  const isHelp = wanted === HELP
  process[isHelp ? 'stdout' : 'stderr'].write(wanted)
  process.exitCode = isHelp ? 0 : 2
} else {
  await runParts(wanted)
}
