/** Logging: JSON lines on standard output (readable lines on a terminal), and the same JSON in a file if wanted. */
import { existsSync, openSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import pino from 'pino'
import { ConfigError } from './config/config-error.ts'
import { shownPath } from './shown-path.ts'
import { shownText } from './shown-text.ts'

export type Logger = pino.Logger

/**
 * Writes are synchronous, so that `process.exit` loses no line.
 *
 * A `path` on a read-only filesystem is no mistake: both services read one config, and the api's volume is mounted
 * read-only. The logger then writes to standard output only, and logs that.
 *
 * @throws {ConfigError} with one line for people, if the file can't be written
 */
export function createLogger(options: { name: string; path: string | null; level?: pino.Level }): pino.Logger {
  const { name, path, level = 'info' } = options
  const file = path === null ? null : openLogFile(path)
  const streams: pino.StreamEntry[] = [{ level, stream: standardOutput() }]
  if (typeof file === 'number') streams.push({ level, stream: fileStream(file, path as string) })
  const logger = pino(
    {
      ...{ name, level, base: { name, pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime },
      formatters: { level: (word) => ({ level: word }), log: (fields) => roundedFields(fields) },
    },
    pino.multistream(streams),
  )
  if (file === 'read-only') logger.warn({ path }, 'log_path is on a read-only filesystem: logging to stdout only')
  return logger
}

/** Rounds durations and the like to a hundredth, at any depth of plain values: more digits are noise of the clock. */
function rounded(value: unknown): unknown {
  if (typeof value === 'number') return Number.isInteger(value) ? value : Math.round(value * 100) / 100
  if (Array.isArray(value)) return value.map(rounded)
  // Errors and requests have serialisers of their own, which need them unchanged.
  const isPlain = typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
  return isPlain ? roundedFields(value as Record<string, unknown>) : value
}

function roundedFields(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, rounded(value)]))
}

const require = createRequire(import.meta.url)

function standardOutput(): pino.DestinationStream {
  if (!process.stdout.isTTY) return jsonLines(pino.destination({ dest: 1, sync: true }))
  // Only where it is needed: thirty modules, a tenth of what the indexer's start costs.
  const { build: pretty } = require('pino-pretty') as typeof import('pino-pretty')
  const colorize = process.env.NO_COLOR === undefined
  const readable = pretty({ colorize, sync: true, ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss.l' })
  return { write: (line) => readable.write(`${JSON.stringify(shownValue(JSON.parse(line)))}\n`) }
}

/** JSON leaves characters from DEL on as they are. Escaped it is the same JSON, and safe to print. */
function jsonLines(stream: pino.DestinationStream): pino.DestinationStream {
  return { write: (line) => stream.write(`${shownText(line.trimEnd())}\n`) }
}

/** Escapes what a terminal would obey, since the readable lines show texts as they are. */
function shownValue(value: unknown): unknown {
  if (typeof value === 'string') return value.split(STACK_LINE).map(shownText).join('\n')
  if (Array.isArray(value)) return value.map(shownValue)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [shownText(key), shownValue(inner)]))
}

/** Line breaks of a stack trace: the only ones that are kept. */
const STACK_LINE = /\n(?= {4}at |caused by: )/

function openLogFile(path: string): number | 'read-only' {
  if (!existsSync(dirname(path))) {
    throw new ConfigError(`log_path: ${JSON.stringify(path)}: the folder ${dirname(path)} does not exist; make it`)
  }
  try {
    return openSync(path, 'a')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EROFS') return 'read-only'
    throw new ConfigError(`log_path: ${JSON.stringify(path)} can't be written (${code}): must be a writable file`)
  }
}

function fileStream(descriptor: number, path: string): pino.DestinationStream {
  const stream = pino.destination({ dest: descriptor, sync: true })
  let failed = false
  // A full disk must not stop the feed, nor fill standard error with a line for each lost one.
  stream.removeAllListeners('error')
  stream.on('error', (error: Error) => {
    if (!failed) process.stderr.write(`log_path: ${shownPath(path)}: lines are being lost: ${error.message}\n`)
    failed = true
  })
  return jsonLines(stream)
}
