/**
 * Histories on a disk in memory and in simulated time, with the real stages between: thousands of moments at which
 * something may happen, and each history repeats itself exactly.
 */
import assert from 'node:assert/strict'
import type { FeedDatabase } from '@drive-feed/shared/open-database.ts'
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'
import { type DiskEvent, type Inode, ModelDisk } from '../support/model-disk.ts'
import { createRandom } from '../support/random.ts'
import { type Actor, type Clock, createClock } from './clock.ts'
import { assertEqual, assertOwnIds, assertSilence, isBelow, toldBefore } from './comparison.ts'
import type { History, Round, Treatment } from './history.ts'
import { createKernel } from './kernel.ts'
import { type Program, type Surroundings, startProgram, type Watch } from './program.ts'

/** Two that are watched, and one that is not. */
const WATCHED: readonly Watch[] = ['one', 'two'].map((name) => ({ name, path: `/${name}` }))
const TOPS = ['one', 'two', 'outside']
/** The one that things are done to. */
const UNSTEADY = 'two'
const OTHER_NAME = 'zwei'
/** What is done while the program is not there. */
const ENDING: ReadonlySet<Treatment> = new Set(['kill', 'configure', 'rename', 'empty', 'fill'])
/** A root that is away is looked for this often. */
const CHECK_MS = 3_000
/** What was refused is tried again this often. */
const TRIED_AGAIN_MS = 61_000
/** A folder that could not be listed may be followed by what is in it. */
const TRIES = 4
/** What has no watch is listed every other minute, and not where that took long. */
const SCARCE_TRIES = 10
/** Folders at the most; with fewer watches some have none. */
const MANY = 1_000
/** Simulated time until everything has to be quiet. */
/** Files that came by a link are looked at again for more than an hour. */
const QUIET_MS = 3 * 3_600_000
/** Of what is asked for while there are faults. */
const FAULTS = { unreadable: 0.1, refused: 0.1 }
const NO_FAULTS = { unreadable: 0, refused: 0 }

/** What tells of nodes that nothing happened to. */
const LOUD: ReadonlySet<Treatment> = new Set(['configure', 'rename'])
/** What takes a root away. */
const AWAY: ReadonlySet<Treatment> = new Set(['unmount', 'empty', 'fill'])

/** The disk itself: nothing stops it. */
const NATURE: Actor = { state: 'running' }

type Run = {
  readonly surroundings: Surroundings
  /** The latest. */
  program: Program
  /** Inodes that have, or had, more than one name. */
  readonly linked: Set<Inode>
  /** Those of them that had a name where nobody watches. */
  readonly unwatched: Set<Inode>
  /** Whether there are fewer watches than folders. */
  readonly isScarce: boolean
  /** Through which names what was written in this round. */
  readonly written: { readonly folder: Inode; readonly name: string; readonly inode: Inode }[]
  /** Without birth times a file under a number that is used again can't be told from the one that had it. */
  readonly areNumbersOwn: boolean
  /** Whether nothing happened in a watched folder since it was emptied. */
  isLeftAlone: boolean
  /** Inodes that something happened to in this round. */
  readonly touched: Set<Inode>
}

/** Rejects with what is not equal, or what went wrong, followed by all that happened. */
export async function simulate(db: FeedDatabase, history: History): Promise<void> {
  clear(db)
  const { reusesNumbers, keepsBirthTimes, foldsCase, slownessMs } = history
  const story: string[] = []
  let run: Run | null = null
  const clock = createClock()
  const beganMs = clock.nowMs()
  const note = (line: string) => void story.push(`${clock.nowMs() - beganMs} ms: ${line}`)
  const kernel = createKernel(history, (fd) => run?.program.onQueued(fd))
  const tell = (event: DiskEvent) => {
    note(`${event.kind} ${'name' in event ? `${event.name} in ` : ''}${event.folder.number}`)
    const inode = 'name' in event ? event.folder.entries?.get(event.name) : undefined
    if (inode !== undefined) run?.touched.add(inode)
    if (run !== null && event.folder === disk.resolve([UNSTEADY])) run.isLeftAlone = false
    if (inode !== undefined && (event.kind === 'written' || event.kind === 'modified'))
      run?.written.push({ ...event, inode })
    kernel.tell(event)
  }
  const onMounts = () => run?.program.onMounts()
  const disk = new ModelDisk({ reusesNumbers, keepsBirthTimes, foldsCase, tops: TOPS, tell, onMounts })
  for (let at = 0; at < 40; at += 1) disk.change([(at * 7) % 30, 0, at * at * 31, at * 3])
  const random = createRandom(history.seed)
  const faults = { ...NO_FAULTS }
  const { hintsMax } = history
  const shared = { db, clock, disk, kernel, random, slownessMs, hintsMax, faults, note }
  const surroundings = { ...shared, watches: WATCHED, words: new Set<string>() }
  const restoreTimers = replaceTimers(clock, () => run?.program.actor ?? NATURE)
  try {
    run = {
      surroundings,
      program: startProgram(surroundings),
      linked: new Set(),
      unwatched: new Set(),
      isScarce: history.watchesMax < MANY,
      written: [],
      isLeftAlone: false,
      areNumbersOwn: !reusesNumbers || keepsBirthTimes,
      touched: new Set(),
    }
    await becomesEqual(run)
    await runRounds(run, history)
  } catch (error) {
    throw new Error(`${(error as Error).message}\nafter\n  ${story.join('\n  ')}`, { cause: error })
  } finally {
    restoreTimers()
    run?.program.end()
  }
}

