/** The indexer and the api as real processes on a folder of their own, and what tests need of them. */
import { chownSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import type { Cleaner } from './cleaner.ts'
import { runnableBy } from './for-others.ts'
import { freePort } from './free-port.ts'
import { runApi } from './run-api.ts'
import { type Exit, type LaunchOptions, launch, type ServiceProcess } from './service-process.ts'
import { temporaryFolder } from './temporary-folder.ts'
import { until } from './until.ts'

export const INDEXER_MAIN = join(import.meta.dirname, '../../services/indexer/src/main.ts')

export type PairOptions = {
  /** Keys of the watched folders, which are made in the test's folder, or keys with their paths. Default: `media`. */
  readonly roots?: readonly string[] | Readonly<Record<string, string>>
  /** Further keys of the config. */
  readonly config?: Readonly<Record<string, unknown>>
  /** The indexer runs as this user, who also owns the folders. */
  readonly uid?: number
  /** A command that runs the indexer: it gets node and its arguments behind its own, and becomes that process. */
  readonly within?: readonly string[]
  /** The entry to run instead of the indexer's own. */
  readonly indexerMain?: string
}

export type Configuration = {
  readonly roots: Readonly<Record<string, string>>
  readonly exclude: readonly string[]
  /** Further keys. */
  readonly other: Readonly<Record<string, unknown>>
}

export type Pair = {
  /** The test's folder. The watched folders are in it, beside the database. */
  readonly folder: string
  readonly databasePath: string
  readonly configPath: string
  /** Where the api answers. */
  readonly url: string
  readonly configuration: () => Configuration
  /** Writes the config file anew; the next start of a program reads it. */
  readonly configure: (changes: Partial<Configuration>) => void
  /** A path inside the first root. */
  readonly path: (...names: string[]) => string
  /** The indexer's latest run. */
  readonly indexer: () => ServiceProcess
  /** Starts the indexer without waiting for anything. */
  readonly launchIndexer: () => ServiceProcess
  /** Starts it and waits until the roots (default: all) have been scanned. */
  readonly startIndexer: (roots?: readonly string[]) => Promise<void>
  readonly endIndexer: (signal?: NodeJS.Signals) => Promise<Exit>
  readonly startApi: (how?: Partial<LaunchOptions>) => Promise<ServiceProcess>
  /** A short read of the database file. */
  readonly read: <T>(work: (sqlite: Database.Database) => T) => T
}

/** Everything is gone when the test ends, however it ends. The programs' output is shown if the test failed. */
export async function createPair(t: Cleaner, options: PairOptions = {}): Promise<Pair> {
  const folder = temporaryFolder(t, options.uid === undefined ? 'own' : 'for others')
  if (options.uid !== undefined) chownSync(folder, options.uid, options.uid)
  const configPath = join(folder, 'config.yaml')
  const databasePath = join(folder, 'db', 'feed.db')
  const port = await freePort()
  const roots = foldersOf(folder, options.roots ?? ['media'])
  let configuration: Configuration = {
    roots,
    exclude: [],
    other: { settle_ms: 50, metadata_workers: 1, ...options.config },
  }
  for (const path of [join(folder, 'db'), ...Object.values(configuration.roots)]) {
    mkdirSync(path, { recursive: true })
    if (options.uid !== undefined) chownSync(path, options.uid, options.uid)
  }
  const configure = (changes: Partial<Configuration>) => {
    configuration = { ...configuration, ...changes }
    const { roots: watches, exclude, other } = configuration
    // JSON is YAML.
    writeFileSync(
      configPath,
      JSON.stringify({ host: '127.0.0.1', port, database_url: databasePath, watches, exclude, ...other }),
    )
  }
  configure({})
  const url = `http://127.0.0.1:${port}`
  let indexer: ServiceProcess | null = null
  const read = <T>(work: (sqlite: Database.Database) => T) => readDatabase(databasePath, work)
  const latest = () => indexer ?? fail('the indexer was not started')
  const launchIndexer = () => {
    const [command, ...before] = options.within ?? []
    const { uid, indexerMain = INDEXER_MAIN } = options
    const { node, main } =
      uid === undefined ? { node: process.execPath, main: indexerMain } : runnableBy(uid, indexerMain)
    const how = command === undefined ? { command: node, args: [] } : { command, args: [...before, node] }
    const args = [...how.args, main, `--config=${configPath}`]
    indexer = launch(t, { command: how.command, args, ...(uid === undefined ? {} : { uid }) })
    return indexer
  }
  return {
    folder,
    databasePath,
    configPath,
    url,
    configuration: () => configuration,
    configure,
    path: (...names) => join(Object.values(roots)[0] ?? folder, ...names),
    indexer: latest,
    launchIndexer,
    startIndexer: async (roots = Object.keys(configuration.roots)) => {
      const launched = launchIndexer()
      await until(`the first scan of ${roots.join(', ')}`, () => {
        if (launched.exited()) fail(`the indexer ended: ${launched.stderr()}`)
        // A reader may make files beside the database while the indexer opens it, and these would not be the indexer's.
        if (!launched.stdout().includes('"started"')) return false
        const watching = rootsWatching(databasePath, launched.startedMs)
        return roots.every((root) => watching.has(root))
      })
    },
    endIndexer: (signal = 'SIGTERM') => latest().end(signal),
    startApi: (how = {}) => runApi(t, configPath, how),
    read,
  }
}

function foldersOf(folder: string, roots: NonNullable<PairOptions['roots']>): Readonly<Record<string, string>> {
  if (!Array.isArray(roots)) return roots as Readonly<Record<string, string>>
  return Object.fromEntries(roots.map((key: string) => [key, join(folder, key)]))
}

function readDatabase<T>(path: string, work: (sqlite: Database.Database) => T): T {
  const sqlite = new Database(path, { readonly: true, fileMustExist: true, timeout: 5_000 })
  try {
    return work(sqlite)
  } finally {
    sqlite.close()
  }
}

/** Roots that an indexer started at that time has scanned. */
function rootsWatching(databasePath: string, startedMs: number): Set<string> {
  try {
    const names = readDatabase(databasePath, (sqlite) =>
      sqlite
        .prepare<[number], string>("SELECT name FROM watch_roots WHERE state = 'watching' AND state_since_ms >= ?")
        .pluck()
        .all(startedMs),
    )
    return new Set(names)
  } catch {
    // Not made or not upgraded yet.
    return new Set()
  }
}

function fail(message: string): never {
  throw new Error(message)
}
