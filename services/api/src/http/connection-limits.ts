/**
 * Limits the number of connections. A few more are accepted in reserve, for health checks: without them, whoever runs the
 * api would take it for dead and end it with all its clients. Any other request on them is answered with 503.
 */
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Logger } from 'pino'
import { filesLeft } from './open-files.ts'

/** Connections in the reserve. A further one makes the oldest of them go. */
const RESERVE = 8
/** A connection in the reserve is closed after this time, answered or not. */
const RESERVE_MS = 2_000
/** Open files kept free for the database, which is opened again now and then, and for other short uses. */
const OWN_FILES = 16
/** How often the process checks whether it can open a file, while there are connections. */
const LOOK_MS = 5_000
/** A warning is repeated only after this time without a refused connection. */
const QUIET_MS = 10 * 60_000

export type ConnectionLimits = {
  readonly opened: (socket: Socket) => void
  /** Whether only health checks are answered on this connection. */
  readonly isInReserve: (socket: Duplex) => boolean
  /** A request on a connection of the reserve was refused. */
  readonly turnedAway: (socket: Duplex) => void
  readonly droppedTotal: () => number
}

type Shortage = 'connections' | 'files'

export function createConnectionLimits(options: {
  readonly maxConnections: number
  readonly logger: Logger
  /** Closes idle connections. */
  readonly makeRoom: () => void
  /** How many files the process may still open. */
  readonly left?: () => number
}): ConnectionLimits {
  const { maxConnections, logger, makeRoom, left = filesLeft } = options
  /** Connections in the reserve that were not refused yet, oldest first, with what there was a shortage of. */
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
    // Without a free file, libuv accepts and closes every connection, and Node reports none of them.
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
    // The oldest goes, not the new one: a health check sends its request immediately, a client that only holds connections
    // does not.
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
