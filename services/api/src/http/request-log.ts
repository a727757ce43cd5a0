/** One line a request, at `debug`: hundreds of clients polling would drown everything else. Own mistakes are `error`. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Logger } from 'pino'
import { type HttpLogger, pinoHttp } from 'pino-http'

export function requestLog(logger: Logger): HttpLogger {
  return pinoHttp({
    logger,
    customLogLevel: (_req: IncomingMessage, res: ServerResponse, error?: Error) =>
      error === undefined && res.err === undefined ? 'debug' : 'error',
    // No headers: they are long, and not ours to keep.
    serializers: {
      req: (req: { method: string; url: string }) => ({ method: req.method, url: req.url }),
      res: (res: { statusCode: number }) => ({ status: res.statusCode }),
    },
  })
}
