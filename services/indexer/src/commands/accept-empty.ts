/**
 * `drive-feed accept-empty NAME`: the owner's word that a watched folder is right as it is, though it is
 * empty or another folder than before. With the path of a place inside a watched folder: that the disk which was
 * mounted there will not come back. Writes nothing into the database: the indexer takes the word, checks it and acts.
 */
import { readdirSync } from 'node:fs'
import { type Config, loadConfig } from '@drive-feed/shared/config/config.ts'
import { createExclude, type Excludes } from '@drive-feed/shared/exclude.ts'
import { type FileStats, statsAt } from '@drive-feed/shared/file-stats.ts'
import { type FeedDatabase, openReader } from '@drive-feed/shared/open-database.ts'
import { type WatchRootRow, watchRoots } from '@drive-feed/shared/schema.ts'
import { shellWord } from '@drive-feed/shared/shell-word.ts'
import { shownPath } from '@drive-feed/shared/shown-path.ts'
import { shownText } from '@drive-feed/shared/shown-text.ts'
import { type FolderSight, sightOf } from '../model/sight.ts'
import { hasAcceptance, leaveAcceptance } from '../store/acceptance.ts'
import { type AcceptPlace, findAcceptPlace } from './accept-place.ts'
import { leaveWord } from './leave-word.ts'
import { Refusal } from './refusal.ts'
import { isIndexerRunning, within } from './running-indexer.ts'

/** The indexer looks at a root that is away every three seconds, and less often when it is busy. */
const TAKEN_WITHIN_MS = 20_000
const ACTED_WITHIN_MS = 5_000

/**
 * Leaves the owner's word and waits for what the indexer makes of it, which it prints.
 *
 * @param operand name of a watched folder, or absolute path of a place inside one
 * @throws {Refusal} if there is nothing to accept, or something else than the owner thinks
 * @throws {ConfigError | DatabaseUnusableError}
 */
export async function acceptEmpty(operand: string, configPath: string): Promise<void> {
  const config = loadConfig(configPath, { checkFolders: false })
  const db = openReader(config.databasePath)
  try {
    await accept(config, db, operand)
  } finally {
    db.sqlite.close()
  }
}

async function accept(config: Config, db: FeedDatabase, operand: string): Promise<void> {
  const isName = db.orm
    .select()
    .from(watchRoots)
    .all()
    .some(({ name }) => name === operand)
  if (isName || !operand.includes('/')) return acceptRoot(config, db, operand)
  if (!operand.startsWith('/')) throw new Refusal(`${operand} is not an absolute path: begin it with /`)
  const place = findAcceptPlace(db, operand)
  if (place.kind === 'none') throw new Refusal(place.problem)
  return place.kind === 'root' ? acceptRoot(config, db, place.name) : acceptDisk(config, db, place)
}

async function acceptDisk(
  { databasePath }: Config,
  db: FeedDatabase,
  { nodeId, path, folder }: Extract<AcceptPlace, { kind: 'disk' }>,
): Promise<void> {
  const known = countBelow(db, nodeId)
  leaveWord(databasePath, () => leaveAcceptance(databasePath, nodeId, folder))
  print(`${shellWord(path)}: the filesystem that was mounted there is given up; the ${known} files and folders that were \
known in it are to be removed.`)
  if (!isIndexerRunning(db)) {
    print('The indexer is not running. It removes them at its next start, if the folder is still the same then.')
    return
  }
  if (!(await within(TAKEN_WITHIN_MS, () => !hasAcceptance(databasePath, nodeId)))) {
    print(
      'The indexer is busy. It removes them when it looks at the folder next, if the folder is still the same then.',
    )
    return
  }
  const isGone = db.sqlite.prepare<[string], number>('SELECT count(*) = 0 FROM nodes WHERE node_id = ?').pluck()
  const hasGone = await within(TAKEN_WITHIN_MS, () => isGone.get(nodeId) === 1)
  print(
    hasGone
      ? 'The indexer has removed them.'
      : 'The indexer looks at the folder now; its log says what it finds there.',
  )
}

