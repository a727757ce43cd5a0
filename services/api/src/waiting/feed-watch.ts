/**
 * Wakes waiting clients when the feed has something new for them. The whole process has one watch of the database, and none
 * while nobody waits.
 *
 * The indexer tells of each commit, once it can be read, by a write to its lock file. The watch of that file is there before
 * the look that a client's arrival causes, so no commit is missed between the two. Where there are no events (an inotify
 * limit, a network filesystem), occasional looks replace them.
 *
 * Most changes do not concern most clients that wait with a filter. So new rows are read once and judged here for all of
 * them, with the ancestors that these rows share, and only the clients that see a change are woken.
 *
 * A client that is woken asks again as soon as it has its answer. While the feed keeps changing, all of them would do nothing
 * else, and take the processor from the indexer. So a pause follows, and for who comes in it changes gather until its end: a
 * replica wakes about a hundred such clients a second. Who has waited longer is woken as ever, and so are a few clients of a
 * feed that changes now and then.
 */

import type { ChangeRow } from '../feed/change-row.ts'
import { type DatabaseSource, DatabaseUnavailableError, type Reading } from '../feed/database-source.ts'
import type { FeedState } from '../feed/feed-state.ts'
import { type Places, placesIn } from '../feed/places.ts'
import { createPageView, type View } from '../feed/view.ts'
import { type CommitWatcher, watchCommits } from './watch-commits.ts'

/** What a client has already received: everything up to `head`. */
export type SeenFeed = {
  readonly reading: Reading
  readonly head: number
  /** Only a change that this view shows to a client at this cursor is news, and a new run. Without it, every change is. */
  readonly wants?: { readonly view: View; readonly cursor: number; readonly epoch: string }
}

type Until = { readonly timeoutMs: number; readonly signal: AbortSignal }

/** The right of one client to wait. */
export type Seat = {
  /**
   * Resolves as soon as there is news: a change, or the file was replaced or can't be read any more. Also after `timeoutMs`,
   * when `signal` aborts, and when the service stops.
   *
   * @returns the change up to which there is no news: `seen.head` or a later one
   */
  readonly changed: (seen: SeenFeed, until: Until) => Promise<number>
  /**
   * Only waits, while the database can't be read: it never looks at the database, because each look would try to open it.
   * Resolves after `timeoutMs`, when `signal` aborts, and when the service stops.
   */
  readonly rest: (until: Until) => Promise<void>
  readonly leave: () => void
}

export type FeedWatch = {
  /** Null if all seats are taken. */
  readonly takeSeat: () => Seat | null
  readonly seatsTaken: () => number
  /** True once the service stops: no further client may begin to wait. */
  readonly isClosed: () => boolean
  /** Ends all waiting. */
  readonly close: () => void
}

/** Clients that come together are looked after together. */
const SOON_MS = 1
const SLOW_LOOK_MS = 1_000
/** Replaces events where there is no watch. */
const UNWATCHED_LOOK_MS = 100

/** What each client that is woken adds to the pause. A change after a time of quiet meets none. */
const PAUSE_PER_CLIENT_MS = 10
const PAUSE_MAX_MS = 1_000
/** So much of the pause is let off: a few clients cost little, unless the feed keeps changing. */
const PAUSE_FREE_MS = 50

/** Rows times clients judged in one look, about 5 ms. */
const JUDGEMENTS_MAX = 20_000
const ROWS_MAX = 500
/** What the clients of one look may cost in `Places`, about 5 ms. */
const COST_MAX = 2_000

/** `pause`: the one in which it came. It is not woken before its end. */
type Waiter = { readonly seen: SeenFeed; noneUpTo: number; readonly pause: Pause | null; readonly wake: () => void }

type Pause = { isOver: boolean }

type WatchCommits = (onCommit: () => void, onFailure: () => void) => CommitWatcher | null

