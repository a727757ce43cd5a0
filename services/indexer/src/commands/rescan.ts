/** `drive-feed rescan`: has the indexer list watched folders anew, or a folder inside one, and waits until it has. */
import { resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { loadConfig } from '@drive-feed/shared/config/config.ts'
import { createExclude, type IsExcluded } from '@drive-feed/shared/exclude.ts'
import { type FeedDatabase, openReader } from '@drive-feed/shared/open-database.ts'
import { type WatchRootRow, watchRoots } from '@drive-feed/shared/schema.ts'
import { shownPath } from '@drive-feed/shared/shown-path.ts'
import { pathOfWay, type Way, wayToPath } from '@drive-feed/shared/way-to-path.ts'
import { dropRescan, leaveRescan, rescanRequests } from '../store/rescan-requests.ts'
import { leaveWord } from './leave-word.ts'
import { Refusal } from './refusal.ts'
import { isIndexerRunning } from './running-indexer.ts'

const POLL_MS = 200
const STARTS_WITH_IT = 'it compares everything with the disk when it starts'

type Target = { readonly nodeId: string; readonly path: string; readonly root: string }

/**
 * Prints a line for each folder that is done.
 *
 * @param typed name of a watched folder, or path of a folder inside one; undefined for all watched folders
 * @throws {Refusal} if there is nothing to list, or nobody who lists it
 * @throws {ConfigError | DatabaseUnusableError}
 */
export async function rescan(typed: string | undefined, configPath: string): Promise<void> {
  const { databasePath, excludes } = loadConfig(configPath, { checkFolders: false })
  const db = openReader(databasePath)
  try {
    const targets = typed === undefined ? rootsOf(db).map(asTarget) : [targetAt(db, typed, createExclude(excludes))]
    const online = targets.filter((target) => !isOffline(db, target))
    if (online.length === 0) throw offline(db, targets)
    if (!isIndexerRunning(db)) throw new Refusal(`no indexer is running; ${STARTS_WITH_IT}`)
    for (const { nodeId } of online) leaveWord(databasePath, () => leaveRescan(databasePath, nodeId))
    await untilDone(db, databasePath, online)
    if (online.length < targets.length || online.some((target) => isOffline(db, target))) throw offline(db, targets)
  } finally {
    db.sqlite.close()
  }
}

async function untilDone(db: FeedDatabase, databasePath: string, targets: readonly Target[]): Promise<void> {
  let left = targets
  while (left.length > 0) {
    await sleep(POLL_MS)
    const asked = rescanRequests(databasePath)
    for (const target of left) {
      if (asked.has(target.nodeId) || isOffline(db, target)) continue
      process.stdout.write(`${shownPath(target.path)} was listed anew.\n`)
    }
    left = left.filter(({ nodeId }) => asked.has(nodeId))
    if (left.length === 0 || isIndexerRunning(db)) continue
    for (const { nodeId } of left) dropRescan(databasePath, nodeId)
    throw new Refusal(`the indexer ended before it was done; ${STARTS_WITH_IT}`)
  }
}

function targetAt(db: FeedDatabase, typed: string, isExcluded: IsExcluded): Target {
  const roots = rootsOf(db)
  const named = roots.find(({ name }) => name === typed)
  if (named !== undefined) return asTarget(named)
  const path = resolve(typed)
  const way = wayToPath(db, path)
  if (way === null) {
    const lines = roots.map((root) => `\n  ${shownPath(root.name)}: ${shownPath(root.path)}`)
    throw new Refusal(`${shownPath(path)} is in no watched folder; there are:${lines.join('')}`)
  }
  const at = excludedAt(way, isExcluded)
  if (at !== -1) {
    const what = shownPath(pathOfWay(way, at + 1))
    throw new Refusal(`${what} is excluded (exclude and exclude_defaults in the config), so it is not listed`)
  }
  // What is not known yet is found by listing the folder that it is in.
  const depth = way.rows.findLastIndex(({ isDirectory }) => isDirectory === 1)
  const row = way.rows[depth]
  if (row === undefined) throw new Refusal(`${shownPath(way.root.path)} was never listed; wait until it is`)
  return { nodeId: row.nodeId, path: pathOfWay(way, depth), root: way.root.name }
}

/** Index of the first name of the way that is left out; -1 if none is. */
function excludedAt({ root, names }: Way, isExcluded: IsExcluded): number {
  return names.findIndex((name, at) => isExcluded(name, () => [root.name, ...names.slice(0, at)].join('/')))
}

function rootsOf({ orm }: FeedDatabase): WatchRootRow[] {
  return orm.select().from(watchRoots).all()
}

function asTarget({ name, nodeId, path }: WatchRootRow): Target {
  return { nodeId, path, root: name }
}

function isOffline(db: FeedDatabase, { root }: Target): boolean {
  return rootsOf(db).find(({ name }) => name === root)?.state === 'offline'
}

function offline(db: FeedDatabase, targets: readonly Target[]): Refusal {
  const away = rootsOf(db).filter(({ name, state }) => state === 'offline' && targets.some(({ root }) => root === name))
  const lines = away.map(({ name, path, message }) => `${shownPath(name)} is offline: ${message ?? shownPath(path)}`)
  return new Refusal(lines.length === 0 ? 'there is no watched folder' : lines.join('\n'))
}
