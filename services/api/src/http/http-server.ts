/** The listening socket: opens it, bounds its requests, and closes it in bounded time. */
import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import { Server as NetServer } from 'node:net'
import type { Duplex } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Refusal } from '../wire/refusal.ts'
import type { Connections } from './connections.ts'
import { crossOriginHeaders } from './cross-origin.ts'
import { problemOf } from './problem.ts'
import { createRequestBeginnings, readOn } from './request-beginnings.ts'
import { ADDRESS_TOO_LONG, HEADER_BYTES_MAX, HEADERS_TOO_LONG, URL_CHARACTERS_MAX } from './request-limits.ts'

// Longer than the idle time of common reverse proxies (60 s): the proxy, which reuses connections, has to close them first.
const KEEP_ALIVE_MS = 75_000
// A request is a few lines without a body; a slower one only occupies a socket. An answer may take any time: a slow reader
// costs one page of memory.
const HEADERS_MS = 15_000
const REQUEST_MS = 30_000
/** More than the app accepts, so that the app refuses long headers itself, with all headers of an answer. */
const PARSED_BYTES_MAX = 2 * HEADER_BYTES_MAX
/** How long a refused client may take to read its refusal. */
const REFUSED_MS = 2_000
/** Less than the time that the process gets to stop: 20 s in docker-compose.yml. */
const STOP_MAX_MS = 15_000
/** How long a request that is arriving may take once the process stops. */
const STOP_ASK_MS = 1_500
const STOP_LOOK_MS = 50
const STOP_ACCEPT_MS = 100

export type Listening = { readonly host: string; readonly port: number; readonly corsOrigins: readonly string[] }

type Listener = (req: IncomingMessage, res: ServerResponse) => void

/** Rejects with the error of listen(2) if the address is not available. */
export function listen(listener: Listener, listening: Listening, connections: Connections): Promise<Server> {
  const { host, port, corsOrigins } = listening
  const beginnings = createRequestBeginnings(PARSED_BYTES_MAX)
  const onRequest = (req: IncomingMessage, res: ServerResponse) => {
    beginnings.asked(req.socket)
    connections.asked(req, res)
    listener(req, res)
  }
  const server = createServer(
    {
      keepAliveTimeout: KEEP_ALIVE_MS,
      headersTimeout: HEADERS_MS,
      requestTimeout: REQUEST_MS,
      maxHeaderSize: PARSED_BYTES_MAX,
      // The app requires it itself and explains the refusal.
      requireHostHeader: false,
    },
    onRequest,
  )
  // The limit in bytes is enough. Beyond a number of headers, Node would drop the rest without a word.
  server.maxHeadersCount = 0
  server.on('connection', connections.opened)
  server.on('connection', beginnings.opened)
  const refused = new WeakSet<Duplex>()
  server.on('clientError', ({ code, rawPacket }: ParseError, socket) => {
    // Node repeats the event for each further piece of a client that is still sending.
    if (refused.has(socket)) return
    // A refusal can't be sent in the middle of the answer to an earlier request.
    if (code === 'ECONNRESET' || !socket.writable || connections.isAnswering(socket)) return void socket.destroy()
    refused.add(socket)
    const came = beginnings.of(socket) + (rawPacket?.toString('latin1') ?? '')
    void refuse(socket, { code, came, corsOrigins })
  })
  // The app refuses it, like every request that can be parsed.
  server.on('checkExpectation', onRequest)
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port }, () => {
      server.off('error', reject)
      resolve(server)
    })
  })
}

type ParseError = NodeJS.ErrnoException & { readonly rawPacket?: Buffer }

type Refused = {
  readonly code: string | undefined
  /** What was received of the request. */
  readonly came: string
  readonly corsOrigins: readonly string[]
}

const TOO_LONG = 'HPE_HEADER_OVERFLOW'
const ORIGIN = /^origin:[ \t]*(\S+)[ \t]*\r?\n/im
/** The origin may follow an address that is too long for the parser, and a proxy sends both in pieces of 4 kB. */
const UNTIL_ORIGIN = {
  isEnough: (text: string) => ORIGIN.test(text) || /\r?\n\r?\n/.test(text),
  charactersMax: 8 * PARSED_BYTES_MAX,
  timeoutMs: REFUSED_MS,
}

/** Answers what never becomes a request for the app: bytes that are no HTTP, and requests that come too slowly. */
async function refuse(socket: Duplex, { code, came, corsOrigins }: Refused): Promise<void> {
  const isWorthIt = code === TOO_LONG && corsOrigins.length > 0 && !corsOrigins.includes('*')
  const text = isWorthIt ? await readOn(socket, came, UNTIL_ORIGIN) : came
  const [, origin] = ORIGIN.exec(text) ?? []
  if (!socket.writable) return void socket.destroy()
  const refusal = refusalOf(code, came)
  const body = JSON.stringify(problemOf(refusal))
  const headers = {
    Connection: 'close',
    'Content-Type': 'application/problem+json; charset=utf-8',
    'Cache-Control': 'no-store',
    'Content-Length': Buffer.byteLength(body),
    ...crossOriginHeaders(corsOrigins, origin),
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status]}\r\n${lines.join('')}\r\n${body}`)
  const late = setTimeout(() => socket.destroy(), REFUSED_MS)
  socket.once('close', () => clearTimeout(late))
}

function refusalOf(code: string | undefined, text: string): Refusal {
  if (code === TOO_LONG) {
    const isAddress = new RegExp(`^\\w+ \\S{${URL_CHARACTERS_MAX}}`).test(text)
    return isAddress ? { status: 414, detail: ADDRESS_TOO_LONG } : { status: 431, detail: HEADERS_TOO_LONG }
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return { status: 408, detail: 'The request did not come in time.' }
  return { status: 400, detail: 'The request could not be understood.' }
}

/**
 * Accepts no new connections. Answers every request that has arrived, and each answer says that its connection ends with
 * it; then closes the connections on which nothing moves. A long answer goes on while its client reads it, for 15 seconds at
 * most.
 */
export async function stop(server: Server, connections: Connections): Promise<void> {
  await untilNoneArrives(connections)
  // The HTTP server's own `close` would cut idle connections immediately, even those on which a request is arriving.
  const closed = new Promise<void>((resolve) => NetServer.prototype.close.call(server, () => resolve()))
  connections.endWithAnswers()
  // `setImmediate`, so that everything that has arrived is read first.
  const looking = setInterval(() => setImmediate(connections.closeStill), STOP_LOOK_MS)
  const asked = setTimeout(() => connections.closeUnasked(), STOP_ASK_MS)
  const cut = setTimeout(() => connections.closeAll(), STOP_MAX_MS)
  await closed
  clearInterval(looking)
  clearTimeout(asked)
  clearTimeout(cut)
}

/**
 * Closing the socket resets the connections that are still in the kernel's queue, and Node accepts one of them in each
 * round of the event loop. If new ones arrive without a pause, some are reset nevertheless.
 */
async function untilNoneArrives({ openedTotal }: Connections): Promise<void> {
  const untilMs = performance.now() + STOP_ACCEPT_MS
  for (let before = -1; before !== openedTotal() && performance.now() < untilMs; ) {
    before = openedTotal()
    await nextTurn()
  }
}
