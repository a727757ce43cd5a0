/** A route that answers with JSON from one short read of the database. */
import type { DatabaseSource } from '../feed/database-source.ts'
import type { Queries } from '../feed/queries.ts'
import { nextTurn } from '../feed/turns.ts'
import { isNotModified, sendNotModified, setFeedHeaders } from '../http/feed-headers.ts'
import { sendProblem } from '../http/problem.ts'
import { sendJson } from '../http/send-body.ts'
import type { Parameters, ParameterValues } from '../wire/read-parameters.ts'
import type { ReadStep } from './read-step.ts'
import { defineRoute, type Route, type RouteDescription } from './route.ts'

/** Answers with the JSON of one short read of the database, or of several if one would take long. */
export function defineReadingRoute<P extends Parameters>(
  database: DatabaseSource,
  description: RouteDescription<P>,
  answer: (asked: { id: string; values: ParameterValues<P>; queries: Queries }) => ReadStep,
): Route {
  return defineRoute({ ...description, hasTag: true }, async ({ req, res, values }) => {
    const reading = database.open()
    const { feed, first } = reading.read((queries) => ({
      feed: queries.feed(),
      first: answer({ id: req.params.id, values, queries }),
    }))
    let result = first
    while ('goOn' in result) {
      await nextTurn()
      result = reading.read(result.goOn)
    }
    if ('json' in result) {
      if (isNotModified(req, res, feed)) return sendNotModified(res)
      return sendJson(req, res, result.json)
    }
    setFeedHeaders(res, feed)
    sendProblem(res, result)
  })
}