async function runRounds(run: Run, { rounds, reusesNumbers }: History): Promise<void> {
  let areIdsOwn = run.areNumbersOwn
  for (const round of rounds) {
    run.touched.clear()
    run.written.length = 0
    const before = toldBefore(run.surroundings)
    // A root that its owner left empty may look suddenly empty by whatever leaves it next, and be kept for that.
    run.surroundings.disk.fill(UNSTEADY)
    schedule(run, round)
    await becomesEqual(run)
    if (areIdsOwn && !LOUD.has(round.treatment)) assertSilence(run.surroundings, before, run)
    // What gets the number of something in a root that is away has an id beside it.
    if (reusesNumbers && AWAY.has(round.treatment)) areIdsOwn = false
    if (areIdsOwn) assertOwnIds(run.surroundings, run.linked)
  }
}

function clear({ sqlite }: FeedDatabase): void {
  sqlite.exec(`DELETE FROM nodes WHERE node_id <> '${SUPER_ROOT_ID}'; DELETE FROM changes;
    DELETE FROM removals; DELETE FROM watch_roots; DELETE FROM devices`)
}

/** The loop waits by a timer, which is the only one. Gives what puts the real ones back. */
function replaceTimers(clock: Clock, actor: () => Actor): () => void {
  const { setTimeout, clearTimeout } = globalThis
  const cancels = new WeakMap<object, () => void>()
  const replaced = (task: () => void, delayMs = 0) => {
    const timer = {}
    cancels.set(timer, clock.after(delayMs, actor(), task))
    return timer
  }
  Object.assign(globalThis, {
    setTimeout: replaced,
    clearTimeout: (timer: object | undefined) => timer !== undefined && cancels.get(timer)?.(),
  })
  return () => void Object.assign(globalThis, { setTimeout, clearTimeout })
}

function schedule(run: Run, { steps, treatment, from, to }: Round): void {
  const { clock, disk } = run.surroundings
  let atMs = 0
  for (const [at, { choice, waitMs }] of steps.entries()) {
    clock.after(atMs, NATURE, () => {
      if (at === from % steps.length) stop(run, treatment)
      if (at === to % steps.length) goOn(run, treatment)
      disk.change(choice)
      noteLinks(run)
    })
    atMs += waitMs
  }
  clock.after(atMs, NATURE, () => {
    goOn(run, treatment)
    stirLinks(run)
  })
}

function stop(run: Run, treatment: Treatment): void {
  const { program, surroundings } = run
  const { disk, faults } = surroundings
  if (treatment === 'pause') program.actor.state = 'paused'
  if (ENDING.has(treatment)) program.end()
  if (treatment === 'empty' || treatment === 'fill') {
    disk.empty(UNSTEADY)
    run.isLeftAlone = true
  }
  if (treatment === 'unmount') disk.unmount(UNSTEADY)
  if (treatment === 'faults') Object.assign(faults, FAULTS)
}

function goOn(run: Run, treatment: Treatment): void {
  const { program, surroundings } = run
  if (treatment === 'pause') program.actor.state = 'running'
  const isToStart = program.actor.state === 'ended'
  if (isToStart) {
    surroundings.watches = watchesAfter(treatment, surroundings.watches)
    run.program = startProgram(surroundings)
  }
  if (treatment === 'faults') Object.assign(surroundings.faults, NO_FAULTS)
  if (treatment === 'unmount') surroundings.disk.mount(UNSTEADY)
  if (isToStart && (treatment === 'empty' || treatment === 'fill')) endEmptiness(run, treatment)
  if (AWAY.has(treatment)) surroundings.clock.after(CHECK_MS, NATURE, () => run.program.check())
}

