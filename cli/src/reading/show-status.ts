/** How the feed is, from the database and, if it answers, the api. */
import { loadConfig } from '@drive-feed/shared/config/config.ts'
import { readNote } from '@drive-feed/shared/database-note.ts'
import { currentProblems, currentState, type Problem, remainingSeconds } from '@drive-feed/shared/feed-health.ts'
import { statsBehind } from '@drive-feed/shared/file-stats.ts'
import { heartbeatAgeMs } from '@drive-feed/shared/heartbeat.ts'
import type { FeedDatabase } from '@drive-feed/shared/open-database.ts'
import { problemTextOf } from '@drive-feed/shared/problem.ts'
import { feed, problems, rootTotals, status, watchRoots } from '@drive-feed/shared/schema.ts'
import { CommandError, type Given } from '../command.ts'
import { EXIT_DONE, EXIT_NOT_WELL, EXIT_UNUSABLE } from '../exit-codes.ts'
import { askApi } from './ask-api.ts'
import { withFeed } from './open-feed.ts'
import { type StatusView, statusLines } from './status-view.ts'

export async function showStatus({ options }: Given): Promise<number> {
  const configPath = String(options.config)
  const config = loadConfig(configPath, { checkFolders: false })
  refuseWithoutDatabase(config.databasePath)
  const { database, ...found } = await withFeed(configPath, (db) => readStatus(db, config.databasePath, Date.now()))
  const view = { ...found, api: await askApi(config, database) }
  const text = options.json === true ? JSON.stringify(statusJson(view)) : statusLines(view).join('\n')
  process.stdout.write(`${text}\n`)
  return view.problems.length === 0 ? EXIT_DONE : EXIT_NOT_WELL
}

/** Before the first start there is no mistake to search for. */
function refuseWithoutDatabase(path: string): void {
  if (isNothingAt(path)) throw new CommandError('there is no database yet: start the indexer', EXIT_UNUSABLE)
}

/** False if this user may not look: then opening it says why. */
function isNothingAt(path: string): boolean {
  try {
    return statsBehind(path) === null
  } catch {
    return false
  }
}

function readStatus(
  { orm, sqlite }: FeedDatabase,
  databasePath: string,
  nowMs: number,
): Omit<StatusView, 'api'> & { readonly database: string } {
  const read = sqlite.transaction(() => {
    const row = orm.select().from(status).get()
    if (row === undefined) throw new CommandError('the indexer has not started yet', EXIT_NOT_WELL)
    const totals = new Map(
      orm
        .select()
        .from(rootTotals)
        .all()
        .map((one) => [one.nodeId, one]),
    )
    const roots = orm
      .select()
      .from(watchRoots)
      .all()
      .map((root) => {
        const { files = 0, bytes = '0' } = totals.get(root.nodeId) ?? {}
        return { ...root, files, bytes: BigInt(bytes) }
      })
    const written = orm.select().from(problems).orderBy(problems.id).all()
    const found = currentProblems({ status: row, problems: written, note: readNote(databasePath), nowMs })
    const all = [...found, ...rootsAway(roots, found)]
    const state = currentState(row, all.length > 0, nowMs)
    return { state, status: row, roots, problems: all, nowMs, database: orm.select().from(feed).get()?.epoch ?? '' }
  })
  return read()
}

/** A root that is offline is a problem even without a row in `problems`, as just after the start. */
function rootsAway(roots: StatusView['roots'], found: readonly Problem[]): Problem[] {
  const away = roots.filter(({ name, state }) => state === 'offline' && !found.some(({ root }) => root === name))
  return away.map(({ name, message, path, stateSinceMs }) => {
    const { text, fix } = problemTextOf(message ?? `${path} is offline`)
    return { code: 'root_offline', root: name, text, fix, sinceMs: stateSinceMs }
  })
}

/** In the words of `/api/v1/status`. */
function statusJson({ state, status: row, roots, problems: found, api, nowMs }: StatusView) {
  return {
    state,
    problems: found.map(({ sinceMs, ...problem }) => ({ ...problem, since: isoTime(sinceMs) })),
    initial_scan_complete: row.isInitialScanComplete,
    version: row.version,
    started: isoTime(row.startedMs),
    heartbeat_age_seconds: heartbeatAgeMs(row.heartbeatMs, nowMs) / 1_000,
    roots: roots.map(({ name, path, state: rootState, stateSinceMs, message, files, bytes }) => ({
      ...{ name, path, state: rootState, since: isoTime(stateSinceMs), message },
      ...{ files, bytes: Number(bytes) },
    })),
    scan: {
      folders_listed: row.foldersListed,
      folders_waiting: row.foldersWaiting,
      remaining_seconds: remainingSeconds(row.foldersWaiting, row.foldersPerSecond),
    },
    metadata: {
      files_hashed: row.filesHashed,
      files_waiting: row.filesWaiting,
      files_failed: row.filesFailed,
      remaining_seconds: remainingSeconds(row.filesWaiting, row.filesPerSecond),
    },
    api: { url: api.url, answers: api.isAnswering && api.version !== null, version: api.version },
  }
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString()
}
