/** Runs a history on a pair of its own; after each round the disk, the nodes and every replay must be equal. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createExclude } from '@drive-feed/shared/exclude.ts'
import { plainNodeId } from '@drive-feed/shared/node-id.ts'
import { openReader } from '@drive-feed/shared/open-database.ts'
import { audit } from '../../services/indexer/src/audit/audit.ts'
import type { Cleaner } from '../support/cleaner.ts'
import { assertAllEqual, expectedTree, type Follower, follow, untilConverged } from '../support/convergence.ts'
import { differences, forgetHashes, nodesTree, readNodes, type TreeImage } from '../support/disk-tree.ts'
import { statusOf } from '../support/observations.ts'
import { createPair } from '../support/pair.ts'
import { until, untilNone } from '../support/until.ts'
import { bindsBelow, unbindAll } from './binds.ts'
import { below, choose } from './choice.ts'
import { disk } from './disk.ts'
import { drain, flood } from './flood.ts'
import type { History, Round, Step, Treatment } from './history.ts'
import { operate } from './operations.ts'
import { type PlaceOptions, preparePlace } from './place.ts'
import { NAMES } from './places.ts'
import { remount } from './remount.ts'
import {
  CONVERGENCE_MS,
  endIndexer,
  type Figures,
  hashJobs,
  type Jobs,
  jobsSince,
  noteJobs,
  type Run,
  runSteps,
} from './run.ts'
import { closeAll, createWorld, lookAround, noteLinks, shown, unmap, type World } from './world.ts'

/** A busy writer's file is looked at within some seconds, later on a busy machine. */
const OPEN_FILES_MS = 60_000
const HERE: PlaceOptions = { filesystem: null, layout: 'folders' }
/** Longer than it takes to list a mounted folder. */
const BOUND_MS = 1_500
const ROOTS = ['one', 'two']
const PATTERNS = ['f.*', '[ab]', '*~', 'x']

/** Rejects with what differs or went wrong, followed by all that was done. */
export async function runHistory(history: History, figures: Figures, where: PlaceOptions = HERE): Promise<void> {
  const cleanups: (() => unknown)[] = []
  const cleaner: Cleaner & { passed: boolean } = { passed: true, after: (work) => void cleanups.push(work) }
  const story: string[] = [`on ${where.filesystem?.name ?? 'the temporary folder’s filesystem'}, ${where.layout}`]
  try {
    const run = await prepare(cleaner, figures, story, where)
    await Promise.all([run.pair.startIndexer(), run.pair.startApi()])
    for (const round of history) await runRound(run, round)
    figures.histories += 1
  } catch (error) {
    cleaner.passed = false
    throw new Error(`${(error as Error).message}\nafter\n  ${story.join('\n  ')}`, { cause: error })
  } finally {
    for (const cleanup of cleanups.reverse()) await cleanup()
  }
}

async function prepare(t: Cleaner, figures: Figures, story: string[], where: PlaceOptions): Promise<Run> {
  const place = await preparePlace(t, where)
  const pair = await createPair(t, { roots: place.roots ?? ROOTS })
  const { filesystem, mayMount } = place
  const base = place.disk?.top ?? pair.folder
  const outside = place.outside ?? join(base, 'outside')
  const watched = Object.values(pair.configuration().roots)
  const names = NAMES.filter((name) => filesystem?.refuses?.test(name) !== true)
  const world = createWorld({ base, watched, outside, names, filesystem, mayMount })
  const run: Run = { pair, place, world, figures, story, sentinels: 0, ended: 0, hasOwnNumbers: true }
  pair.configure({ exclude: filesystem?.excludes ?? [] })
  follows(run)
  t.after(async () => {
    closeAll(world)
    world.leases.end()
    if (mayMount) await unbindAll(base)
  })
  return run
}

async function runRound(run: Run, round: Round): Promise<void> {
  const { pair, world, figures, story } = run
  const { treatment, isCalm, leaves } = round
  story.push(`— ${isCalm ? 'a calm round' : 'a round'}: ${treatment.kind}, leaving ${leaves}`)
  figures.rounds += 1
  figures[treatment.kind] += 1
  world.mayLeaveOpen = treatment.kind === 'none' || treatment.kind === 'pause'
  if (!world.mayLeaveOpen || isCalm) closeAll(world)
  if (isCalm) await untilNumbersCount(run)
  const before = isCalm ? { jobs: await noteJobs(run), ids: idsOf(run) } : null
  world.isCalm = isCalm
  const overflowsBefore = statusOf(pair)?.overflows ?? 0
  const followers = [follow(pair, { pauseMs: 5, maxSize: round.pageSize }), follow(pair, { pauseMs: 40 })]
  try {
    await runSteps(run, round.before)
    await treat(run, treatment, round.during)
    await runSteps(run, round.after)
    await endRound(run, round)
    if (leaves === 'bound' && world.mayMount) {
      // A folder that is mounted at two places is listed at one of them; only with one place is the right answer
      // certain.
      await sleep(BOUND_MS)
      await unbindAll(world.base)
      story.push('umount all')
    }
    for (const follower of followers) await compare(run, follower)
    await compareIds(run)
    if (before !== null) await compareCalm(run, treatment, before)
    if (treatment.kind === 'flood') {
      await until('the overflow to be counted', () => (statusOf(pair)?.overflows ?? 0) > overflowsBefore)
      drain(world)
    }
  } finally {
    world.isCalm = false
    for (const follower of followers) await follower.stop()
  }
}

