/** A route: what it takes and answers, in one place, so that checking, answering and the OpenAPI description agree. */
import type { Request, RequestHandler, Response } from 'express'
import type { DatabaseSource } from './feed/database-source.ts'
import type { Queries } from './feed/queries.ts'
import type { ReadStep } from './feed/read-step.ts'
import { nextTurn } from './feed/turns.ts'
import { isNotModified, sendNotModified, setFeedHeaders } from './http/feed-headers.ts'
import { tellIgnored } from './http/ignored-parameters.ts'
import { sendProblem } from './http/problem.ts'
import { sendJson } from './http/send-body.ts'
import type { AnswerName } from './wire/answers.ts'
import { type Parameters, type ParameterValues, readParameters } from './wire/read-parameters.ts'

/** The groups in which the description shows the routes. */
export const TAGS = {
  Changes: 'What changed, to be asked for or followed.',
  Nodes: 'What is there now: files, folders and their paths.',
  Operation: 'How the indexer and the api are doing.',
}

export type Tag = keyof typeof TAGS

export type RouteDescription<P extends Parameters = Parameters> = {
  /** With `{id}` for a part of the path that varies, as OpenAPI writes it. */
  readonly path: string
  /** What generated clients call it. */
  readonly operationId: string
  readonly tag: Tag
  readonly summary: string
  /** More than the summary says, in whole sentences. */
  readonly description: string
  /** Of the query. */
  readonly parameters: P
  readonly headers?: Parameters
  readonly answer: { readonly description: string } & (
    | { readonly json: Exclude<AnswerName, 'Problem'> }
    | { readonly mediaType: string; readonly schema: object; readonly example: unknown }
  )
  /** Has an `ETag`, and so may be 304. */
  readonly hasTag?: boolean
  /** Statuses that it answers with a problem, besides 400, 401, and 503 of the feed without a database. */
  readonly refusals: readonly number[]
  /** Answers without a database, and without the token if one is asked for. */
  readonly isAboutProcess?: boolean
}

export type Route = RouteDescription & { readonly handler: RequestHandler<{ id: string }> }

type Asked<P extends Parameters> = {
  readonly req: Request<{ id: string }>
  readonly res: Response
  readonly values: ParameterValues<P>
}

/** Checks the parameters and answers 400 where one is not allowed; `answer` does the rest. */
export function defineRoute<P extends Parameters>(
  description: RouteDescription<P>,
  answer: (asked: Asked<P>) => Promise<void> | void,
): Route {
  return {
    ...description,
    handler: async (req, res) => {
      tellIgnored(req, res, description.parameters)
      const read = readParameters(description.parameters, req.query)
      if (!read.ok) return sendProblem(res, { status: 400, detail: read.detail })
      await answer({ req, res, values: read.values })
    },
  }
}

/** A route whose answer is JSON made in one short read of the database, or a few where that would be a long one. */
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
