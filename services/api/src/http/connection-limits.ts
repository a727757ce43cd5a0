/**
 * How many connections there may be. A few more are let in, for health checks: whoever runs the api would take it for
 * dead otherwise, and end it with all its clients. Anything else is answered on them by "not now".
 */
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Logger } from 'pino'
import { filesLeft } from './open-files.ts'

/** Beyond the limit, at a time. One more makes the oldest of them go. */
const RESERVE = 8
/** In which a connection in the reserve has to have its answer. */
const RESERVE_MS = 2_000
/** For the database, which is opened again now and then, and whatever else is opened for a moment. */
const OWN_FILES = 16
/** How often it is seen whether a file can be opened, while there are connections. */
const LOOK_MS = 5_000
/** What is said once is said again only when it had been quiet for so long. */
const QUIET_MS = 10 * 60_000

export type ConnectionLimits = {
  readonly opened: (socket: Socket) => void
  /** Whether only health may be asked here. */
  readonly isInReserve: (socket: Duplex) => boolean
  /** Something that is not answered here was asked. */
  readonly turnedAway: (socket: Duplex) => void
  readonly droppedTotal: () => number
}

type Shortage = 'connections' | 'files'

export function createConnectionLimits(options: {
  readonly maxConnections: number
  readonly logger: Logger
  /** Closes connections that nobody needs just now. */
  readonly makeRoom: () => void
  /** How many files may still be opened. */
  readonly left?: () => number
}): ConnectionLimits {
  const { maxConnections, logger, makeRoom, left = filesLeft } = options
  /** Those that have not been turned away yet, oldest first. */
  const reserve = new Map<Duplex, Shortage>()
  const beyond = new WeakSet<Duplex>()
  const lastDropMs = { connections: Number.NEGATIVE_INFINITY, files: Number.NEGATIVE_INFINITY }
  let ordinary = 0
  let dropped = 0
  let looking: NodeJS.Timeout | null = null

  function drop(shortage: Shortage): void {
    const nowMs = performance.now()
    const isNews = nowMs - lastDropMs[shortage] > QUIET_MS
    dropped += 1
    lastDropMs[shortage] = nowMs
    if (isNews) logger.warn({ open: ordinary, max_connections: maxConnections }, MESSAGES[shortage])
  }

  function look(): void {
    // Then the kernel's connections are accepted and closed at once by libuv, and nothing in here hears of any.
    if (left() > 0) return
    drop('files')
    makeRoom()
  }

  function count(socket: Socket): void {
    ordinary += 1
    looking ??= setInterval(look, LOOK_MS).unref()
    socket.once('close', () => {
      ordinary -= 1
      if (ordinary > 0 || looking === null) return
      clearInterval(looking)
      looking = null
    })
  }

  function dismiss(socket: Duplex): void {
    const shortage = reserve.get(socket)
    if (shortage !== undefined) drop(shortage)
    reserve.delete(socket)
  }

  function admit(socket: Socket, shortage: Shortage): void {
    beyond.add(socket)
    reserve.set(socket, shortage)
    // Not the new one: a check sends its request with the connection, who only holds connections does not.
    for (const oldest of [...reserve.keys()].slice(0, -RESERVE)) {
      dismiss(oldest)
      oldest.destroy()
    }
    const late = setTimeout(() => {
      dismiss(socket)
      socket.destroy()
    }, RESERVE_MS)
    socket.once('close', () => {
      clearTimeout(late)
      reserve.delete(socket)
    })
  }

  return {
    opened: (socket) => {
      const shortage = ordinary >= maxConnections ? 'connections' : left() < OWN_FILES + RESERVE ? 'files' : null
      if (shortage === null) count(socket)
      else admit(socket, shortage)
    },
    isInReserve: (socket) => beyond.has(socket),
    turnedAway: dismiss,
    droppedTotal: () => dropped,
  }
}

const MESSAGES: Readonly<Record<Shortage, string>> = {
  connections:
    'max_connections are open; further ones are turned away, but for health checks. Find out who holds them, or allow more',
  files:
    'too many files are open; further connections are turned away, but for health checks. Allow more: ulimit -n, LimitNOFILE= of systemd, ulimits of Docker',
}