/** If numbers pass, they show moves only once all rows have been compared under this mount. */
async function untilNumbersCount({ pair }: Run): Promise<void> {
  await until('all that is known to be compared since the mount', () => {
    const doubtful = "SELECT count(*) FROM devices WHERE numbers_last = 0 AND mounted_as = ''"
    return pair.read((sqlite) => sqlite.prepare(doubtful).pluck().get() === 0)
  })
}

/** Ends a round, and leaves the disk quiet. */
async function endRound(run: Run, { leaves, isCalm, treatment, pageSize }: Round): Promise<void> {
  const { world, story, place } = run
  // A file that is open in a mounted folder keeps that from being unmounted.
  const staysOpen = leaves === 'open' && !(world.mayMount && bindsBelow(world.base).length > 0)
  if (staysOpen) {
    // A write to a mapping shows when the mapping ends.
    for (const number of world.mapped.keys()) unmap(world.mapped, number)
  } else closeAll(world)
  if (world.mayMount) await unbindAll(world.base)
  if (!isCalm) stirLinks(world)
  if (staysOpen && world.open.size > 0) await untilSizesEqual(run)
  // If the indexer was killed or stopped, the only sign of such a write may be lost with it.
  if (treatment.kind === 'none' && !isCalm) await rewriteSecretly(run)
  if (leaves === 'bound') story.push(operate(world, 'bindFolder', pageSize ?? 0, lookAround(world)))
  await sleep(place.filesystem?.attributesMs ?? 0)
  forgetHashes()
}

/** Sizes must be right for files that are open for writing too, which are not read yet. */
async function untilSizesEqual({ pair, place }: Run): Promise<void> {
  await sleep(place.filesystem?.attributesMs ?? 0)
  const withoutHash = (tree: TreeImage) => new Map([...tree].map(([path, what]) => [path, what.replace(/, md5.*/, '')]))
  await untilNone(
    'sizes and times of files that are open for writing',
    () => differences(withoutHash(expectedTree(pair)), withoutHash(nodesTree(pair.read(readNodes))), 'the nodes'),
    OPEN_FILES_MS,
  )
}

async function treat(run: Run, treatment: Treatment, during: readonly Step[]): Promise<void> {
  const { pair, world, story } = run
  if (treatment.kind === 'none') return runSteps(run, during)
  if (treatment.kind === 'remount') return remount(run, treatment, during)
  if (treatment.kind === 'pause' || treatment.kind === 'flood') {
    pair.indexer().signal('SIGSTOP')
    if (treatment.kind === 'flood') story.push(flood(world))
    await runSteps(run, during)
    pair.indexer().signal('SIGCONT')
    return
  }
  await endIndexer(run, treatment.kind === 'kill' ? 'SIGKILL' : 'SIGTERM')
  if (treatment.kind === 'configure') configure(run, treatment.at)
  await runSteps(run, during)
  // Without waiting, files change while it starts and scans.
  if (treatment.kind !== 'configure' && !treatment.isWaitedFor) pair.launchIndexer()
  else await pair.startIndexer()
}

/** Changes the excludes, and removes a root, brings it back, or renames it. */
function configure(run: Run, at: number): void {
  const { pair, story, place } = run
  const { one, two } = place.roots ?? { one: join(pair.folder, 'one'), two: join(pair.folder, 'two') }
  const choices = two === undefined ? [{ one }, { first: one }] : [{ one }, { one, two }, { one, second: two }]
  const always = place.filesystem?.excludes ?? []
  const exclude = below(at, 2) === 0 ? always : [...always, choose(at, PATTERNS) ?? '']
  pair.configure({ roots: choices[below(at, choices.length)] as Record<string, string>, exclude })
  story.push(`roots ${Object.keys(pair.configuration().roots).join(', ')}; exclude ${JSON.stringify(exclude)}`)
  follows(run)
}

