/** Express' last resort: what a route threw becomes a problem. */
import type { ErrorRequestHandler } from 'express'
import { DatabaseDamagedError, DatabaseUnavailableError } from '../feed/database-source.ts'
import { sendProblem } from './problem.ts'

/** 503 while the database can't be read, 4xx for what Express could not understand, 500 for our own mistakes. */
export const failure: ErrorRequestHandler = (error: unknown, _req, res, _next) => {
  const status = statusOf(error)
  // Other databases that can't be read are told of once, where they are opened.
  if (status === 500 || error instanceof DatabaseDamagedError)
    res.err = error instanceof Error ? error : new Error(String(error))
  if (res.headersSent) {
    // Cut the connection: a client must not take the part that it has for the whole answer.
    res.destroy()
  } else if (status === 503) {
    sendProblem(res, { status, detail: 'The database can not be read now; try again in a moment.' })
  } else if (status === 500) {
    sendProblem(res, { status, detail: 'Something went wrong in the server; its log says what.' })
  } else {
    sendProblem(res, { status, detail: 'The request could not be understood.' })
  }
}

function statusOf(error: unknown): number {
  if (error instanceof DatabaseUnavailableError) return 503
  // Express' router marks what is the client's fault, a malformed percent-escape for one, with a status.
  const status = error instanceof Error && 'status' in error ? Number(error.status) : 500
  return status >= 400 && status < 500 ? status : 500
}
