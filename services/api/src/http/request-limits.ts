/** Refuses requests that no client of this api has reason to send. */
import { parse } from 'node:querystring'
import type { Request, RequestHandler } from 'express'
import { NO_HOST } from '../wire/refusals.ts'
import { sendProblem } from './problem.ts'

/** Twice the length of a request for the paths of 100 ids. */
export const URL_CHARACTERS_MAX = 8_192
export const HEADER_BYTES_MAX = 16 * 1024
/** As many as a request for the paths of 100 ids has. */
const PARAMETERS_MAX = 100

/** Node's own pattern. */
const CONTINUE = /(?:^|\W)100-continue(?:$|\W)/i
/** RFC 9110, 7.2: a name or an address, and a port. An empty one is allowed too. */
const HOST = /^(?:\[[^\]\s]+\]|[\w.~!$&'()*+,;=%-]*)(?::\d*)?$/

export const ADDRESS_TOO_LONG = `An address may have ${URL_CHARACTERS_MAX} characters.`
export const HEADERS_TOO_LONG = `Headers may have ${HEADER_BYTES_MAX} bytes.`

/** HTTP/1.1 requires exactly one Host (RFC 9112, 3.2). Of several, Node takes the first, but a proxy may take the last. */
export const oneHost: RequestHandler = (req, res, next) => {
  const hosts = req.headersDistinct.host ?? []
  if (hosts.length > 1) return sendProblem(res, { status: 400, detail: 'A request needs one Host, not several.' })
  if (hosts.length === 1 || req.httpVersion !== '1.1') return next()
  // Node would refuse it too, but without a reason.
  sendProblem(res, NO_HOST)
}

export const requestLimits: RequestHandler = (req, res, next) => {
  if (req.url.length > URL_CHARACTERS_MAX) return sendProblem(res, { status: 414, detail: ADDRESS_TOO_LONG })
  if (headerBytes(req) > HEADER_BYTES_MAX) return sendProblem(res, { status: 431, detail: HEADERS_TOO_LONG })
  if (parameterCount(req.url) > PARAMETERS_MAX) {
    return sendProblem(res, { status: 400, detail: `A request may have ${PARAMETERS_MAX} parameters.` })
  }
  if (!HOST.test(req.headers.host ?? '')) return sendProblem(res, { status: 400, detail: 'The Host is not one.' })
  // HTTP/1.0 knows no expectations (RFC 9110, 10.1.1).
  const { expect } = req.headers
  if (expect !== undefined && req.httpVersion === '1.1' && !CONTINUE.test(expect)) {
    return sendProblem(res, { status: 417, detail: 'Nothing but 100-continue can be expected here.' })
  }
  next()
}

/** Parses all parameters: by default Node drops those after the first thousand. */
export function parseQuery(text: string | null): NodeJS.Dict<string | string[]> {
  return parse(text ?? '', '&', '=', { maxKeys: 0 })
}

function headerBytes({ rawHeaders }: Request): number {
  // Each header has a colon, a blank and a line end besides its two parts.
  return rawHeaders.reduce((sum, part) => sum + part.length + 2, 0)
}

function parameterCount(url: string): number {
  const start = url.indexOf('?')
  if (start === -1) return 0
  return url
    .slice(start + 1)
    .split('&')
    .filter((part) => part !== '').length
}