/** Makes the world follow the configuration. */
function follows({ pair, world }: Run): void {
  const { roots, exclude } = pair.configuration()
  world.watched = Object.values(roots)
  const isExcluded = createExclude({ patterns: exclude, usesDefaults: true })
  // Its patterns are for names.
  world.isExcluded = (name) => isExcluded(name, () => '')
}

/**
 * Writes a file so that size and time stay. Only the close shows it, and only in a folder with a watch: a folder that
 * moves from one root to another has none for a moment.
 */
async function rewriteSecretly({ pair, world, story }: Run): Promise<void> {
  await untilConverged(pair, { boundMs: CONVERGENCE_MS })
  const open = new Set(world.open.values())
  const path = choose(
    1,
    lookAround(world).files.filter((file) => file.isWellFormed() && disk.stat(file).nlink === 1 && !open.has(file)),
  )
  if (path === undefined) return
  // `touch -r` keeps the nanoseconds, which a JavaScript date would lose.
  const reference = join(pair.folder, 'reference')
  execFileSync('touch', ['-r', path, reference])
  const secret = Buffer.alloc(disk.stat(path).size, `secret ${performance.now()} `)
  await until(`nobody to hold a lease on ${path}`, () => isWritten(path, secret))
  execFileSync('touch', ['-r', reference, path])
  story.push(`rewrite ${shown(world, path)}, keeping size and time`)
}

function isWritten(path: string, content: Buffer): boolean {
  try {
    disk.write(path, content)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return false
    throw error
  }
}

/**
 * Touches another name of files that may have been written through a name that nobody watches: such a write gives no
 * event, and is found with the next event at a watched name.
 */
function stirLinks(world: World): void {
  noteLinks(world)
  const hasOwnNumbers = world.filesystem?.linksShareNumbers === false
  for (const path of lookAround({ ...world, isCalm: true }).files) {
    const { ino, mode } = disk.stat(path)
    if (hasOwnNumbers || world.stirred.has(ino)) disk.chmod(path, mode ^ 0o020)
  }
}

async function compare({ pair }: Run, follower: Follower): Promise<void> {
  if (pair.indexer().exited()) throw new Error(`the indexer ended: ${pair.indexer().stderr()}`)
  await assertAllEqual(pair, follower, { boundMs: CONVERGENCE_MS })
}

/** Asserts that the audit agrees, and that ids are those of the inodes. */
async function compareIds(run: Run): Promise<void> {
  const { pair, world } = run
  const { roots, exclude } = pair.configuration()
  const db = openReader(pair.databasePath)
  try {
    const { lines } = await audit(db, {
      watches: Object.keys(roots),
      excludes: { patterns: exclude, usesDefaults: true },
      readsFiles: true,
    })
    assert.deepEqual(lines, [], 'I1: the audit finds no difference')
  } finally {
    db.sqlite.close()
  }
  // If numbers do not last, an id may have been another file's before.
  if (!run.hasOwnNumbers || world.hasBound || run.place.filesystem?.numbersLast === false) return
  for (const { node_id, device, inode } of idRows(run)) {
    if (!world.linked.has(Number(inode))) assert.equal(node_id, plainNodeId(device, inode), 'the id is the inode’s own')
  }
}

/** Asserts that ids stay in a calm round, and that no file is read. */
async function compareCalm(
  run: Run,
  treatment: Treatment,
  before: { readonly ids: ReadonlySet<string>; readonly jobs: Jobs },
): Promise<void> {
  // A file that moved while it was away and has another number now is a new one to everybody.
  const isRenumbered =
    treatment.kind === 'remount' && treatment.what !== 'quiet' && run.place.filesystem?.numbersLast === false
  if (isRenumbered) return
  const ids = idsOf(run)
  // For a remount that must be silent sentinels were written.
  if (treatment.kind !== 'remount') assert.equal(ids.size, before.ids.size, 'nothing comes or goes')
  assert.deepEqual(before.ids.difference(ids), new Set(), 'ids survive renames')
  // Judged over the whole run: a file that changes places again and again unwatched may rarely be lost sight of.
  run.figures.readAgain += jobsSince(run, before.jobs, await hashJobs(run))
}

/** Rows whose inode number does not come from the path. */
function idRows({ pair, place }: Run) {
  const which = place.filesystem?.foldersAreNumberedBy === 'path' ? 'AND NOT is_directory' : ''
  return pair.read((sqlite) =>
    sqlite
      .prepare<[], { node_id: string; device: string; inode: string }>(
        `SELECT node_id, device, inode FROM nodes WHERE device <> '' ${which}`,
      )
      .all(),
  )
}

function idsOf(run: Run): ReadonlySet<string> {
  return new Set(idRows(run).map(({ node_id }) => node_id))
}
