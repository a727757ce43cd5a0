/**
 * One line a request, at `debug`: hundreds of clients polling would drown everything else. Own mistakes are `error`.
 * Each request has an id, which its answer carries too, so that a client's log and this one can be read together.
 */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Logger } from 'pino'
import { type HttpLogger, pinoHttp } from 'pino-http'

/** What a client or a proxy may call its request: nothing that could break a line of the log. */
const REQUEST_ID = /^[\w.-]{1,64}$/

export function requestLog(logger: Logger): HttpLogger {
  return pinoHttp({
    logger,
    genReqId: (req: IncomingMessage, res: ServerResponse) => {
      const given = req.headers['x-request-id']
      const id = typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID()
      res.setHeader('X-Request-Id', id)
      return id
    },
    customLogLevel: (_req: IncomingMessage, res: ServerResponse, error?: Error) =>
      error === undefined && res.err === undefined ? 'debug' : 'error',
    // No headers: they are long, not ours to keep, and may hold the token.
    serializers: {
      req: ({ id, method, url }: { id: string; method: string; url: string }) => ({ id, method, url }),
      res: (res: { statusCode: number }) => ({ status: res.statusCode }),
    },
  })
}
