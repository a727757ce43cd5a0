/** The listening socket: opening it, and closing it in bounded time. */
import { createServer, type RequestListener, type Server } from 'node:http'

// Longer than the idle time of the usual reverse proxies (60 s): the side that reuses a connection must not be the one
// that finds it closed.
const KEEP_ALIVE_MS = 75_000
// Requests are a few lines without a body; who takes longer keeps a socket busy for nothing. Answers may take any time:
// a slow reader costs one page of memory.
const HEADERS_MS = 15_000
const REQUEST_MS = 30_000
const STOP_GRACE_MS = 500

/** Rejects with the error of listen(2) when the address can't be had. */
export function listen(listener: RequestListener, address: { host: string; port: number }): Promise<Server> {
  const server = createServer(
    { keepAliveTimeout: KEEP_ALIVE_MS, headersTimeout: HEADERS_MS, requestTimeout: REQUEST_MS },
    listener,
  )
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(address, () => {
      server.off('error', reject)
      resolve(server)
    })
  })
}

/** Takes no new connections, lets short answers finish for half a second, then cuts what is still open. */
export async function stop(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  const cut = setTimeout(() => server.closeAllConnections(), STOP_GRACE_MS)
  await closed
  clearTimeout(cut)
}
