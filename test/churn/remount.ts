/** Unmounts a filesystem and mounts it again, as happens with sticks, pools, and machines that start. */
import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { untilConverged } from '../support/convergence.ts'
import { diskTree, type TreeImage } from '../support/disk-tree.ts'
import { FeedClient } from '../support/feed-client.ts'
import { headOf } from '../support/observations.ts'
import { createRandom } from '../support/random.ts'
import { unbindAll } from './binds.ts'
import { below } from './choice.ts'
import { disk } from './disk.ts'
import type { Remount, Step } from './history.ts'
import { CONVERGENCE_MS, endIndexer, hashJobs, type Jobs, jobsSince, noteJobs, type Run, runSteps } from './run.ts'
import { closeAll, type World } from './world.ts'

/** The longest time that it is away: an absence is noticed immediately, or after some seconds. */
const AWAY_MS_MAX = 4_000

export async function remount(run: Run, how: Remount, during: readonly Step[]): Promise<void> {
  const { pair, world, story, place } = run
  if (place.disk === null || place.filesystem?.survivesUnmount !== true) throw new Error('it can’t be mounted again')
  // These steps keep the indexer busy. Files that the operations have open would keep the filesystem from being
  // unmounted.
  if (how.what === 'busy') await runSteps(run, during.slice(0, during.length / 2))
  closeAll(world)
  await unbindAll(world.base)
  const before = how.what === 'quiet' ? await noteSilence(run) : null
  const ids = idsByPath(run, how)
  if (how.indexer !== 'running') await endIndexer(run, how.indexer === 'killed' ? 'SIGKILL' : 'SIGTERM')
  const numbered = byNumber(world.base)
  await place.disk.unmount()
  // Half of the time it is back immediately.
  const awayMs = below(how.at, 2) === 0 ? 0 : below(how.at, AWAY_MS_MAX)
  await sleep(awayMs)
  story.push(`umount, indexer ${how.indexer}; mounted again after ${awayMs} ms, looked at in the order ${how.order}`)
  await place.disk.mount(async (top) => {
    if (how.what === 'elsewhere') await runSteps({ ...run, world: worldAt(world, top) }, during)
    lookInOrder(top, numbered, how)
  })
  if (how.what === 'busy') await runSteps(run, during.slice(during.length / 2))
  if (how.indexer !== 'running') await pair.startIndexer()
  if (!place.filesystem.numbersLast) run.hasOwnNumbers = false
  if (how.what === 'busy') return
  await untilConverged(pair, { boundMs: CONVERGENCE_MS })
  assertIdsStay(ids, idsByPath(run, how))
  if (before !== null) await assertSilence(run, before)
}

type Silence = { readonly head: number; readonly tree: TreeImage; readonly jobs: Jobs }

async function noteSilence(run: Run): Promise<Silence> {
  await untilConverged(run.pair, { boundMs: CONVERGENCE_MS })
  const jobs = await noteJobs(run)
  return { jobs, head: headOf(run.pair), tree: treeOf(run) }
}

/** I12: asserts that what is unchanged gets no row and is not read. */
async function assertSilence(run: Run, before: Silence): Promise<void> {
  const { pair } = run
  const same = new Set([...treeOf(run)].filter(([path, what]) => before.tree.get(path) === what).map(([path]) => path))
  // After an unmount some filesystems have lost parts of seconds, or times beyond a year: that is a change.
  const isSame = same.size === before.tree.size
  const jobs = await hashJobs(run)
  const client = new FeedClient(pair.url)
  await client.poll()
  const later = new FeedClient(pair.url, { cursor: before.head, nodes: client.nodes })
  const told = (await later.poll()).map((change) =>
    change.removed ? `removal of ${change.node_id}` : change.node.name,
  )
  const unexpected = told.filter((what) => !what.startsWith('sentinel'))
  if (!isSame) return
  assert.deepEqual(unexpected, [], 'I12: nothing happened while it was away, and no change is written')
  assert.equal(jobsSince(run, before.jobs, jobs), 0, 'I12: nothing is read again')
}

