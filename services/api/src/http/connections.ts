/** The open connections: what each is doing, so that it can be ended without cutting an answer, or a request, off. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Logger } from 'pino'
import { type ConnectionLimits, createConnectionLimits } from './connection-limits.ts'

/** Who sends one request after the other does so within this. */
const STILL_MS = 500
/**
 * Who has taken nothing of an answer for so long is stuck. The kernel takes the next piece when a third of what it holds
 * has gone, some 900 kB: of a slow reader no more is seen.
 */
const UNTAKEN_MS = 1_000

type Connection = {
  readonly answers: Set<ServerResponse>
  /** When something was seen to have moved, and how far it had come. */
  moved: { readonly atMs: number; readonly bytesRead: number; readonly bytesWritten: number }
  /** The answer that was made the last one of its connection. */
  last: ServerResponse | null
}

export type Connections = {
  readonly limits: ConnectionLimits
  readonly opened: (socket: Socket) => void
  readonly openedTotal: () => number
  /** A request came. */
  readonly asked: (req: IncomingMessage, res: ServerResponse) => void
  readonly isAnswering: (socket: Duplex) => boolean
  /** From now on each answer says that its connection ends with it: then no client loses a request by sending one more. */
  readonly endWithAnswers: () => void
  /** Closes those on which nothing happens: no request, or one whose answer is not taken. */
  readonly closeStill: () => void
  /** Closes those without a request that is being answered, also when one is on its way. */
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
    // One that is still being thought about is waited for.
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

/** Requests may have come without waiting for answers: what follows the answer that says so is not answered any more. */
function endWithLastAnswer(connection: Connection): void {
  if (connection.last !== null) connection.last.shouldKeepAlive = true
  connection.last = null
  const last = [...connection.answers].at(-1)
  if (last === undefined || last.headersSent || !last.shouldKeepAlive) return
  last.shouldKeepAlive = false
  connection.last = last
}
