/** The api as a process: command line, config, wiring, signals, exit codes. */
import type { Server } from 'node:http'
import { parseCommandLine } from '@drive-feed/shared/command-line.ts'
import { type Config, ConfigError, loadConfig } from '@drive-feed/shared/config/config.ts'
import { warnOfIgnoredVariables } from '@drive-feed/shared/config/ignored-variables.ts'
import { WAIT_OPTION, waitForConfig } from '@drive-feed/shared/config/wait-for-config.ts'
import { createLogger, type Logger } from '@drive-feed/shared/logger.ts'
import { createApp } from './app.ts'
import { createDatabaseSigns } from './feed/database-signs.ts'
import { createDatabaseSource } from './feed/database-source.ts'
import { openedOnceATurn } from './feed/once-a-turn.ts'
import { createConnections } from './http/connections.ts'
import { listen, stop } from './http/http-server.ts'
import { createFeedWatch } from './waiting/feed-watch.ts'

const PROGRAM = 'drive-feed-api'
const EXIT_FAILURE = 1
/** Not 1: a service manager does not start again what ended with that. */
const EXIT_CRASHED = 70
const EVENT_TIMING = { heartbeatMs: 15_000, slowReaderMs: 30_000 }

/** Serves until a signal, then ends the process. An error that the user can fix ends it with one line on standard error. */
export async function runService(argv: readonly string[]): Promise<void> {
  const { configPath, flags } = parseCommandLine({
    program: PROGRAM,
    summary: 'Serves what changed in the watched folders over HTTP; reads the database that the indexer writes.',
    argv,
    flags: WAIT_OPTION,
  })
  const load = () => {
    const config = loadConfig(configPath, { checkFolders: false })
    return { config, logger: createLogger({ name: 'api', path: config.logPath, level: config.logLevel }) }
  }
  try {
    const tell = (text: string) => void process.stderr.write(text)
    const { config, logger } = await waitForConfig(load, { program: PROGRAM, waits: flags.has('wait'), tell })
    warnOfIgnoredVariables(config, logger)
    await serve(config, logger)
  } catch (error) {
    const lines = linesForPeople(error)
    if (lines === null) throw error
    process.stderr.write(lines)
    process.exit(EXIT_FAILURE)
  }
}

async function serve(config: Config, logger: Logger): Promise<void> {
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      logger.fatal({ err: error }, 'stopping: this should not have happened')
      process.exit(EXIT_CRASHED)
    })
  }
  const database = openedOnceATurn(createDatabaseSource(config.databasePath, logger))
  const signs = createDatabaseSigns(config.databasePath)
  const watch = createFeedWatch(config.databasePath, database, config.maxWaiting)
  const connections = createConnections({ maxConnections: config.maxConnections, logger })
  const { limits } = connections
  const app = createApp({
    database,
    signs,
    watch,
    limits,
    timing: EVENT_TIMING,
    logger,
    nowMs: Date.now,
    access: config,
  })
  const server = await listen(app, config, connections)

  const stopping = Promise.withResolvers<NodeJS.Signals>()
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, stopping.resolve)
  // The signal handlers come first: whoever waits for this line may send a signal immediately.
  logger.info({ host: config.host, port: boundPort(server) }, 'listening')
  logger.info({ signal: await stopping.promise }, 'stopping')
  const stopped = stop(server, connections)
  watch.close()
  await stopped
  database.close()
  process.exit(0)
}

function boundPort(server: Server): number | null {
  const address = server.address()
  return address !== null && typeof address === 'object' ? address.port : null
}

/** Lines about an error that the person who starts the program can fix; null for a bug. */
function linesForPeople(error: unknown): string | null {
  if (error instanceof ConfigError) return error.linesOf(PROGRAM)
  const message = messageForPeople(error)
  return message === null ? null : `${PROGRAM}: ${message}\n`
}

/** What is wrong with the address; null for a bug. */
function messageForPeople(error: unknown): string | null {
  const { code, syscall, address, port } = error as NodeJS.ErrnoException & { address?: string; port?: number }
  if (syscall !== 'listen' && syscall !== 'getaddrinfo') return null
  const place = `${address ?? ''}:${port ?? ''}`
  if (code === 'EADDRINUSE') return `port: ${place} is in use by another program; stop it, or set another port`
  if (code === 'EACCES') return `port: ${place} needs more rights than this user has; set a port above 1023`
  return `host, port: can't listen on ${place} (${code}); set another host or port`
}
