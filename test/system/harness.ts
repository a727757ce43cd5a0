/** The indexer and the api as real processes on a folder of their own, and what tests ask of them. */
import { chownSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { folderForOthers, runnableBy } from '../support/for-others.ts'
import { type Exit, type LaunchOptions, launch, type ServiceProcess } from './service-process.ts'
import { until } from './until.ts'

const SERVICES = join(import.meta.dirname, '../../services')
export const INDEXER_MAIN = join(SERVICES, 'indexer', 'src', 'main.ts')
export const API_MAIN = join(SERVICES, 'api', 'src', 'main.ts')

export type PairOptions = {
  /** Keys of the watched folders, made under the test's folder, or with their paths. Default: `media`. */
  readonly roots?: readonly string[] | Readonly<Record<string, string>>
  /** Further keys of the config. */
  readonly config?: Readonly<Record<string, unknown>>
  /** The indexer runs as this user, who also owns the folders. */
  readonly uid?: number
  /** A command that runs the indexer: gets node and its arguments after its own, and becomes that process. */
  readonly within?: readonly string[]
  /** Instead of the indexer's own. */
  readonly indexerMain?: string
}

export type Configuration = {
  readonly roots: Readonly<Record<string, string>>
  readonly exclude: readonly string[]
  /** Further keys. */
  readonly other: Readonly<Record<string, unknown>>
}

export type Pair = {
  /** The test's folder; what is watched lies in it, beside the database. */
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

/** What ends what was begun: a test, or a program that stands in for one. */
export type Cleaner = {
  readonly after: (cleanup: () => Promise<void> | void) => void
  /** Node has had it since 22.14, its types do not. */
  readonly passed?: boolean
}

/** Everything is gone when the test ends, however it ends; what the programs printed is shown if it failed. */
export async function createPair(t: Cleaner, options: PairOptions = {}): Promise<Pair> {
  const folder = makeFolder(t, options.uid)
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
  const run = createRunner(t, configPath)
  let indexer: ServiceProcess | null = null
  const read = <T>(work: (sqlite: Database.Database) => T) => readDatabase(databasePath, work)
  const latest = () => indexer ?? fail('the indexer was not started')
  const launchIndexer = () => {
    const [command, ...before] = options.within ?? []
    const { uid, indexerMain = INDEXER_MAIN } = options
    const { node, main } =
      uid === undefined ? { node: process.execPath, main: indexerMain } : runnableBy(uid, indexerMain)
    const how = command === undefined ? { command: node } : { command, args: [...before, node] }
    indexer = run(main, { ...how, ...(uid === undefined ? {} : { uid }) })
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
        // Whoever reads while the database is being opened may make files beside it first, which are then not the indexer's.
        if (!launched.stdout().includes('"started"')) return false
        const watching = rootsWatching(databasePath, launched.startedMs)
        return roots.every((root) => watching.has(root))
      })
    },
    endIndexer: (signal = 'SIGTERM') => latest().end(signal),
    startApi: async (how = {}) => {
      const api = run(API_MAIN, how)
      await until('the api to listen', () => {
        if (api.exited()) fail(`the api ended: ${api.stderr()}`)
        return api.stdout().includes('"listening"')
      })
      return api
    },
    read,
  }
}

function foldersOf(folder: string, roots: NonNullable<PairOptions['roots']>): Readonly<Record<string, string>> {
  if (!Array.isArray(roots)) return roots as Readonly<Record<string, string>>
  return Object.fromEntries(roots.map((key: string) => [key, join(folder, key)]))
}

export function readDatabase<T>(path: string, work: (sqlite: Database.Database) => T): T {
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

function createRunner(t: Cleaner, configPath: string) {
  const processes: ServiceProcess[] = []
  t.after(async () => {
    for (const one of processes) {
      if (!one.exited()) await one.end('SIGKILL')
      if (t.passed !== true) console.log(`pid ${one.pid} printed:\n${one.stdout().slice(-6_000)}\n${one.stderr()}`)
    }
  })
  return (main: string, how: Partial<LaunchOptions>) => {
    const args = [...(how.args ?? []), main, `--config=${configPath}`]
    const launched = launch({ command: process.execPath, ...how, args })
    processes.push(launched)
    return launched
  }
}

const folders = new Set<string>()
process.on('exit', () => {
  // The programs were killed just now and may write until they are gone.
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
})

function makeFolder(t: Cleaner, uid: number | undefined): string {
  const prefix = 'drive-feed-pair-'
  const folder = realpathSync(uid === undefined ? mkdtempSync(join(tmpdir(), prefix)) : folderForOthers(prefix))
  folders.add(folder)
  if (uid !== undefined) chownSync(folder, uid, uid)
  t.after(() => {
    rmSync(folder, { recursive: true, force: true })
    folders.delete(folder)
  })
  return folder
}

/** Below the ports that the kernel gives to outgoing connections, so that none of those takes it before the api does. */
async function freePort(): Promise<number> {
  const port = 10_000 + Math.floor(Math.random() * 20_000)
  const server = createServer()
  const isFree = await new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
  return isFree ? port : freePort()
}

function fail(message: string): never {
  throw new Error(message)
}