/** The other name is that of the one that things are done to, which stays where it is. */
function watchesAfter(treatment: Treatment, watches: readonly Watch[]): readonly Watch[] {
  if (treatment === 'configure') return watches.length === 1 ? WATCHED : watches.slice(0, 1)
  if (treatment !== 'rename') return watches
  return watches.map((watch) =>
    watch.path !== `/${UNSTEADY}` ? watch : { ...watch, name: watch.name === UNSTEADY ? OTHER_NAME : UNSTEADY },
  )
}

/** Its root is away since it is suddenly empty, until its owner says that it is meant, or something is in it. */
function endEmptiness(run: Run, treatment: 'empty' | 'fill'): void {
  const { program, surroundings } = run
  const { clock, disk, words, db } = surroundings
  const hasNodes = () => {
    const root = program.roots().find(({ path }) => path === `/${UNSTEADY}`)
    return db.sqlite.prepare('SELECT 1 FROM nodes WHERE parent_id = ?').get(rootIdOf(db, root?.key ?? '')) !== undefined
  }
  const isToBeKept = hasNodes()
  clock.after(CHECK_MS, NATURE, () => {
    const root = program.roots().find(({ path }) => path === `/${UNSTEADY}`)
    const nodeId = rootIdOf(db, root?.key ?? '')
    if (isToBeKept && run.isLeftAlone && run.areNumbersOwn)
      assert.ok(hasNodes(), 'I7: what was in a root that is suddenly empty is kept')
    if (treatment === 'empty' && nodeId !== undefined && root?.state.kind === 'offline') words.add(nodeId)
    else disk.fill(UNSTEADY)
    program.check()
  })
}

function rootIdOf({ sqlite }: FeedDatabase, name: string): string | undefined {
  return sqlite.prepare<[string], string>('SELECT node_id FROM watch_roots WHERE name = ?').pluck().get(name)
}

function noteLinks({ linked, unwatched, isScarce, surroundings: { disk, watches } }: Run): void {
  for (const { inode, path } of disk.names()) {
    if (inode.entries !== null || (disk.linksOf(inode) < 2 && !linked.has(inode))) continue
    linked.add(inode)
    if (isScarce || !isBelow(path, watches)) unwatched.add(inode)
  }
}

/**
 * A write through a name that nobody watches gives no event, and one through a name that is gone by then does not say what
 * was written: both are found with the next event at another name.
 */
function stirLinks({ linked, unwatched, written, surroundings: { disk, kernel } }: Run): void {
  const places = new Set(Array.from(disk.names(), ({ folder, name, inode }) => placeOf(folder, name, inode)))
  for (const { folder, name, inode } of written) {
    if (linked.has(inode) && !places.has(placeOf(folder, name, inode))) unwatched.add(inode)
  }
  for (const { folder, name, inode } of disk.names()) {
    if (unwatched.has(inode)) kernel.tell({ kind: 'touched', folder, name })
  }
}

function placeOf(folder: Inode, name: string, inode: Inode): string {
  return `${folder.number}/${name}/${inode.number}/${inode.birthTime}`
}

async function becomesEqual(run: Run): Promise<void> {
  const { surroundings } = run
  await surroundings.clock.run(QUIET_MS)
  for (let tries = 0; tries < (run.isScarce ? SCARCE_TRIES : TRIES); tries += 1) {
    surroundings.clock.after(TRIED_AGAIN_MS, NATURE, () => run.program.check())
    await surroundings.clock.run(QUIET_MS)
  }
  const failure = run.program.failure()
  if (failure !== undefined) throw failure
  assertEqual({ ...surroundings, program: run.program })
  const head = headOf(surroundings.db)
  surroundings.clock.after(TRIED_AGAIN_MS, NATURE, () => run.program.check())
  await surroundings.clock.run(QUIET_MS)
  assert.equal(headOf(surroundings.db), head, 'I12: nothing is told when nothing happened')
}

function headOf({ sqlite }: FeedDatabase): unknown {
  return sqlite.prepare('SELECT max(change_id) FROM changes').pluck().get()
}