/** @param seats how many clients may wait at the same time */
export function createFeedWatch(
  databasePath: string,
  database: DatabaseSource,
  seats: number,
  watch: WatchCommits = (onCommit, onFailure) => watchCommits(databasePath, onCommit, onFailure),
): FeedWatch {
  const waiters = new Set<Waiter>()
  /** A function for each wait that ends it. */
  const wakes = new Set<() => void>()
  let taken = 0
  let isClosed = false

  /** What the last look found. Clients that came later had seen it too. */
  let last: { readonly reading: Reading; readonly head: number } | null = null
  let isAllJudged = true

  let pause: Pause | null = null
  /** The pause that all who were woken add up to, less the time that has passed. */
  let owed = { ms: 0, atMs: 0 }
  const isReady = ({ pause: own }: Waiter) => own === null || own.isOver

  function beginPause(woken: number): void {
    if (woken === 0) return
    const nowMs = performance.now()
    const leftMs = Math.max(0, owed.ms - (nowMs - owed.atMs))
    owed = { ms: Math.min(leftMs + woken * PAUSE_PER_CLIENT_MS, PAUSE_FREE_MS + PAUSE_MAX_MS), atMs: nowMs }
    if (owed.ms <= PAUSE_FREE_MS) return
    const begun: Pause = { isOver: false }
    pause = begun
    const end = () => {
      begun.isOver = true
      if (pause === begun) pause = null
      if (waiters.size === 0) return
      isAllJudged = false
      looking.start()
    }
    setTimeout(end, owed.ms - PAUSE_FREE_MS).unref()
  }

  /** Wakes the clients that have not seen the present state. False if some rows are left to the next look. */
  function look(): boolean {
    const ready = [...waiters].filter(isReady)
    if (ready.length === 0) return true
    const place = placeOf(database)
    const isMoved = place?.reading !== last?.reading || place?.head !== last?.head
    if (place !== null && !isMoved && isAllJudged) return true
    last = place
    const now = place === null ? null : stateOf(place.reading)
    const due = new Set(ready.filter((waiter) => isOutdated(waiter, now)))
    const behind = ready.filter((waiter) => !due.has(waiter) && now !== null && waiter.noneUpTo < now.feed.head)
    const judged = now === null || behind.length === 0 ? NONE_JUDGED : judgeIfReadable(now, behind)
    isAllJudged = judged.isAllJudged
    const woken = [...due, ...judged.woken]
    for (const waiter of woken) waiter.wake()
    beginPause(woken.length)
    return isAllJudged
  }
  const looking = createLooking(watch, look)

  function changed(seen: SeenFeed, until: Until): Promise<number> {
    if (isClosed || until.signal.aborted) return Promise.resolve(seen.head)
    return new Promise((resolve) => {
      const wake = beginWait(until, () => {
        waiters.delete(waiter)
        if (waiters.size === 0) looking.stop()
        resolve(waiter.noneUpTo)
      })
      const waiter: Waiter = { seen, noneUpTo: seen.head, pause, wake }
      waiters.add(waiter)
      // The client may have seen less than the last look.
      isAllJudged = false
      // The feed may have moved since the client's read, or be about to: that event is already over.
      looking.start()
    })
  }

  function rest(until: Until): Promise<void> {
    if (isClosed || until.signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      beginWait(until, resolve)
    })
  }

  /** @returns a function that ends the wait early */
  function beginWait({ timeoutMs, signal }: Until, onEnd: () => void): () => void {
    const wake = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', wake)
      wakes.delete(wake)
      onEnd()
    }
    const timer = setTimeout(wake, timeoutMs)
    signal.addEventListener('abort', wake)
    wakes.add(wake)
    return wake
  }

  return {
    takeSeat: () => {
      if (taken >= seats || isClosed) return null
      taken += 1
      let isLeft = false
      const leave = () => {
        if (!isLeft) taken -= 1
        isLeft = true
      }
      return { changed, rest, leave }
    },
    seatsTaken: () => taken,
    isClosed: () => isClosed,
    close: () => {
      isClosed = true
      for (const wake of wakes) wake()
    },
  }
}

type Now = { readonly reading: Reading; readonly feed: FeedState }

/** Null while the database can't be read. */
function placeOf(database: DatabaseSource): { readonly reading: Reading; readonly head: number } | null {
  return unlessUnavailable(() => {
    const reading = database.open()
    return { reading, head: reading.read((queries) => queries.head()) }
  })
}

function stateOf(reading: Reading): Now | null {
  return unlessUnavailable(() => ({ reading, feed: reading.read((queries) => queries.feed()) }))
}

function unlessUnavailable<T>(read: () => T): T | null {
  try {
    return read()
  } catch (error) {
    if (error instanceof DatabaseUnavailableError) return null
    throw error
  }
}

/** Whether there is news for the client that shows without its view. */
function isOutdated({ seen }: Waiter, now: Now | null): boolean {
  if (now === null || now.reading !== seen.reading) return true
  return seen.wants === undefined ? now.feed.head !== seen.head : now.feed.epoch !== seen.wants.epoch
}

type Judged = { readonly woken: readonly Waiter[]; readonly isAllJudged: boolean }
const NONE_JUDGED: Judged = { woken: [], isAllJudged: true }

