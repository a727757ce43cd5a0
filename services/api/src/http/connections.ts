/** The open connections: what each is doing, so that it can be ended without cutting an answer, or a request, off. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Logger } from 'pino'
import { type ConnectionLimits, createConnectionLimits } from './connection-limits.ts'

/** A client that sends its next request as soon as it has an answer does so within this. */
const IDLE_MS = 200

type Connection = {
  readonly answers: Set<ServerResponse>
  /** Since when there is nothing to answer, and how much had been read by then. */
  idle: { readonly sinceMs: number; readonly bytesRead: number }
  /** The answer that was made the last one of its connection. */
  last: ServerResponse | null
}

export type Connections = {
  readonly limits: ConnectionLimits
  readonly opened: (socket: Socket) => void
  /** A request came. */
  readonly asked: (req: IncomingMessage, res: ServerResponse) => void
  readonly isAnswering: (socket: Duplex) => boolean
  /** From now on each answer says that its connection ends with it: then no client loses a request by sending one more. */
  readonly endWithAnswers: () => void
  /** Closes those on which nothing happens. */
  readonly closeIdle: () => void
}

export function createConnections(options: { readonly maxConnections: number; readonly logger: Logger }): Connections {
  const all = new Map<Duplex, Connection>()
  let isEnding = false

  function closeIdle(): void {
    const beforeMs = performance.now() - IDLE_MS
    for (const [socket, { answers, idle }] of all) {
      // More bytes than then are the beginning of a request.
      const isIdle = answers.size === 0 && idle.bytesRead === (socket as Socket).bytesRead
      if (isIdle && idle.sinceMs <= beforeMs) socket.destroy()
    }
  }

  const limits = createConnectionLimits({ ...options, makeRoom: closeIdle })

  return {
    limits,
    opened: (socket) => {
      all.set(socket, { answers: new Set(), idle: idleNow(socket), last: null })
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
        connection.idle = idleNow(socket)
      })
    },
    isAnswering: (socket) => (all.get(socket)?.answers.size ?? 0) > 0,
    endWithAnswers: () => {
      isEnding = true
      for (const connection of all.values()) endWithLastAnswer(connection)
    },
    closeIdle,
  }
}

function idleNow({ bytesRead }: Socket): Connection['idle'] {
  return { sinceMs: performance.now(), bytesRead }
}

/** Requests may have come without waiting for answers: what follows the answer that says so is not answered any more. */
function endWithLastAnswer(connection: Connection): void {
  if (connection.last !== null) connection.last.shouldKeepAlive = true
  connection.last = null
  const last = [...connection.answers].at(-1)
  if (last === undefined || last.headersSent || !last.shouldKeepAlive) return
  last.shouldKeepAlive = false
  connection.last = last
}
