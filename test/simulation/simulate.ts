/**
 * Runs histories on a disk in memory and in simulated time, with the real stages in between. Something may happen at
 * thousands of moments, and each history repeats itself exactly.
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

/** Two folders that are watched, and one that is not. */
const WATCHED: readonly Watch[] = ['one', 'two'].map((name) => ({ name, path: `/${name}` }))
const TOPS = ['one', 'two', 'outside']
/** The watched folder that is unmounted, renamed and emptied. */
const UNSTEADY = 'two'
const OTHER_NAME = 'zwei'
/** Treatments while no program runs. */
const ENDING: ReadonlySet<Treatment> = new Set(['kill', 'configure', 'rename', 'empty', 'fill'])
/** How often a root that is away is looked for. */
const CHECK_MS = 3_000
/** How often what was refused is tried again. */
const TRIED_AGAIN_MS = 61_000
/** A folder that could not be listed may have others in it that can't be listed either. */
const TRIES = 4
/** Folders without a watch are listed every other minute, and later if that took long. */
const SCARCE_TRIES = 10
/** More than there are folders. With fewer watches some folders have none. */
const MANY = 1_000
/** Simulated time until everything has to be quiet. */
/** Long enough for files that came by a link, which are looked at again for more than an hour. */
const QUIET_MS = 3 * 3_600_000
/** The share of looks and watches that fail while there are faults. */
const FAULTS = { unreadable: 0.1, refused: 0.1 }
const NO_FAULTS = { unreadable: 0, refused: 0 }

/** Treatments that cause changes of nodes to which nothing happened. */
const LOUD: ReadonlySet<Treatment> = new Set(['configure', 'rename'])
/** Treatments that take a root away. */
const AWAY: ReadonlySet<Treatment> = new Set(['unmount', 'empty', 'fill'])

/** The disk itself, which nothing stops. */
const NATURE: Actor = { state: 'running' }

type Run = {
  readonly surroundings: Surroundings
  /** The latest program. */
  program: Program
  /** Inodes that have or had more than one name. */
  readonly linked: Set<Inode>
  /** Those of them that had a name in a folder without a watch. */
  readonly unwatched: Set<Inode>
  /** Whether there are fewer watches than folders. */
  readonly isScarce: boolean
  /** The files that were written in this round, and through which names. */
  readonly written: { readonly folder: Inode; readonly name: string; readonly inode: Inode }[]
  /** Whether numbers are never reused: without birth times a new file under a reused number looks like the old one. */
  readonly areNumbersOwn: boolean
  /** Whether nothing happened in a watched folder since it was emptied. */
  isLeftAlone: boolean
  /** Inodes to which something happened in this round. */
  readonly touched: Set<Inode>
}

/** Rejects with what differs or went wrong, followed by all that happened. */
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
  const surroundings = { ...shared, watches: WATCHED, words: new Set<string>(), hasIdBeside: false }
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
    // A root that was left empty may look suddenly empty when the next thing leaves it, and its nodes would be kept.
    run.surroundings.disk.fill(UNSTEADY)
    schedule(run, round)
    await becomesEqual(run)
    if (areIdsOwn && !LOUD.has(round.treatment)) assertSilence(run.surroundings, before, run)
    // What gets an inode number from a root that is away, or may be, has an id made of its place (I7).
    if (reusesNumbers && (AWAY.has(round.treatment) || run.surroundings.hasIdBeside)) areIdsOwn = false
    if (areIdsOwn) assertOwnIds(run.surroundings, run.linked)
  }
}

function clear({ sqlite }: FeedDatabase): void {
  sqlite.exec(`DELETE FROM nodes WHERE node_id <> '${SUPER_ROOT_ID}'; DELETE FROM changes;
    DELETE FROM removals; DELETE FROM watch_roots; DELETE FROM devices`)
}

/** Replaces the timers: the loop waits by one, which is the only one. Gives a function that restores the real ones. */
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

/** The watches after a treatment. A rename gives `UNSTEADY` another name at the same path. */
function watchesAfter(treatment: Treatment, watches: readonly Watch[]): readonly Watch[] {
  if (treatment === 'configure') return watches.length === 1 ? WATCHED : watches.slice(0, 1)
  if (treatment !== 'rename') return watches
  return watches.map((watch) =>
    watch.path !== `/${UNSTEADY}` ? watch : { ...watch, name: watch.name === UNSTEADY ? OTHER_NAME : UNSTEADY },
  )
}

/** Ends the time in which a root is away because it is suddenly empty: its owner accepts that, or fills it. */
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
      assert.ok(hasNodes(), 'I7: the nodes of a root that is suddenly empty are kept')
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
 * Touches another name of files whose last write left no sign: a write through a name that nobody watches gives no
 * event, and the event of a write through a name that is gone does not say which file was written.
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
  assert.equal(headOf(surroundings.db), head, 'I12: nothing is written when nothing happened')
}

function headOf({ sqlite }: FeedDatabase): unknown {
  return sqlite.prepare('SELECT max(change_id) FROM changes').pluck().get()
}