/** All clients are woken if the rows can't be read: each is told so by its own read. */
function judgeIfReadable(now: Now, behind: readonly Waiter[]): Judged {
  return unlessUnavailable(() => judge(now, behind)) ?? { woken: behind, isAllJudged: true }
}

/** Judges the next rows for all clients. Gives those that see a change, and whether all rows were judged. */
function judge({ reading, feed }: Now, behind: readonly Waiter[]): Judged {
  const after = behind.reduce((least, { noneUpTo }) => Math.min(least, noneUpTo), feed.head)
  const limit = Math.min(ROWS_MAX, Math.ceil(JUDGEMENTS_MAX / behind.length))
  return reading.read((queries) => {
    // At the head as cursor no tombstone is left out; below, each client skips the removals that do not concern it.
    const mayBeKept = !behind.some(({ seen }) => seen.wants?.view.isSettled === true)
    const found = queries.visibleChanges({ after, upTo: feed.head, cursor: feed.head, limit }, mayBeKept)
    const places = placesIn(queries)
    const { rows, reached, folders } = concerned(found, after, places)
    const costBefore = places.cost()
    let isAllJudged = reached >= feed.head
    const woken = behind.filter((waiter) => {
      // The next look begins with the same rows, and skips the clients that were judged for them now.
      if (places.cost() - costBefore > COST_MAX) {
        isAllJudged = false
        return false
      }
      const { view, cursor } = waiter.seen.wants ?? { view: null, cursor: 0 }
      if (view === null) return false
      if (folders !== null && view.under !== null && !folders.has(view.under)) {
        waiter.noneUpTo = Math.max(waiter.noneUpTo, reached)
        return false
      }
      const see = createPageView({ ...view, hasPaths: false }, cursor, queries, places)
      const isNews = (row: ChangeRow) =>
        row.changeId > waiter.noneUpTo && !(row.isRemoved && row.firstChangeId > cursor) && see(row) !== null
      if (rows.some(isNews)) return true
      waiter.noneUpTo = Math.max(waiter.noneUpTo, reached)
      return false
    })
    return { woken, isAllJudged }
  })
}

/** Decides when to look: with each event, soon after a client came or a pause was over, and now and then in any case. */
function createLooking(watchCommits: WatchCommits, look: () => boolean): { start: () => void; stop: () => void } {
  let watcher: CommitWatcher | null = null
  let timer: NodeJS.Timeout | undefined
  /** Null while nobody waits. */
  let next: 'soon' | 'later' | null = null

  function unwatch(): void {
    watcher?.close()
    watcher = null
  }

  function stop(): void {
    unwatch()
    clearTimeout(timer)
    next = null
  }

  function start(): void {
    // Each further client must not postpone the look that is already due.
    if (next !== 'soon') lookAfter('soon')
  }

  function lookNow(): void {
    // Before the look, so that a commit is told or found.
    watcher ??= watchCommits(lookNow, unwatch)
    const isDone = look()
    // Null if the last waiting client was woken.
    if (next !== null) lookAfter(isDone ? 'later' : 'soon')
  }

  function lookAfter(pause: 'soon' | 'later'): void {
    clearTimeout(timer)
    next = pause
    const laterMs = watcher === null ? UNWATCHED_LOOK_MS : SLOW_LOOK_MS
    timer = setTimeout(lookNow, pause === 'soon' ? SOON_MS : laterMs)
  }

  return { start, stop }
}

type Found = { readonly rows: readonly ChangeRow[]; readonly reached: number }

/**
 * The folders with a change in them, and all their ancestors; null if something may have left any folder. In a very deep tree
 * the rows end where a climb is left to the next look, which begins there.
 *
 * @param after the last row before these
 */
function concerned(
  { rows, reached }: Found,
  after: number,
  places: Places,
): Found & { readonly folders: ReadonlySet<string> | null } {
  const folders = new Set<string>()
  let isAnywhere = false
  let last = after
  for (const [at, { changeId, node, nodeId, movedChangeId, firstChangeId }] of rows.entries()) {
    if (node !== null && !places.climb(node)) {
      return { rows: rows.slice(0, at), reached: last, folders: isAnywhere ? null : folders }
    }
    last = changeId
    isAnywhere ||= node === null || (movedChangeId ?? 0) > firstChangeId
    if (node !== null) places.addFolders(nodeId, node, folders)
  }
  return { rows, reached, folders: isAnywhere ? null : folders }
}
