/** Writing an answer that may be larger than memory. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Response } from 'express'

/**
 * Writes the pieces one after another and ends the answer. The next piece is made only when the client has taken the one
 * before; a client that goes away ends it. An answer of one piece gets a Content-Length.
 */
export async function sendPieces(res: Response, pieces: Iterable<string>): Promise<void> {
  let last = ''
  let isFirst = true
  for (const piece of pieces) {
    if (!isFirst) await write(res, last)
    if (res.destroyed) return
    isFirst = false
    last = piece
  }
  res.end(last)
}

async function write(res: Response, piece: string): Promise<void> {
  // Even to a client that takes everything at once: others want their turn too.
  if (res.write(piece)) return nextTurn()
  if (!res.destroyed) await drainedOrClosed(res)
}

function drainedOrClosed(res: Response): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      res.off('drain', done)
      res.off('close', done)
      resolve()
    }
    res.on('drain', done)
    res.on('close', done)
  })
}
