/** The config file that both services read. */
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type Document, parseDocument } from 'yaml'
import { ConfigError } from './config-error.ts'
import { type KnownWatches, refuseOverlaps, resolveAsFarAsPossible, resolveWatches } from './config-folders.ts'
import { type ConfigValues, parseConfigValues } from './config-keys.ts'
import type { ConfiguredWatch } from './watches.ts'

export { ConfigError } from './config-error.ts'

export type Config = {
  readonly host: string
  readonly port: number
  readonly databasePath: string
  readonly watches: readonly ConfiguredWatch[]
  /** The config's own patterns; `createExclude` adds the ones that are always on. */
  readonly exclude: readonly string[]
  readonly logPath: string | null
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error'
  /** The token that the api's clients have to send; null if anyone may ask. */
  readonly apiToken: string | null
  /** Lower-case names under which the api answers; any name if the list is empty. */
  readonly allowedHosts: readonly string[]
  /** Origins whose pages in a browser may ask the api. */
  readonly corsOrigins: readonly string[]
  readonly maxConnections: number
  /** How many clients of the api may wait or follow at the same time. */
  readonly maxWaiting: number
  readonly metadataWorkers: number
  readonly settleMs: number
  readonly rescanHours: number
  /** Whether files that the first scan of a watched folder finds are listed, but read only when they change. */
  readonly skipInitialHash: boolean
  /** The longest interval between two listings of a folder without a watch, when nothing changes there. */
  readonly unwatchedRescanMinutes: number
}

/**
 * Reads and checks the config. Relative paths in it are relative to its folder. With `checkFolders` the watched folders
 * are looked at too, and each `Watch.path` has its symbolic links resolved. A missing folder is a mistake unless
 * `isKnown` says that it was watched before: then it is only away. Without `checkFolders` paths are taken as written:
 * the api's container has no media folders.
 *
 * `watcher.backend` of the original program is accepted and has no effect: there is one backend.
 *
 * @throws {ConfigError} with one line for people
 */
export function loadConfig(path: string, { checkFolders }: { checkFolders: false | KnownWatches }): Config {
  const raw = parseYaml(path, readText(path))
  try {
    return toConfig(parseConfigValues(raw), dirname(resolve(path)), checkFolders)
  } catch (error) {
    if (error instanceof ConfigError) throw new ConfigError(`${path}: ${error.message}`)
    throw error
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') {
      throw new ConfigError(`${path}: this config file does not exist; make it, or name another with --config=PATH`)
    }
    throw new ConfigError(`${path}: this config file can't be read: ${code ?? message}`)
  }
}

function parseYaml(path: string, text: string): unknown {
  const document = parseDocument(text, { prettyErrors: false })
  const problem = document.errors[0] ?? document.warnings[0]
  if (problem === undefined) return toValues(path, document)
  const before = text.slice(0, problem.pos[0]).split('\n')
  const column = (before.at(-1) ?? '').length + 1
  throw new ConfigError(`${path}:${before.length}:${column}: not valid YAML: ${problem.message.split('\n')[0]}`)
}

function toValues(path: string, document: Document): unknown {
  try {
    return document.toJS()
  } catch (error) {
    const reason = (error as Error).message.split('\n')[0]
    throw new ConfigError(`${path}: not valid YAML: ${reason}; a pattern that begins with "*" needs quotes`)
  }
}

function toConfig(values: ConfigValues, folder: string, checkFolders: false | KnownWatches): Config {
  const written = Object.entries(values.watches).map(([name, path]) => ({
    name,
    path: resolve(path),
    configuredPath: resolve(path),
  }))
  const watches = checkFolders === false ? written : resolveWatches(written, checkFolders)
  const place = (path: string) => {
    const absolute = resolve(folder, path)
    return checkFolders === false ? absolute : resolveAsFarAsPossible(absolute)
  }
  const databasePath = place(values.database_url)
  const logPath = values.log_path === null ? null : place(values.log_path)
  refuseOverlaps(watches, { database_url: databasePath, log_path: logPath })
  return {
    host: values.host,
    port: values.port,
    databasePath,
    watches,
    exclude: values.exclude,
    logPath,
    logLevel: values.log_level,
    apiToken: values.api_token,
    allowedHosts: values.allowed_hosts,
    corsOrigins: values.cors_origins,
    maxConnections: values.max_connections,
    maxWaiting: values.max_waiting,
    metadataWorkers: values.metadata_workers,
    settleMs: values.settle_ms,
    rescanHours: values.rescan_hours,
    skipInitialHash: values.skip_initial_hash,
    unwatchedRescanMinutes: values.unwatched_rescan_minutes,
  }
}
