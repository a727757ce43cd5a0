/** Sends answers that may be larger than memory. Longer answers are gzipped when the client accepts it. */
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { promisify } from 'node:util'
import { constants, createGzip, gzip } from 'node:zlib'
import type { Request, Response } from 'express'
import { nextTurn } from '../feed/turns.ts'
import { jsonPieces, PIECE_CHARACTERS } from './json-pieces.ts'

/** An answer that fits into one packet is not worth compressing. */
const COMPRESS_FROM_CHARACTERS = 1_400
/** The fastest level already compresses a feed eightfold, and a NAS has a slow processor. */
const GZIP_OPTIONS = { level: constants.Z_BEST_SPEED }
const LISTENERS_MAX = 20
const compress = promisify(gzip)

/** The coding of the answer. Only gzip, whose state is small enough for hundreds of streams at the same time. */
export function codingFor(req: Request): 'gzip' | 'identity' {
  return req.acceptsEncodings('gzip', 'identity') === 'gzip' ? 'gzip' : 'identity'
}

export async function sendJson(req: Request, res: Response, value: unknown): Promise<void> {
  res.type('json')
  const pieces = jsonPieces(value)
  const { value: text = '' } = pieces.next()
  if (text.length >= PIECE_CHARACTERS) return sendPieces(req, res, startingWith(text, pieces))
  res.vary('Accept-Encoding')
  await sendWhole(req, res, text)
}

/**
 * Writes the pieces one after another and ends the answer. The next piece is requested only when the client has read the one
 * before, and none once the client has gone. Empty pieces are not written. An answer of one piece gets a Content-Length.
 */
export async function sendPieces(req: Request, res: Response, pieces: Iterable<string | Buffer>): Promise<void> {
  res.vary('Accept-Encoding')
  const inTurn = takingTurns(pieces)
  const first = await inTurn.next()
  const second = await inTurn.next()
  if (second.done === true) return sendWhole(req, res, first.value ?? '')
  // The log, the counts, the waiting and each part of the pipeline listen for its end: more than Node's default limit.
  res.setMaxListeners(LISTENERS_MAX)
  const body = Readable.from(continued([first.value, second.value], inTurn))
  if (codingFor(req) === 'gzip') {
    res.set('Content-Encoding', 'gzip')
    await untilClosed(res, pipeline(body, createGzip(GZIP_OPTIONS), res))
  } else {
    await untilClosed(res, pipeline(body, res))
  }
}

function* startingWith(first: string, rest: Iterable<string>): Generator<string> {
  yield first
  yield* rest
}

async function* takingTurns(pieces: Iterable<string | Buffer>): AsyncGenerator<string | Buffer, undefined> {
  let isFirst = true
  for (const piece of pieces) {
    // Other requests get a turn even if the client reads everything immediately, or a filter leaves everything out.
    if (!isFirst) await nextTurn()
    isFirst = false
    if (piece.length > 0) yield piece
  }
}

async function* continued(
  begun: readonly (string | Buffer | undefined)[],
  rest: AsyncIterable<string | Buffer>,
): AsyncGenerator<string | Buffer> {
  yield* begun as (string | Buffer)[]
  yield* rest
}

async function sendWhole(req: Request, res: Response, text: string | Buffer): Promise<void> {
  if (text.length < COMPRESS_FROM_CHARACTERS || codingFor(req) === 'identity') return void res.end(text)
  const body = await compress(text, GZIP_OPTIONS)
  res.set('Content-Encoding', 'gzip').end(body)
}

/** A client that goes away is not an error. */
async function untilClosed(res: Response, writing: Promise<void>): Promise<void> {
  try {
    await writing
  } catch (error) {
    const isClientGone = (error as NodeJS.ErrnoException).code === 'ERR_STREAM_PREMATURE_CLOSE' && !res.writableFinished
    if (!isClientGone) throw error
  }
}
