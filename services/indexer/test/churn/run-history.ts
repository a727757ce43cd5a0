/** Runs a history on a pair of its own; after each round the disk, the nodes and every replay must be equal. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createExclude } from '@drive-feed/shared/exclude.ts'
import { plainNodeId } from '@drive-feed/shared/node-id.ts'
import { openReader } from '@drive-feed/shared/open-database.ts'
import { audit } from '../../src/audit/audit.ts'
import { assertAllEqual, type Follower, follow, untilConverged } from '../pair/convergence.ts'
import { type Cleaner, createPair, type Pair } from '../pair/harness.ts'
import { statusOf } from '../pair/observations.ts'
import { until } from '../pair/until.ts'
import { below, choose } from './choice.ts'
import { disk } from './disk.ts'
import { drain, flood } from './flood.ts'
import type { History, Round, Step, Treatment } from './history.ts'
import { NAMES, operate } from './operations.ts'
import { closeAll, createWorld, lookAround, noteLinks, shown, type World } from './world.ts'

/** `calm`: operations in calm rounds. `readAgain`: files read in those rounds. */
export type Figures = Record<'histories' | 'rounds' | 'operations' | 'calm' | 'readAgain' | Treatment['kind'], number>

/** A file whose writer forgot it is read after half a minute. */
const CONVERGENCE_MS = 90_000
const ROOTS = ['one', 'two']
const PATTERNS = ['f.*', '[ab]', '*~', 'x']

type Run = {
  readonly pair: Pair
  readonly world: World
  readonly figures: Figures
  /** What was done, a line each. */
  readonly story: string[]
  /** Sentinels that the indexer that runs now has read. */
  sentinels: number
}

/** Rejects with what is wrong, followed by all that was done. */
export async function runHistory(history: History, figures: Figures): Promise<void> {
  const cleanups: (() => unknown)[] = []
  const cleaner: Cleaner & { passed: boolean } = { passed: true, after: (work) => void cleanups.push(work) }
  const story: string[] = []
  try {
    const pair = await createPair(cleaner, { roots: ROOTS })
    const world = createWorld(pair.folder, Object.values(pair.configuration().roots), NAMES)
    const run: Run = { pair, world, figures, story, sentinels: 0 }
    follows(run)
    cleaner.after(() => closeAll(world))
    await Promise.all([pair.startIndexer(), pair.startApi()])
    for (const round of history) await runRound(run, round)
    figures.histories += 1
  } catch (error) {
    cleaner.passed = false
    throw new Error(`${(error as Error).message}\nafter\n  ${story.join('\n  ')}`, { cause: error })
  } finally {
    for (const cleanup of cleanups.reverse()) await cleanup()
  }
}

async function runRound(run: Run, round: Round): Promise<void> {
  const { pair, world, figures, story } = run
  const { treatment, isCalm } = round
  story.push(`— ${isCalm ? 'a calm round' : 'a round'}: ${treatment.kind}`)
  figures.rounds += 1
  figures[treatment.kind] += 1
  world.mayLeaveOpen = treatment.kind === 'none' || treatment.kind === 'pause'
  const before = isCalm ? { jobs: await hashJobs(run), ids: idsOf(pair) } : null
  world.isCalm = isCalm
  const overflowsBefore = statusOf(pair)?.overflows ?? 0
  const followers = [follow(pair, { pauseMs: 5, maxSize: round.pageSize }), follow(pair, { pauseMs: 40 })]
  try {
    await runSteps(run, round.before)
    await treat(run, treatment, round.during)
    await runSteps(run, round.after)
    closeAll(world)
    if (!isCalm) stirLinks(world)
    // Where an indexer was killed or stopped, the only sign of such a write could be lost with it.
    if (treatment.kind === 'none' && !isCalm) await rewriteSecretly(run)
    for (const follower of followers) await compare(run, follower)
    await compareIds(run, before)
    if (treatment.kind === 'flood') {
      await until('the overflow to be counted', () => (statusOf(pair)?.overflows ?? 0) > overflowsBefore)
      drain(world)
    }
  } finally {
    world.isCalm = false
    for (const follower of followers) await follower.stop()
  }
}

async function runSteps({ world, story, figures }: Run, steps: readonly Step[]): Promise<void> {
  for (const { do: name, at, waitMs } of steps) {
    story.push(operate(world, name, at, lookAround(world)))
    figures.operations += 1
    if (world.isCalm) figures.calm += 1
    if (waitMs === 0) continue
    story.push(`(${waitMs} ms)`)
    await sleep(waitMs)
  }
}

async function treat(run: Run, treatment: Treatment, during: readonly Step[]): Promise<void> {
  const { pair, world, story } = run
  if (treatment.kind === 'none') return runSteps(run, during)
  if (treatment.kind === 'pause' || treatment.kind === 'flood') {
    pair.indexer().signal('SIGSTOP')
    if (treatment.kind === 'flood') story.push(flood(world))
    await runSteps(run, during)
    pair.indexer().signal('SIGCONT')
    return
  }
  await pair.endIndexer(treatment.kind === 'kill' ? 'SIGKILL' : 'SIGTERM')
  run.sentinels = 0
  if (treatment.kind === 'configure') configure(run, treatment.at)
  await runSteps(run, during)
  // Where it is not waited for, files change while it starts and scans.
  if (treatment.kind !== 'configure' && !treatment.isWaitedFor) pair.launchIndexer()
  else await pair.startIndexer()
}

