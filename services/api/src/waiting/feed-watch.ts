/**
 * Tells waiting clients when the feed has something new: one watch of the database for the whole process, and none at
 * all while nobody waits.
 *
 * A commit first appends to the WAL and syncs it, and only then publishes it in shared memory. The kernel tells of the
 * first and not of the last, so an event means: the head will move in a moment, after as long as a sync takes. What
 * follows it is a short series of looks at the head, each after twice the time, and then the next event is awaited.
 * Where events do not come (an inotify limit, a network filesystem) a slow look now and then has to do.
 */
import { type DatabaseSource, DatabaseUnavailableError, type Reading } from '../database-source.ts'
import { type FolderWatcher, watchDatabase } from './watch-database.ts'

/** What a client has seen already. */
export type SeenFeed = { readonly reading: Reading; readonly head: number }

/** A place among those who may wait. */
export type Seat = {
  /**
   * Resolves as soon as the feed is not what was seen: the head has moved, or the file was replaced or can't be read
   * any more. Also after `timeoutMs`, when `signal` aborts, and when the service stops.
   *
   * @param seen null for whoever could see nothing, and only wants to wait
   */
  readonly changed: (seen: SeenFeed | null, until: { timeoutMs: number; signal: AbortSignal }) => Promise<void>
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

type Waiter = { readonly seen: SeenFeed | null; readonly wake: () => void }

type WatchFolder = (onEvent: () => void, onFailure: () => void) => FolderWatcher | null

/** @param seats how many may wait at the same time */
export function createFeedWatch(
  databasePath: string,
  database: DatabaseSource,
  seats: number,
  watchFolder: WatchFolder = (onEvent, onFailure) => watchDatabase(databasePath, onEvent, onFailure),
): FeedWatch {
  const waiters = new Set<Waiter>()
  let taken = 0
  let isClosed = false

  /** Wakes those who have not seen what is there now. True if there was anyone. */
  function look(): boolean {
    const now = stateOf(database)
    const isNews = ({ seen }: Waiter) =>
      seen !== null && (now === null || now.reading !== seen.reading || now.head !== seen.head)
    const due = [...waiters].filter(isNews)
    for (const waiter of due) waiter.wake()
    return due.length > 0
  }
  const looking = createLooking(watchFolder, look)

  function changed(
    seen: SeenFeed | null,
    { timeoutMs, signal }: { timeoutMs: number; signal: AbortSignal },
  ): Promise<void> {
    if (isClosed || signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', wake)
        waiters.delete(waiter)
        if (waiters.size === 0) looking.stop()
        resolve()
      }
      const waiter: Waiter = { seen, wake }
      const timer = setTimeout(wake, timeoutMs)
      signal.addEventListener('abort', wake)
      waiters.add(waiter)
      // Between the client's read and now the feed may have moved, or be about to: its event is gone.
      looking.start()
    })
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
      return { changed, leave }
    },
    seatsTaken: () => taken,
    isClosed: () => isClosed,
    close: () => {
      isClosed = true
      for (const waiter of waiters) waiter.wake()
    },
  }
}

/** Null while the database can't be read. */
function stateOf(database: DatabaseSource): SeenFeed | null {
  try {
    const reading = database.open()
    return { reading, head: reading.read((queries) => queries.head()) }
  } catch (error) {
    if (error instanceof DatabaseUnavailableError) return null
    throw error
  }
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
