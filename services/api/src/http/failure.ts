/** The error handler of Express: what a route throws becomes a problem. */
import type { ErrorRequestHandler } from 'express'
import { DatabaseDamagedError, DatabaseUnavailableError } from '../feed/database-source.ts'
import { DATABASE_AWAY } from '../wire/refusals.ts'
import { sendProblem } from './problem.ts'

/** 503 while the database can't be read, 4xx for a request that Express can't parse, 500 for a bug. */
export const failure: ErrorRequestHandler = (error: unknown, _req, res, _next) => {
  const status = statusOf(error)
  // `database-failures.ts` logs every other failure of the database once.
  if (status === 500 || error instanceof DatabaseDamagedError)
    res.err = error instanceof Error ? error : new Error(String(error))
  if (res.headersSent) {
    // Cuts the connection: the client must not take the beginning of the answer for the whole.
    res.destroy()
  } else if (status === 503) {
    sendProblem(res, DATABASE_AWAY)
  } else if (status === 500) {
    sendProblem(res, { status, detail: 'Something went wrong in the server; its log says what.' })
  } else {
    sendProblem(res, { status, detail: 'The request could not be understood.' })
  }
}

function statusOf(error: unknown): number {
  if (error instanceof DatabaseUnavailableError) return 503
  // Express marks errors of the client with a status, such as a malformed percent-escape.
  const status = error instanceof Error && 'status' in error ? Number(error.status) : 500
  return status >= 400 && status < 500 ? status : 500
}
