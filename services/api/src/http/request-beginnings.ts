/**
 * What came of a request that the HTTP parser refuses. The parser itself shows only the last piece of it; whether the
 * address was too long, and which origin asks, may stand before that, or behind.
 */
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

export type RequestBeginnings = {
  readonly opened: (socket: Socket) => void
  /** The request has come: what is read with it, or before it, is not needed any more. */
  readonly asked: (socket: Duplex) => void
  /** What was read of the request before the piece that is being parsed, as latin1. */
  readonly of: (socket: Duplex) => string
}

type Kept = { readonly pieces: Buffer[]; bytes: number; isAsked: boolean }

/** @param bytesMax as many as the parser takes at least; what comes after is left out */
export function createRequestBeginnings(bytesMax: number): RequestBeginnings {
  const all = new WeakMap<Duplex, Kept>()

  return {
    opened: (socket) => {
      const kept: Kept = { pieces: [], bytes: 0, isAsked: false }
      all.set(socket, kept)
      // Comes after the parser's own, so that a request that is whole has been asked by then.
      socket.on('data', (piece: Buffer) => {
        if (kept.isAsked) {
          kept.pieces.length = 0
          kept.bytes = 0
          kept.isAsked = false
        } else if (kept.bytes < bytesMax) {
          kept.pieces.push(piece)
          kept.bytes += piece.length
        }
      })
    },
    asked: (socket) => {
      const kept = all.get(socket)
      if (kept !== undefined) kept.isAsked = true
    },
    of: (socket) => Buffer.concat(all.get(socket)?.pieces ?? []).toString('latin1'),
  }
}

/** An origin is shorter by far. */
const LINE_CHARACTERS_MAX = 1_000

/**
 * Reads on after the parser has refused what came.
 *
 * @param isEnough is shown what came last, with what was before it
 * @returns all that came, once it is enough, or `charactersMax` or `timeoutMs` are over, or the client has gone
 */
export function readOn(
  socket: Duplex,
  came: string,
  until: {
    readonly isEnough: (recent: string) => boolean
    readonly charactersMax: number
    readonly timeoutMs: number
  },
): Promise<string> {
  const { isEnough, charactersMax, timeoutMs } = until
  if (isEnough(came)) return Promise.resolve(came)
  return new Promise((resolve) => {
    let text = came
    const end = () => {
      clearTimeout(late)
      socket.off('data', more)
      socket.off('end', end)
      socket.off('close', end)
      resolve(text)
    }
    const more = (piece: Buffer) => {
      text += piece.toString('latin1')
      if (text.length >= charactersMax || isEnough(text.slice(-(piece.length + LINE_CHARACTERS_MAX)))) end()
    }
    const late = setTimeout(end, timeoutMs)
    socket.on('data', more)
    socket.on('end', end)
    socket.on('close', end)
  })
}
