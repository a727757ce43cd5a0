/** Refuses requests that no client of this api has a reason to send. */
import { parse } from 'node:querystring'
import type { Request, RequestHandler } from 'express'
import { sendProblem } from './problem.ts'

/** A hundred ids of /paths are half of it. */
export const URL_CHARACTERS_MAX = 8_192
export const HEADER_BYTES_MAX = 16 * 1024
/** As many as /paths takes. */
const PARAMETERS_MAX = 100

/** As Node finds it. */
const CONTINUE = /(?:^|\W)100-continue(?:$|\W)/i
/** RFC 9110, 7.2: a name or an address, and a port; nothing at all is allowed too. */
const HOST = /^(?:\[[^\]\s]+\]|[\w.~!$&'()*+,;=%-]*)(?::\d*)?$/

export const ADDRESS_TOO_LONG = `An address may have ${URL_CHARACTERS_MAX} characters.`
export const HEADERS_TOO_LONG = `Headers may have ${HEADER_BYTES_MAX} bytes.`

/** Exactly one Host, of HTTP/1.1 (RFC 9112, 3.2). Of several, Node would show the first, and a proxy may go by the last. */
export const oneHost: RequestHandler = (req, res, next) => {
  const hosts = req.headersDistinct.host ?? []
  if (hosts.length > 1) return sendProblem(res, { status: 400, detail: 'A request needs one Host, not several.' })
  if (hosts.length === 1 || req.httpVersion !== '1.1') return next()
  // Node would refuse it too, but without a word.
  sendProblem(res, { status: 400, detail: 'A request needs a Host.' })
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

/** All of them: Node's default leaves out those after the first thousand, and with them what was asked for. */
export function parseQuery(text: string | null): NodeJS.Dict<string | string[]> {
  return parse(text ?? '', '&', '=', { maxKeys: 0 })
}

function headerBytes({ rawHeaders }: Request): number {
  // Each has a colon, a blank and the end of its line.
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
