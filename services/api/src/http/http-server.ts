/** The listening socket: opening it, what it bears, and closing it in bounded time. */
import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import { Server as NetServer } from 'node:net'
import type { Duplex } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Connections } from './connections.ts'
import { crossOriginHeaders } from './cross-origin.ts'
import { problemOf, type Refusal } from './problem.ts'
import { createRequestBeginnings, readOn } from './request-beginnings.ts'
import { ADDRESS_TOO_LONG, HEADER_BYTES_MAX, HEADERS_TOO_LONG, URL_CHARACTERS_MAX } from './request-limits.ts'

// Longer than the idle time of the usual reverse proxies (60 s): the side that reuses a connection must not be the one
// that finds it closed.
const KEEP_ALIVE_MS = 75_000
// Requests are a few lines without a body; who takes longer keeps a socket busy for nothing. Answers may take any time:
// a slow reader costs one page of memory.
const HEADERS_MS = 15_000
const REQUEST_MS = 30_000
/** More than the app takes: what is refused there is answered with all that an answer has. */
const PARSED_BYTES_MAX = 2 * HEADER_BYTES_MAX
/** In which a client is to take a refusal and go. */
const REFUSED_MS = 2_000
/** Less than whoever stops the process gives it: docker-compose.yml says 20 s. */
const STOP_MAX_MS = 15_000
/** In which a request that is on its way is to come. */
const STOP_ASK_MS = 1_500
const STOP_LOOK_MS = 50
const STOP_ACCEPT_MS = 100

export type Listening = { readonly host: string; readonly port: number; readonly corsOrigins: readonly string[] }

type Listener = (req: IncomingMessage, res: ServerResponse) => void

/** Rejects with the error of listen(2) when the address can't be had. */
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
      // Asked for by the app, which has a word to say about it.
      requireHostHeader: false,
    },
    onRequest,
  )
  // They are few enough by their bytes; what is beyond a number is left out, as if it had not been sent.
  server.maxHeadersCount = 0
  server.on('connection', connections.opened)
  server.on('connection', beginnings.opened)
  const refused = new WeakSet<Duplex>()
  server.on('clientError', ({ code, rawPacket }: ParseError, socket) => {
    // Told again for each piece that comes: the client may still be sending.
    if (refused.has(socket)) return
    // In the middle of an answer to an earlier request there is no place for another one.
    if (code === 'ECONNRESET' || !socket.writable || connections.isAnswering(socket)) return void socket.destroy()
    refused.add(socket)
    const came = beginnings.of(socket) + (rawPacket?.toString('latin1') ?? '')
    void refuse(socket, { code, came, corsOrigins })
  })
  // Refused by the app too, like everything that can be read.
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
  /** All that came of the request. */
  readonly came: string
  readonly corsOrigins: readonly string[]
}

const TOO_LONG = 'HPE_HEADER_OVERFLOW'
const ORIGIN = /^origin:[ \t]*(\S+)[ \t]*\r?\n/im
/** Behind an address that is too long for the parser, too: it comes in pieces of 4 kB through a proxy. */
const UNTIL_ORIGIN = {
  isEnough: (text: string) => ORIGIN.test(text) || /\r?\n\r?\n/.test(text),
  charactersMax: 8 * PARSED_BYTES_MAX,
  timeoutMs: REFUSED_MS,
}

/** What is no HTTP, or not in time, never becomes a request: the app does not see it. */
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
 * Takes no new connections. What was asked is answered, and each answer says that its connection ends with it; then
 * those are closed on which nothing happens. A long answer goes on while its client takes it, for 15 seconds
 * at most.
 */
export async function stop(server: Server, connections: Connections): Promise<void> {
  await untilNoneArrives(connections)
  // Not the HTTP server's own: that closes kept connections at once, also when a request is on its way on them.
  const closed = new Promise<void>((resolve) => NetServer.prototype.close.call(server, () => resolve()))
  connections.endWithAnswers()
  // Once all that has arrived is read.
  const looking = setInterval(() => setImmediate(connections.closeStill), STOP_LOOK_MS)
  const asked = setTimeout(() => connections.closeUnasked(), STOP_ASK_MS)
  const cut = setTimeout(() => connections.closeAll(), STOP_MAX_MS)
  await closed
  clearInterval(looking)
  clearTimeout(asked)
  clearTimeout(cut)
}

/**
 * Connections that wait in the kernel's queue are reset with it, and one is taken from it a turn. Where they come without
 * a pause that can't be helped.
 */
async function untilNoneArrives({ openedTotal }: Connections): Promise<void> {
  const untilMs = performance.now() + STOP_ACCEPT_MS
  for (let before = -1; before !== openedTotal() && performance.now() < untilMs; ) {
    before = openedTotal()
    await nextTurn()
  }
}
