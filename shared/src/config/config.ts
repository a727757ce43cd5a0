/** The config that both services read: from a file, or from variables if there is none. */
import { dirname, resolve } from 'node:path'
import type { Excludes } from '../exclude.ts'
import { ConfigError } from './config-error.ts'
import { isConfigFileThere, readConfigFile } from './config-file.ts'
import {
  type KnownWatches,
  overlaps,
  resolveAsFarAsPossible,
  resolveWatches,
  sameInodes,
  unreadableWatches,
} from './config-folders.ts'
import { type ConfigPlaces, type ConfigValues, checkConfigValues } from './config-keys.ts'
import type { ConfigSource } from './config-source.ts'
import { configVariables, readConfigVariables, type Variables } from './config-variables.ts'
import type { Mistake, NameOf } from './mistake.ts'
import type { ConfiguredWatch } from './watches.ts'

export { ConfigError } from './config-error.ts'

export type Config = {
  readonly host: string
  readonly port: number
  readonly databasePath: string
  readonly watches: readonly ConfiguredWatch[]
  readonly excludes: Excludes
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
  /** Variables that are set and do not count, since there is a config file. */
  readonly ignoredVariables: readonly string[]
}

/**
 * Reads and checks the config: the file, or if there is none the variables `DRIVE_FEED_…`. Of the two one counts, whole:
 * beside a file the variables are ignored (`ignoredVariables`). Relative paths are relative to the folder of the file,
 * also if it is not there. With `checkFolders` the watched folders are looked at too, and each `Watch.path` has its
 * symbolic links resolved. A missing folder is a mistake unless `isKnown` says that it was watched before: then it is
 * only away. Without `checkFolders` paths are taken as written: the api's container has no media folders.
 *
 * `watcher.backend` of the original program is accepted and has no effect: there is one backend.
 *
 * @throws {ConfigError} with all mistakes, in the order of their places
 */
export function loadConfig(
  path: string,
  { checkFolders, variables = process.env }: { checkFolders: false | KnownWatches; variables?: Variables },
): Config {
  const isFile = isConfigFileThere(path)
  const given = configVariables(variables)
  if (!isFile && given.length === 0) {
    throw new ConfigError(
      `${path}: this config file does not exist; make it, name another with --config=PATH, or set DRIVE_FEED_WATCHES and DRIVE_FEED_DATABASE_URL`,
    )
  }
  const source = isFile ? readConfigFile(path) : readConfigVariables(variables)
  const { values, mistakes, places } = checkConfigValues(source.raw)
  const placed = placeFolders(places, dirname(resolve(path)), checkFolders !== false)
  const told = new Set(source.mistakes.map(({ keys }) => keys.join()))
  const untold = mistakes.filter(({ keys }) => !told.has(keys.join()))
  const found = [...source.mistakes, ...untold, ...placeMistakes(placed, checkFolders, source.nameOf)]
  const { databasePath } = placed
  if (values === null || databasePath === null || found.length > 0) throw new ConfigError(linesAbout(found, source))
  return toConfig(values, { ...placed, databasePath }, isFile ? given : [])
}

/** Paths as they are used. Null for a path that is not given, or has a mistake. */
type Placed = {
  readonly watches: readonly ConfiguredWatch[]
  readonly databasePath: string | null
  readonly logPath: string | null
}

function placeFolders(places: ConfigPlaces, folder: string, isResolved: boolean): Placed {
  const written = Object.entries(places.watches).map(([name, path]) => ({
    name,
    path: resolve(path),
    configuredPath: resolve(path),
  }))
  const place = (path: string | null) => {
    if (path === null) return null
    const absolute = resolve(folder, path)
    return isResolved ? resolveAsFarAsPossible(absolute) : absolute
  }
  return {
    watches: isResolved ? resolveWatches(written) : written,
    databasePath: place(places.database_url),
    logPath: place(places.log_path),
  }
}

function placeMistakes(
  { watches, databasePath, logPath }: Placed,
  checkFolders: false | KnownWatches,
  nameOf: NameOf,
): Mistake[] {
  const lexical = overlaps(watches, { database_url: databasePath, log_path: logPath }, nameOf)
  if (checkFolders === false) return lexical
  // Without a database nothing says whether a folder is missing or only away.
  const isKnown = (path: string) => databasePath === null || checkFolders.isKnown(path, databasePath)
  return [...unreadableWatches(watches, isKnown), ...sameInodes(watches, nameOf), ...lexical]
}

function linesAbout(mistakes: readonly Mistake[], { lineOf, placeOf }: ConfigSource): string[] {
  const sorted = mistakes.map((mistake) => ({ mistake, place: placeOf(mistake) })).sort((a, b) => byPlace(a, b))
  return [...new Set(sorted.map(({ mistake }) => lineOf(mistake)))]
}

function byPlace({ place: a }: { readonly place: number }, { place: b }: { readonly place: number }): number {
  // Two that are missing have the same place, which is no number to subtract.
  return a === b ? 0 : a - b
}

function toConfig(
  values: ConfigValues,
  placed: Placed & { readonly databasePath: string },
  ignoredVariables: readonly string[],
): Config {
  return {
    host: values.host,
    port: values.port,
    databasePath: placed.databasePath,
    watches: placed.watches,
    excludes: { patterns: values.exclude, usesDefaults: values.exclude_defaults },
    logPath: placed.logPath,
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
    ignoredVariables,
  }
}
