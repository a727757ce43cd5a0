/** A server behind a proxy with answers that the api gives seldom: one that is cut, and one that nobody could hold. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Cleaner } from '../support/cleaner.ts'

/** More than the buffers of all sockets on the way hold. */
export const LONG_BYTES = 128 * 1024 * 1024
const PIECE = Buffer.alloc(64 * 1024, 'x')
/** An answer of which nothing is taken for so long is held. */
const HELD_MS = 300

export type LongUpstream = {
  readonly port: number
  /** Whether the long answer ended, or nothing of it was taken for a while. */
  readonly isHeld: () => boolean
  readonly takenBytes: () => number
}

export async function startLongUpstream(t: Cleaner): Promise<LongUpstream> {
  let taken = 0
  let takenAtMs = Number.POSITIVE_INFINITY
  const server = createServer(async (req, res) => {
    res.on('error', () => {})
    if (req.url?.endsWith('/cut') === true) {
      res.write('{"cursor":1,"changes":[')
      // So that the beginning is on its way.
      await sleep(100)
      return void res.destroy()
    }
    while (taken < LONG_BYTES && !res.destroyed) {
      await new Promise<void>((resolve) => res.write(PIECE, () => resolve()))
      taken += PIECE.length
      takenAtMs = performance.now()
    }
    res.end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    port: (server.address() as AddressInfo).port,
    isHeld: () => performance.now() - takenAtMs > HELD_MS,
    takenBytes: () => taken,
  }
}