function treeOf({ pair }: Run): TreeImage {
  const { roots, exclude } = pair.configuration()
  return diskTree(roots, exclude)
}

type IdsByPath = ReadonlyMap<string, { readonly nodeId: string; readonly what: string }>

/** The ids of everything with one name: the names of a file with several may exchange their ids. */
function idsByPath({ pair, world, place }: Run, { what: happened }: Remount): IdsByPath {
  const rows = pair.read((sqlite) =>
    sqlite
      .prepare<[], { path: string; nodeId: string; what: string; inode: string; isDirectory: number }>(
        `WITH RECURSIVE placed (node_id, path) AS (
           SELECT node_id, hex(coalesce(raw_name, name)) FROM nodes WHERE parent_id IN (SELECT node_id FROM nodes WHERE parent_id IS NULL)
           UNION ALL SELECT nodes.node_id, placed.path || '/' || hex(coalesce(nodes.raw_name, nodes.name))
             FROM nodes JOIN placed ON parent_id = placed.node_id
         ) SELECT path, nodes.node_id AS nodeId, inode, is_directory AS isDirectory,
                  iif(is_directory, 'folder', size || ' bytes, mtime ' || mtime || ', ' || hash) AS what
           FROM placed JOIN nodes USING (node_id)`,
      )
      .all(),
  )
  const { numbersLast = true, foldersAreNumberedBy } = place.filesystem ?? {}
  // If neither number nor time shows it, a folder in the place of another looks like that one.
  const hasSureFolders = foldersAreNumberedBy === 'file' && (numbersLast || happened !== 'elsewhere')
  const own = rows.filter(({ inode, isDirectory }) => {
    return !world.linked.has(Number(inode)) && (hasSureFolders || isDirectory === 0)
  })
  return new Map(
    own.map(({ path, nodeId, what, inode }) => [
      path,
      { nodeId, what: numbersLast ? `${what}, inode ${inode}` : what },
    ]),
  )
}

/** Asserts that what is unchanged at its place has the same id. */
function assertIdsStay(before: IdsByPath, after: IdsByPath): void {
  const changed: string[] = []
  for (const [path, { nodeId, what }] of after) {
    const was = before.get(path)
    if (was !== undefined && was.what === what && was.nodeId !== nodeId) {
      changed.push(`${Buffer.from(path.split('/').join('2f'), 'hex').toString()}: ${was.nodeId} became ${nodeId}`)
    }
  }
  assert.deepEqual(changed, [], 'what did not move keeps its id over a remount')
}

/** The same folders at another place. */
function worldAt(world: World, top: string): World {
  const moved = (path: string) => `${top}${path.slice(world.base.length)}`
  return { ...world, base: top, watched: world.watched.map(moved), outside: moved(world.outside), mayMount: false }
}

/** Paths below a folder, with the highest inode numbers first. */
function byNumber(folder: string): string[] {
  const found: { readonly path: string; readonly inode: number }[] = []
  const visit = (below: string) => {
    for (const { name, kind } of disk.list(`${folder}${below}`)) {
      const path = `${below}/${name}`
      found.push({ path, inode: disk.stat(`${folder}${path}`).ino })
      if (kind === 'folder') visit(path)
    }
  }
  visit('')
  return found.sort((one, other) => other.inode - one.inode).map(({ path }) => path)
}

/** Looks names up in this order: some filesystems give out inode numbers as names are looked up. */
function lookInOrder(folder: string, numbered: readonly string[], { order, at }: Remount): void {
  const random = createRandom(at)
  const shuffled = numbered.map((path) => ({ path, key: random.fraction() })).sort((one, other) => one.key - other.key)
  const paths = { listed: [], reverse: numbered, shuffled: shuffled.map(({ path }) => path) }[order]
  // Some of the paths are gone by now.
  for (const path of paths) disk.exists(`${folder}${path}`)
}
