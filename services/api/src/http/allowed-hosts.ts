/**
 * Against DNS rebinding: a page in someone's browser whose own name was made to lead to this machine reads the api as if
 * it were the page's server. Its requests carry that name as their `Host`.
 */
import { isIP } from 'node:net'
import type { RequestHandler } from 'express'
import { sendProblem } from './problem.ts'

/** @param hosts lower-case names; none allows any. Addresses and `localhost` always pass: no one can rebind those. */
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
