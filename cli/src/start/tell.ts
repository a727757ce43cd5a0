/** Tells what the services do: the addresses, progress until all is up to date, and then what goes wrong and passes. */
import { networkInterfaces } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '@drive-feed/shared/config/config.ts'
import type { StatusRow } from '@drive-feed/shared/schema.ts'
import { shownPath } from '@drive-feed/shared/shown-path.ts'
import { addressForOthers, askedAt, isLoopback, shownHost } from '../port/addresses.ts'
import { hasOneOf, listenersAt } from '../port/listeners.ts'
import { createNews, type News } from './news.ts'
import { isUpToDate } from './progress.ts'
import type { ProgressView } from './progress-view.ts'
import { say, shown } from './say.ts'
import type { LoggedService } from './service.ts'
import type { StatusReader } from './status-reader.ts'

const ASK_INTERVAL_MS = 100
const PROGRESS_INTERVAL_MS = 500
const PROBLEMS_INTERVAL_MS = 2_000

export type Telling = {
  readonly config: Config
  readonly configPath: string
  readonly services: readonly LoggedService[]
  readonly view: ProgressView
  readonly reader: StatusReader
}

/** Ends when `over` does. */
export async function tell(telling: Telling, over: AbortSignal): Promise<void> {
  const { config, services } = telling
  const url = `http://${askedAt(config.host)}:${config.port}/healthz`
  const api = services.find(({ name }) => name === 'api')
  while (!over.aborted && !(isListening(api, config.port) && (await answers(url, over))))
    await pause(ASK_INTERVAL_MS, over)
  if (over.aborted) return
  say(describeRunning(telling))
  const news = createNews()
  await tellProgress(telling, news, over)
  while (!over.aborted) {
    await pause(PROBLEMS_INTERVAL_MS, over)
    if (!over.aborted) tellNews(telling, news)
  }
}

async function tellProgress(telling: Telling, news: News, over: AbortSignal): Promise<void> {
  const { view, reader } = telling
  while (!over.aborted) {
    const status = reader.read()
    if (status !== null) {
      if (isUpToDate(status)) {
        view.clear()
        tellNews(telling, news)
        return say(describeOutcome(status, reader, news))
      }
      tellNews(telling, news)
      view.show(status, status.heartbeatMs - status.startedMs)
    }
    await pause(PROGRESS_INTERVAL_MS, over)
  }
}

function tellNews({ reader, view }: Telling, news: News): void {
  const hadProblems = news.hasProblems()
  const problems = reader.problems(Date.now())
  const lines = problems === null ? [] : news.of(problems)
  if (lines.length === 0) return
  if (hadProblems && !news.hasProblems()) lines.push('All is well again.')
  view.clear()
  say(lines.join('\n'))
}

/** Not another program that took the port since it was tested. Where processes can't be looked at, the answer decides. */
function isListening(api: LoggedService | undefined, port: number): boolean {
  const listeners = listenersAt(port)
  return listeners.length === 0 || api?.pid === undefined || hasOneOf(api.pid, listeners)
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

function describeRunning({ config, configPath, services }: Telling): string {
  const base = `http://${shownHost(config.host)}:${config.port}`
  const lines = [
    'drive-feed is running; Ctrl-C stops it.',
    `  ${base}/api/v1/changes  every file, and later what changed`,
    `  ${base}/api/v1/cursor   where the changes end now`,
    `  ${base}/api/v1/root     the node above all watched folders`,
    ...reachLines(config, configPath),
    `Watching ${config.watches.map(({ name, path }) => `${shownPath(name)} (${shownPath(path)})`).join(', ')}.`,
    `Logs: ${services.map(({ logPath }) => shown(logPath)).join(', ')}`,
  ]
  return lines.join('\n')
}

/** From where else the api can be asked, and by whom. */
function reachLines({ host, port, apiToken }: Config, configPath: string): string[] {
  if (isLoopback(host)) return ['Only this machine reaches it (host in the config).']
  const others = addressForOthers(host, networkInterfaces())
  const line =
    others === null
      ? `This machine has no address at which others reach host: ${host}; with IPv6 alone, use host: "::".`
      : `From other machines: http://${others}:${port}/api/v1/changes`
  if (apiToken !== null) return [line]
  const remedy = `set api_token in ${shown(configPath)}, or host: 127.0.0.1 for this machine alone`
  return [line, `Everybody who reaches that address can read all names of files: ${remedy}.`]
}

function describeOutcome({ filesFailed, filesHashed }: StatusRow, reader: StatusReader, news: News): string {
  const failed = filesFailed > 0 ? ` (${filesFailed} without metadata: see the log)` : ''
  const what = `${reader.fileCount()} files${failed}, ${filesHashed} hashed now`
  const first = news.hasProblems()
    ? `Not all is well, see above: ${what}. Watching for changes where that is possible.`
    : `Up to date: ${what}. Watching for changes.`
  return [first, ...reader.remarks()].join('\n')
}
