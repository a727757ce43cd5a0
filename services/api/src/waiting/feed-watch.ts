/**
 * Tells waiting clients when the feed has something new: one watch of the database for the whole process, and none at
 * all while nobody waits.
 *
 * A commit first appends to the WAL and syncs it, and only then publishes it in shared memory. The kernel tells of the
 * first and not of the last, so an event means: the head will move in a moment, after as long as a sync takes. What
 * follows it is a short series of looks at the head, each after twice the time, and then the next event is awaited.
 * Where events do not come (an inotify limit, a network filesystem) a slow look now and then has to do.
 *
 * Most of those who wait with a filter are not concerned by most changes. So new rows are read once for all of them and
 * judged here, with the ancestors that they share; woken are only those who see something.
 */
import { type DatabaseSource, DatabaseUnavailableError, type Reading } from '../feed/database-source.ts'
import { type Places, placesIn } from '../feed/places.ts'
import type { ChangeRow, FeedState } from '../feed/queries.ts'
import { createPageView, type View } from '../feed/view.ts'
import { type FolderWatcher, watchDatabase } from './watch-database.ts'

/**
 * What a client has seen already: all up to `head`. With `wants`, what is seen through its view by one who is at its cursor
 * is news, or that another run has begun; without, everything is.
 */
export type SeenFeed = {
  readonly reading: Reading
  readonly head: number
  readonly wants?: { readonly view: View; readonly cursor: number; readonly epoch: string }
}

type Until = { readonly timeoutMs: number; readonly signal: AbortSignal }

/** A place among those who may wait. */
export type Seat = {
  /**
   * Resolves as soon as the feed is not what was seen: the head has moved, or the file was replaced or can't be read
   * any more. Also after `timeoutMs`, when `signal` aborts, and when the service stops.
   *
   * @returns the change up to which there is certainly no news: `seen.head` or a later one
   */
  readonly changed: (seen: SeenFeed, until: Until) => Promise<number>
  /**
   * Only waits, as whoever could see nothing: looks at the database for nobody, since each would be an attempt to open it.
   * Resolves after `timeoutMs`, when `signal` aborts, and when the service stops.
   */
  readonly rest: (until: Until) => Promise<void>
  readonly leave: () => void
}

export type FeedWatch = {
  /** Null when all seats are taken. */
  readonly takeSeat: () => Seat | null
  readonly seatsTaken: () => number
  /** True once the service stops: nobody should begin to wait any more. */
  readonly isClosed: () => boolean
  /** Ends all waiting. */
  readonly close: () => void
}

const FIRST_LOOK_MS = 2
/** The last of the short looks. A disk that takes longer to sync is met by the slow ones. */
const LAST_LOOK_MS = 256
const SLOW_LOOK_MS = 1_000
/** Instead of events, where there are none to be had. */
const UNWATCHED_LOOK_MS = 100

/** Rows that are looked at through somebody's view at once, in some 5 ms. */
const JUDGEMENTS_MAX = 20_000
const ROWS_MAX = 500
/** Folders passed on the way up from those rows, in some 5 ms, once they are read. */
const STEPS_MAX = 20_000

type Waiter = { readonly seen: SeenFeed; noneUpTo: number; readonly wake: () => void }

type WatchFolder = (onEvent: () => void, onFailure: () => void) => FolderWatcher | null

/** @param seats how many may wait at the same time */
export function createFeedWatch(
  databasePath: string,
  database: DatabaseSource,
  seats: number,
  watchFolder: WatchFolder = (onEvent, onFailure) => watchDatabase(databasePath, onEvent, onFailure),
): FeedWatch {
  const waiters = new Set<Waiter>()
  /** What ends each wait. */
  const wakes = new Set<() => void>()
  let taken = 0
  let isClosed = false

  /** What the last look found, whoever came since had it seen too. */
  let last: { readonly reading: Reading; readonly head: number } | null = null
  let isAllJudged = true

  /** Wakes those who have not seen what is there now. True if there was news, for them or for others. */
  function look(): boolean {
    const place = placeOf(database)
    const isMoving = place?.reading !== last?.reading || place?.head !== last?.head
    // Most looks find nothing, since a commit is looked for several times.
    if (place !== null && !isMoving && isAllJudged) return false
    const isFirst = last === null
    last = place
    const now = place === null ? null : stateOf(place.reading)
    const due = new Set([...waiters].filter((waiter) => isOutdated(waiter, now)))
    const behind = [...waiters].filter((waiter) => !due.has(waiter) && now !== null && waiter.noneUpTo < now.feed.head)
    const judged = now === null || behind.length === 0 ? null : judge(now, behind)
    isAllJudged = judged?.isAllJudged ?? true
    for (const waiter of [...due, ...(judged?.woken ?? [])]) waiter.wake()
    return due.size > 0 || (isMoving && !isFirst) || !isAllJudged
  }
  const looking = createLooking(watchFolder, look)

  function changed(seen: SeenFeed, until: Until): Promise<number> {
    if (isClosed || until.signal.aborted) return Promise.resolve(seen.head)
    return new Promise((resolve) => {
      const wake = beginWait(until, () => {
        waiters.delete(waiter)
        if (waiters.size === 0) looking.stop()
        resolve(waiter.noneUpTo)
      })
      const waiter: Waiter = { seen, noneUpTo: seen.head, wake }
      waiters.add(waiter)
      // It may be behind what the last look found.
      isAllJudged = false
      // Between the client's read and now the feed may have moved, or be about to: its event is gone.
      looking.start()
    })
  }

  function rest(until: Until): Promise<void> {
    if (isClosed || until.signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      beginWait(until, resolve)
    })
  }

  /** @returns what ends it before its time */
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

