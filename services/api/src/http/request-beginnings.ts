/**
 * The bytes of requests that the HTTP parser refuses. The parser reports only the last piece, but the address that was too
 * long, or the origin that asks, may be before it or after it.
 */
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'

export type RequestBeginnings = {
  readonly opened: (socket: Socket) => void
  /** A request was parsed: the bytes up to here are not needed any more. */
  readonly asked: (socket: Duplex) => void
  /** The bytes of the request before the piece that is being parsed, as latin1. */
  readonly of: (socket: Duplex) => string
}

type Kept = { readonly pieces: Buffer[]; bytes: number; isAsked: boolean }

/** @param bytesMax at least as many as the parser accepts; further bytes are dropped */
export function createRequestBeginnings(bytesMax: number): RequestBeginnings {
  const all = new WeakMap<Duplex, Kept>()

  return {
    opened: (socket) => {
      const kept: Kept = { pieces: [], bytes: 0, isAsked: false }
      all.set(socket, kept)
      // Runs after the parser's own listener, so `asked` was called for every complete request.
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

/** No line with an origin is longer. */
const LINE_CHARACTERS_MAX = 1_000

/**
 * Reads on after the parser has refused the request.
 *
 * @param isEnough receives the last piece and the characters before it
 * @returns everything received, once it is enough, `charactersMax` or `timeoutMs` is reached, or the client has gone
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
