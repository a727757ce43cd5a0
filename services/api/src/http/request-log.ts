/**
 * Logs one line for each request, at `debug`, because hundreds of polling clients would drown everything else; at `error`
 * for a bug. Each request has an id, and its answer carries the same, so that the logs of client and server can be matched.
 */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Logger } from 'pino'
import { type HttpLogger, pinoHttp } from 'pino-http'

/** Ids accepted from a client or a proxy: nothing that could break a line of the log. */
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
    // Headers are left out: they are long, private, and may hold the token.
    serializers: {
      req: ({ id, method, url }: { id: string; method: string; url: string }) => ({ id, method, url }),
      res: (res: { statusCode: number }) => ({ status: res.statusCode }),
    },
  })
}