/** Whether there is news that needs no look at the rows. */
function isOutdated({ seen }: Waiter, now: Now | null): boolean {
  if (now === null || now.reading !== seen.reading) return true
  return seen.wants === undefined ? now.feed.head !== seen.head : now.feed.epoch !== seen.wants.epoch
}

/** Looks at the next rows for all of them: those who see something, and whether that were all the rows. */
function judge({ reading, feed }: Now, behind: readonly Waiter[]): { woken: Waiter[]; isAllJudged: boolean } {
  const after = behind.reduce((least, { noneUpTo }) => Math.min(least, noneUpTo), feed.head)
  const limit = Math.min(ROWS_MAX, Math.ceil(JUDGEMENTS_MAX / behind.length))
  return reading.read((queries) => {
    // With the head as cursor no removal is left out: whose it is not is found out for each.
    const found = queries.visibleChanges({ after, upTo: feed.head, cursor: feed.head, limit })
    const places = placesIn(queries)
    const { rows, reached, folders } = concerned(found, places)
    const stepsBefore = places.steps()
    let isAllJudged = reached >= feed.head
    const woken = behind.filter((waiter) => {
      // The next look begins with the same rows, by which those who were judged now have nothing left to be judged.
      if (places.steps() - stepsBefore > STEPS_MAX) {
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

/** When to look: after each event a few times, at ever longer intervals, and slowly until the next one. */
function createLooking(watchFolder: WatchFolder, look: () => boolean): { start: () => void; stop: () => void } {
  let watcher: FolderWatcher | null = null
  let timer: NodeJS.Timeout | undefined
  /** How long the next look is away; null while nobody waits. */
  let delayMs: number | null = null

  function unwatch(): void {
    watcher?.close()
    watcher = null
  }

  function stop(): void {
    unwatch()
    clearTimeout(timer)
    delayMs = null
  }

  function start(): void {
    // One that is due at once must not be put off by each client that comes.
    if (delayMs === FIRST_LOOK_MS) return
    // Events are not wanted while it looks often anyway: a writer at full speed makes tens of thousands a second.
    unwatch()
    lookAfter(FIRST_LOOK_MS)
  }

  function lookAfter(nextMs: number): void {
    clearTimeout(timer)
    delayMs = nextMs
    timer = setTimeout(() => {
      const isMoving = look()
      // Whoever was woken may have been the last one.
      if (delayMs !== null) lookAfter(isMoving ? FIRST_LOOK_MS : delayAfter(nextMs))
    }, nextMs)
  }

  function delayAfter(lastMs: number): number {
    if (lastMs < LAST_LOOK_MS) return lastMs * 2
    watcher ??= watchFolder(start, unwatch)
    return watcher === null ? UNWATCHED_LOOK_MS : SLOW_LOOK_MS
  }

  return { start, stop }
}

type Found = { readonly rows: readonly ChangeRow[]; readonly reached: number }

/**
 * The folders in which something happened, each with all above it; null where something may have left any folder. The rows go
 * up to where much had to be climbed in a very deep tree; the next look begins there.
 */
function concerned({ rows, reached }: Found, places: Places): Found & { readonly folders: ReadonlySet<string> | null } {
  const folders = new Set<string>()
  let isAnywhere = false
  let last: number | null = null
  for (const [at, { changeId, node, nodeId, movedChangeId, firstChangeId }] of rows.entries()) {
    if (last !== null && node !== null && places.isTooFar(node)) {
      return { rows: rows.slice(0, at), reached: last, folders: isAnywhere ? null : folders }
    }
    last = changeId
    isAnywhere ||= node === null || (movedChangeId ?? 0) > firstChangeId
    if (node !== null) places.addFolders(nodeId, node, folders)
  }
  return { rows, reached, folders: isAnywhere ? null : folders }
}