async function acceptRoot(config: Config, db: FeedDatabase, name: string): Promise<void> {
  const root = findRoot(db, name)
  const folder = lookAt(root)
  const isEmpty = isEmptyFolder(root, config.excludes)
  const known = countBelow(db, root.nodeId)
  const isRunning = isIndexerRunning(db)
  // A stopped indexer may not have seen yet what the owner sees.
  const isAway = root.state === 'offline' || (!isRunning && isEmpty && known > 0)
  if (!isAway) throw new Refusal(`${shownPath(root.name)} is ${root.state}, not offline: there is nothing to accept`)
  leaveWord(config.databasePath, () => leaveAcceptance(config.databasePath, root.nodeId, folder))
  const what = isEmpty ? 'is empty' : 'is taken as it is now'
  print(
    `${shownPath(root.name)}: ${shownPath(root.path)} ${what}; the ${known} files and folders that were known in it are to be removed.`,
  )
  if (isRunning) await waitForIndexer(config, db, root)
  else print('The indexer is not running. It removes them at its next start, if the folder is still the same then.')
}

function findRoot(db: FeedDatabase, name: string): WatchRootRow {
  const roots = db.orm.select().from(watchRoots).all()
  const root = roots.find((row) => row.name === name)
  if (root !== undefined) return root
  const lines = roots.map((row) => `\n  ${shownPath(row.name)}: ${describe(row)}`)
  throw new Refusal(`no watched folder is called ${shownText(JSON.stringify(name))}; there are:${lines.join('')}`)
}

function describe({ path, state, stateSinceMs, message }: WatchRootRow): string {
  const since = new Date(stateSinceMs).toISOString()
  return state === 'offline' ? `offline since ${since}: ${message ?? shownPath(path)}` : `${state}, ${shownPath(path)}`
}

function lookAt({ path }: WatchRootRow): FolderSight {
  const stats = look(path)
  const shown = shownPath(path)
  if (stats === null) throw new Refusal(`${shown} can't be looked at: ENOENT, nothing is there; make the folder first`)
  const sight = sightOf(stats)
  if (sight.kind === 'folder') return sight
  throw new Refusal(`${shown} is not there as a folder: make it first, or take the watch out of the config`)
}

function look(path: string): FileStats | null {
  try {
    return statsAt(path)
  } catch (error) {
    throw new Refusal(`${shownPath(path)} can't be looked at: ${shownText((error as Error).message)}`)
  }
}

function isEmptyFolder({ path, name }: WatchRootRow, excludes: Excludes): boolean {
  const isExcluded = createExclude(excludes)
  try {
    return readdirSync(path).every((entry) => isExcluded(entry, () => name))
  } catch (error) {
    throw new Refusal(`${shownPath(path)} can't be listed: ${shownText((error as Error).message)}`)
  }
}

function countBelow({ sqlite }: FeedDatabase, nodeId: string): number {
  return sqlite
    .prepare<[string], number>(
      `WITH RECURSIVE below (node_id) AS (
         SELECT node_id FROM nodes WHERE parent_id = ?
         UNION ALL SELECT nodes.node_id FROM below JOIN nodes ON nodes.parent_id = below.node_id
       ) SELECT count(*) FROM below`,
    )
    .pluck()
    .get(nodeId) as number
}

/** Waits until the indexer has taken the word, and prints what it does. */
async function waitForIndexer({ databasePath }: Config, db: FeedDatabase, root: WatchRootRow): Promise<void> {
  const isTaken = await within(TAKEN_WITHIN_MS, () => !hasAcceptance(databasePath, root.nodeId))
  if (!isTaken) {
    print(
      'The indexer is busy. It removes them when it looks at the folder next, if the folder is still the same then.',
    )
    return
  }
  if (await within(ACTED_WITHIN_MS, () => findRoot(db, root.name).state !== 'offline')) {
    print('The indexer removes them now.')
    return
  }
  throw new Refusal(`the indexer found something else there: ${findRoot(db, root.name).message}`)
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
