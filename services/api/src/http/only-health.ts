/** Connections beyond the limit: answers health checks, and refuses every other request with 503. */
import type { RequestHandler } from 'express'
import { isAtPath } from './at-path.ts'
import type { ConnectionLimits } from './connection-limits.ts'
import { sendProblem } from './problem.ts'

export function onlyHealth(limits: ConnectionLimits, healthPaths: readonly string[]): RequestHandler {
  return (req, res, next) => {
    if (!limits.isInReserve(req.socket) || isAtPath(req, healthPaths)) return next()
    limits.turnedAway(req.socket)
    sendProblem(res, { status: 503, detail: 'Too many connections are open already; ask again in a moment.' })
  }
}
