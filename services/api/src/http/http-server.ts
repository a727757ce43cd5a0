/** The listening socket: opening it, what it bears, and closing it in bounded time. */
import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { problemOf, type Refusal } from './problem.ts'

// Longer than the idle time of the usual reverse proxies (60 s): the side that reuses a connection must not be the one
// that finds it closed.
const KEEP_ALIVE_MS = 75_000
// Requests are a few lines without a body; who takes longer keeps a socket busy for nothing. Answers may take any time:
// a slow reader costs one page of memory.
const HEADERS_MS = 15_000
const REQUEST_MS = 30_000
const HEADER_BYTES_MAX = 16 * 1024
const STOP_GRACE_MS = 500

export type Address = { readonly host: string; readonly port: number; readonly maxConnections: number }

type Listener = (req: IncomingMessage, res: ServerResponse) => void

/** Rejects with the error of listen(2) when the address can't be had. */
export function listen(listener: Listener, { host, port, maxConnections }: Address): Promise<Server> {
  const answering = new WeakSet<Duplex>()
  const server = createServer(
    {
      keepAliveTimeout: KEEP_ALIVE_MS,
      headersTimeout: HEADERS_MS,
      requestTimeout: REQUEST_MS,
      maxHeaderSize: HEADER_BYTES_MAX,
      // Asked for by the app, which has a word to say about it.
      requireHostHeader: false,
    },
    (req, res) => {
      answering.add(req.socket)
      res.once('close', () => answering.delete(req.socket))
      listener(req, res)
    },
  )
  server.maxConnections = maxConnections
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => refuse(error, socket, answering.has(socket)))
  server.on('checkExpectation', (_req, res) => refuseExpectation(res))
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, () => {
      server.off('error', reject)
      resolve(server)
    })
  })
}

/** What is no HTTP, or not in time, never becomes a request: the app does not see it. */
function refuse({ code }: NodeJS.ErrnoException, socket: Duplex, isAnswering: boolean): void {
  // In the middle of an answer to an earlier request there is no place for another one.
  if (code === 'ECONNRESET' || !socket.writable || isAnswering) return void socket.destroy()
  const refusal = refusalOf(code)
  const body = JSON.stringify(problemOf(refusal))
  const headers = Object.entries({ Connection: 'close', ...headersOf(body) }).map(
    ([name, value]) => `${name}: ${value}`,
  )
  const head = [`HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}`, ...headers]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}

function refusalOf(code: string | undefined): Refusal {
  if (code === 'HPE_HEADER_OVERFLOW') return { status: 431, detail: `Headers may have ${HEADER_BYTES_MAX} bytes.` }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return { status: 408, detail: 'The request did not come in time.' }
  return { status: 400, detail: 'The request could not be understood.' }
}

function refuseExpectation(res: ServerResponse): void {
  const body = JSON.stringify(problemOf({ status: 417, detail: 'Nothing but 100-continue can be expected here.' }))
  res.writeHead(417, headersOf(body)).end(body)
}

function headersOf(body: string) {
  return {
    'Content-Type': 'application/problem+json; charset=utf-8',
    'Cache-Control': 'no-store',
    'Content-Length': Buffer.byteLength(body),
  }
}

/** Takes no new connections, lets short answers finish for half a second, then cuts what is still open. */
export async function stop(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  const cut = setTimeout(() => server.closeAllConnections(), STOP_GRACE_MS)
  await closed
  clearTimeout(cut)
}
