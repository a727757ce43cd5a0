/** `scripts/start`: writes a config if there is none, runs both services, and shows their progress. */
import { existsSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { type Config, ConfigError, loadConfig } from '@drive-feed/shared/config/config.ts'
import type { StatusRow } from '@drive-feed/shared/schema.ts'
import { shownPath } from '@drive-feed/shared/shown-path.ts'
import { shownText } from '@drive-feed/shared/shown-text.ts'
import { unwatchedOf, watchesOf, watchLines, writeConfigFile } from './starting/config-file.ts'
import { isUpToDate } from './starting/progress.ts'
import { createProgressView, type ProgressView } from './starting/progress-view.ts'
import { makeSampleFolder } from './starting/sample-folder.ts'
import { type Service, startService } from './starting/service.ts'
import { createStatusReader, type StatusReader } from './starting/status-reader.ts'

const ROOT = join(import.meta.dirname, '..')
const PROGRESS_INTERVAL_MS = 500
const STOP_PATIENCE_MS = 20_000
const EXIT_FAILURE = 1
const EXIT_USAGE = 2

const HELP = `Runs drive-feed until Ctrl-C, after setting up what is missing.

Usage: scripts/start [--data=FOLDER] [FOLDER...]

  FOLDER...      what to watch; only for the first start, which writes the config.
                 Without any, a sample folder is made.
  --data=FOLDER  where the config (server.yaml), the database and the logs are
                 (default: data in the project's folder)
`

/** What stops the services: the user, or one of them. */
type Ending = { kind: 'asked' } | { kind: 'died'; service: Service; how: string }

process.exitCode = await main()

async function main(): Promise<number> {
  try {
    const { folders, data } = readArguments()
    const configPath = join(data, 'server.yaml')
    if (!existsSync(configPath)) writeFirstConfig(configPath, data, folders)
    const config = loadConfig(configPath, { checkFolders: false })
    const unwatched = unwatchedOf(folders, config.watches)
    if (unwatched.length > 0) return refuseOtherFolders(configPath, config, unwatched)
    return await run(config, configPath, data)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    process.stderr.write(`${error.message}\n`)
    return EXIT_FAILURE
  }
}

function readArguments(): { folders: string[]; data: string } {
  try {
    const options = { help: { type: 'boolean', short: 'h' }, data: { type: 'string' } } as const
    const { values, positionals } = parseArgs({ options, allowPositionals: true })
    if (values.help) {
      process.stdout.write(HELP)
      process.exit(0)
    }
    return { folders: positionals.map((folder) => resolve(folder)), data: resolve(values.data ?? join(ROOT, 'data')) }
  } catch (error) {
    process.stderr.write(`${shownText((error as Error).message.split(/\. |\n/)[0] ?? '')}; see scripts/start --help\n`)
    process.exit(EXIT_USAGE)
  }
}

function writeFirstConfig(configPath: string, data: string, folders: readonly string[]): void {
  const sample = join(data, 'sample')
  if (folders.length === 0) makeSampleFolder(sample)
  writeConfigFile(configPath, folders.length === 0 ? [sample] : folders)
  say(`Wrote ${shown(configPath)}.`)
}

/** Refuses to start, since the folders asked for would not be watched. The config is the user's and stays as it is. */
function refuseOtherFolders(configPath: string, config: Config, unwatched: readonly string[]): number {
  const lines = [
    `${shown(configPath)} is already there and does not watch ${unwatched.map(shownPath).join(', ')}. It watches:`,
    ...watchLines(config.watches),
    'To watch more, add below "watches:" in it:',
    ...watchLines(watchesOf(unwatched)),
    'and run scripts/start without folders. To begin anew, delete that file.',
  ]
  process.stderr.write(`${lines.join('\n')}\n`)
  return EXIT_FAILURE
}

async function run(config: Config, configPath: string, data: string): Promise<number> {
  const reader = createStatusReader(config.databasePath)
  const services = ['indexer', 'api'].map((name) =>
    startService({
      name,
      script: join(ROOT, 'services', name, 'src/main.ts'),
      argv: [`--config=${configPath}`],
      logPath: join(data, `${name}.log`),
    }),
  )
  const over = new AbortController()
  const view = createProgressView(process.stdout)
  const telling = tell(config, services, view, reader, over.signal)
  try {
    // `tell` ends when all is up to date, and the services go on: only its failure is an ending.
    const tellingFails = telling.then(() => Promise.withResolvers<never>().promise)
    const ending = await Promise.race([asked(), ...services.map(diedOf), tellingFails])
    over.abort()
    await telling
    view.clear()
    return await end(services, ending)
  } finally {
    reader.close()
  }
}

/** Prints the addresses once the api answers, then the progress until all is up to date. */
async function tell(
  config: Config,
  services: readonly Service[],
  view: ProgressView,
  reader: StatusReader,
  over: AbortSignal,
): Promise<void> {
  const base = `http://${urlHost(config.host)}:${config.port}`
  while (!over.aborted && !(await answers(`${base}/api/v1/cursor`, over))) await pause(100, over)
  if (over.aborted) return
  say(describeRunning(config, base, services))
  while (!over.aborted) {
    const status = reader.read()
    if (status !== null) {
      view.show(status, status.heartbeatMs - status.startedMs)
      if (isUpToDate(status)) {
        view.clear()
        return say(describeOutcome(status, reader))
      }
    }
    await pause(PROGRESS_INTERVAL_MS, over)
  }
}

function describeRunning(config: Config, base: string, services: readonly Service[]): string {
  return `drive-feed is running; Ctrl-C stops it.
  ${base}/api/v1/changes  every file, and later what changed
  ${base}/api/v1/cursor   where the changes end now
  ${base}/api/v1/root     the node above all watched folders
Watching ${config.watches.map(({ name, path }) => `${shownPath(name)} (${shownPath(path)})`).join(', ')}.
Logs: ${services.map(({ logPath }) => shown(logPath)).join(', ')}`
}

function describeOutcome({ filesFailed, filesHashed }: StatusRow, reader: StatusReader): string {
  const failed = filesFailed > 0 ? ` (${filesFailed} without metadata: see the log)` : ''
  const problems = reader.problems()
  const what = `${reader.fileCount()} files${failed}, ${filesHashed} hashed now`
  const first =
    problems.length === 0
      ? `Up to date: ${what}. Watching for changes.`
      : `Not all is well, see below: ${what}. Watching for changes where that is possible.`
  return [first, ...problems, ...reader.remarks()].join('\n')
}

async function end(services: readonly Service[], ending: Ending): Promise<number> {
  if (ending.kind === 'asked') say('Stopping.')
  if (ending.kind === 'died') {
    const { name, logPath } = ending.service
    const lines = ending.service.lastLines(10).map((line) => `  ${line}`)
    process.stderr.write(`The ${name} ended (${ending.how}). The end of ${shown(logPath)}:\n${lines.join('\n')}\n`)
  }
  // A second Ctrl-C ends the services immediately.
  const impatient = asked().then(() => Promise.all(services.map((service) => service.stop(0))))
  await Promise.race([impatient, Promise.all(services.map((service) => service.stop(STOP_PATIENCE_MS)))])
  return ending.kind === 'asked' ? 0 : EXIT_FAILURE
}

/** Resolves when the user asks for the end. */
async function asked(): Promise<Ending> {
  const { promise, resolve } = Promise.withResolvers<Ending>()
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve({ kind: 'asked' }))
  return promise
}

async function diedOf(service: Service): Promise<Ending> {
  return { kind: 'died', service, how: await service.ended }
}

async function answers(url: string, signal: AbortSignal): Promise<boolean> {
  try {
    await (await fetch(url, { signal })).body?.cancel()
    return true
  } catch {
    return false
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => {})
}

/** Where this machine reaches the api: nobody can connect to "all addresses". */
function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}

/** A path as the user would type it. */
function shown(path: string): string {
  const fromHere = relative(process.cwd(), path)
  return shownPath(fromHere.startsWith('..') ? path : fromHere)
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}
