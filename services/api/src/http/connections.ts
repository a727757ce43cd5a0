/** The open connections and what each is doing, so that they can be closed without cutting off an answer or a request. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Logger } from 'pino'
import { type ConnectionLimits, createConnectionLimits } from './connection-limits.ts'

/** A connection without a request is idle after this time: a client with more requests sends the next one earlier. */
const STILL_MS = 500
/**
 * A client that has read nothing of its answer for this long is stuck. The kernel accepts the next piece only when a third
 * of its buffer, about 900 kB, is free again, so a slow reader can look stuck for a moment.
 */
const UNTAKEN_MS = 1_000

type Connection = {
  readonly answers: Set<ServerResponse>
  /** When bytes were last seen to have moved, and how many there had been. */
  moved: { readonly atMs: number; readonly bytesRead: number; readonly bytesWritten: number }
  /** The answer that says that the connection ends with it. */
  last: ServerResponse | null
}

export type Connections = {
  readonly limits: ConnectionLimits
  readonly opened: (socket: Socket) => void
  readonly openedTotal: () => number
  /** A request arrived. */
  readonly asked: (req: IncomingMessage, res: ServerResponse) => void
  readonly isAnswering: (socket: Duplex) => boolean
  /** From now on each answer says that its connection ends with it, so that no client loses a further request. */
  readonly endWithAnswers: () => void
  /** Closes connections on which nothing moves: without a request, or with an answer that the client does not read. */
  readonly closeStill: () => void
  /** Closes connections without a request that is being answered, even if one is arriving. */
  readonly closeUnasked: () => void
  readonly closeAll: () => void
}

export function createConnections(options: { readonly maxConnections: number; readonly logger: Logger }): Connections {
  const all = new Map<Socket, Connection>()
  let isEnding = false
  let openedTotal = 0

  function closeStill(isMeant: (answers: Connection['answers']) => boolean): void {
    const nowMs = performance.now()
    for (const [socket, connection] of all) {
      const { moved, answers } = connection
      const isStill = moved.bytesRead === socket.bytesRead && moved.bytesWritten === socket.bytesWritten
      if (!isStill) connection.moved = now(socket)
      else if (nowMs - moved.atMs >= (answers.size === 0 ? STILL_MS : UNTAKEN_MS) && isMeant(answers)) socket.destroy()
    }
  }

  const makeRoom = () => closeStill((answers) => answers.size === 0)
  const limits = createConnectionLimits({ ...options, makeRoom })

  return {
    limits,
    opened: (socket) => {
      openedTotal += 1
      all.set(socket, { answers: new Set(), moved: now(socket), last: null })
      socket.once('close', () => all.delete(socket))
      limits.opened(socket)
    },
    asked: ({ socket }, res) => {
      const connection = all.get(socket)
      if (connection === undefined) return
      connection.answers.add(res)
      if (limits.isInReserve(socket)) res.shouldKeepAlive = false
      if (isEnding) endWithLastAnswer(connection)
      res.once('close', () => {
        connection.answers.delete(res)
        connection.moved = now(socket)
      })
    },
    openedTotal: () => openedTotal,
    isAnswering: (socket) => (all.get(socket as Socket)?.answers.size ?? 0) > 0,
    endWithAnswers: () => {
      isEnding = true
      for (const connection of all.values()) endWithLastAnswer(connection)
    },
    // An answer that has not begun keeps its connection open.
    closeStill: () => closeStill((answers) => [...answers].every((answer) => answer.headersSent)),
    closeUnasked: () => {
      for (const [socket, { answers }] of all) if (answers.size === 0) socket.destroy()
    },
    closeAll: () => {
      for (const socket of all.keys()) socket.destroy()
    },
  }
}

function now({ bytesRead, bytesWritten }: Socket): Connection['moved'] {
  return { atMs: performance.now(), bytesRead, bytesWritten }
}

/**
 * Makes the last of the connection's answers say that the connection ends. With pipelined requests an earlier one must not
 * say so: the requests after it would get no answer.
 */
function endWithLastAnswer(connection: Connection): void {
  if (connection.last !== null) connection.last.shouldKeepAlive = true
  connection.last = null
  const last = [...connection.answers].at(-1)
  if (last === undefined || last.headersSent || !last.shouldKeepAlive) return
  last.shouldKeepAlive = false
  connection.last = last
}
