/**
 * Protects against DNS rebinding: the name of a page's own server is made to resolve to this machine, so that the page may
 * read the api from inside a browser. The requests of such a page carry that name as their `Host`.
 */
import { isIP } from 'node:net'
import type { RequestHandler } from 'express'
import { sendProblem } from './problem.ts'

/** @param hosts lower-case names; an empty list allows any. IP addresses and `localhost` always pass: they can't be rebound. */
export function allowedHosts(hosts: readonly string[]): RequestHandler {
  return (req, res, next) => {
    if (hosts.length === 0 || isAllowed(req.hostname ?? '', hosts)) return next()
    sendProblem(res, { status: 421, detail: 'The api does not answer under this name; allowed_hosts lists those.' })
  }
}

function isAllowed(hostname: string, hosts: readonly string[]): boolean {
  const name = hostname.toLowerCase()
  return hosts.includes(name) || name === 'localhost' || isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0
}