/** Other excludes, and one root gone, back, or under another name. */
function configure(run: Run, at: number): void {
  const { pair, story } = run
  const { folder } = pair
  const two = join(folder, 'two')
  const roots = [{}, { two }, { second: two }][below(at, 3)] ?? {}
  const exclude = below(at, 2) === 0 ? [] : [choose(at, PATTERNS) ?? '']
  pair.configure({ roots: { one: join(folder, 'one'), ...roots }, exclude })
  story.push(`roots ${Object.keys(pair.configuration().roots).join(', ')}; exclude ${JSON.stringify(exclude)}`)
  follows(run)
}

/** Brings the world in line with the configuration. */
function follows({ pair, world }: Run): void {
  const { roots, exclude } = pair.configuration()
  world.watched = Object.values(roots)
  world.isExcluded = createExclude(exclude)
}

/**
 * A write that leaves size and time as they were; only its close tells, and only where somebody watches: not in a folder
 * that moves from one root to another, for a moment.
 */
async function rewriteSecretly({ pair, world, story }: Run): Promise<void> {
  await untilConverged(pair, { boundMs: CONVERGENCE_MS })
  const path = choose(
    1,
    lookAround(world).files.filter((file) => file.isWellFormed() && disk.stat(file).nlink === 1),
  )
  if (path === undefined) return
  // `touch -r` keeps the nanoseconds, which a JavaScript date does not have.
  const reference = join(world.base, 'reference')
  execFileSync('touch', ['-r', path, reference])
  disk.write(path, Buffer.alloc(disk.stat(path).size, `secret ${performance.now()} `))
  execFileSync('touch', ['-r', reference, path])
  story.push(`rewrite ${shown(world, path)}, keeping size and time`)
}

/**
 * A write through a name that nobody watches, gone by now perhaps, gives no event: it is found with the next one at a
 * watched name.
 */
function stirLinks(world: World): void {
  noteLinks(world)
  for (const path of lookAround({ ...world, isCalm: true }).files) {
    const { ino, mode } = disk.stat(path)
    if (world.linked.has(ino)) disk.chmod(path, mode ^ 0o020)
  }
}

async function compare({ pair }: Run, follower: Follower): Promise<void> {
  if (pair.indexer().exited()) throw new Error(`the indexer ended: ${pair.indexer().stderr()}`)
  await assertAllEqual(pair, follower, { boundMs: CONVERGENCE_MS })
}

/** The audit agrees, ids are those of their inodes, and in a calm round they stayed and no file was read. */
async function compareIds(run: Run, before: { ids: ReadonlySet<string>; jobs: number } | null): Promise<void> {
  const { pair, world } = run
  const { roots, exclude } = pair.configuration()
  const db = openReader(pair.databasePath)
  try {
    const { lines } = await audit(db, { watches: Object.keys(roots), excludes: exclude, readsFiles: true })
    assert.deepEqual(lines, [], 'I1: the audit finds no difference')
  } finally {
    db.sqlite.close()
  }
  for (const { node_id, device, inode } of idRows(pair)) {
    if (!world.linked.has(Number(inode))) assert.equal(node_id, plainNodeId(device, inode), 'the id is the inode’s own')
  }
  if (before === null) return
  assert.deepEqual(idsOf(pair), before.ids, 'ids survive renames')
  const jobs = await hashJobs(run)
  // Judged over the whole run: what changes places again and again while nobody watches may rarely be lost sight of.
  run.figures.readAgain += jobs - (run.sentinels === 1 ? 0 : before.jobs)
}

function idRows(pair: Pair) {
  return pair.read((sqlite) =>
    sqlite
      .prepare<[], { node_id: string; device: string; inode: string }>(
        "SELECT node_id, device, inode FROM nodes WHERE device <> ''",
      )
      .all(),
  )
}

function idsOf(pair: Pair): ReadonlySet<string> {
  return new Set(idRows(pair).map(({ node_id }) => node_id))
}

/** Files read since the indexer started, but for the sentinels that make sure that all of them are counted. */
async function hashJobs(run: Run): Promise<number> {
  const { pair, world } = run
  const folder = world.watched[0] as string
  run.sentinels += 1
  // A name of its own: operations make links, folders and worse of what they find.
  const name = `sentinel ${Date.now()}`
  disk.write(join(folder, name), Buffer.from(name))
  await untilConverged(pair, { boundMs: CONVERGENCE_MS })
  const convergedMs = Date.now()
  // One folder more is listed, so the status row is written again.
  disk.mkdir(join(folder, `${name} folder`))
  const { filesHashed } = await until('the status row to be refreshed', () => {
    const status = statusOf(pair)
    return status !== undefined && status.heartbeatMs >= convergedMs && status
  })
  await untilConverged(pair, { boundMs: CONVERGENCE_MS })
  return filesHashed - run.sentinels
}
