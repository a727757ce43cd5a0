/** A route with its description. The same description checks requests, types answers and makes the OpenAPI document. */
import type { Request, RequestHandler, Response } from 'express'
import { tellIgnored } from '../http/ignored-parameters.ts'
import { sendProblem } from '../http/problem.ts'
import type { AnswerName } from '../wire/answers.ts'
import { type Parameters, type ParameterValues, readParameters } from '../wire/read-parameters.ts'

/** The groups of routes in the OpenAPI document. */
export const TAGS = {
  Changes: 'Changes since a cursor, on request or as a stream.',
  Nodes: 'The current files and folders, and their paths.',
  Operation: 'Health and status of the indexer and the api.',
}

export type Tag = keyof typeof TAGS

export type RouteDescription<P extends Parameters = Parameters> = {
  /** `{id}` stands for a node id, as in OpenAPI. */
  readonly path: string
  /** The name of the method in generated clients. */
  readonly operationId: string
  readonly tag: Tag
  readonly summary: string
  /** Whole sentences that add to the summary. */
  readonly description: string
  /** Of the query string. */
  readonly parameters: P
  readonly headers?: Parameters
  readonly answer: { readonly description: string } & (
    | { readonly json: Exclude<AnswerName, 'Problem'> }
    | { readonly mediaType: string; readonly schema: object; readonly example: unknown }
  )
  /** Answers carry an `ETag`, so 304 is possible. */
  readonly hasTag?: boolean
  /** Statuses of its problems, besides 400, 401, and the feed's 503 without a database. */
  readonly refusals: readonly number[]
  /** About this process, not the feed: answers without a database, and without a token. */
  readonly isAboutProcess?: boolean
}

export type Route = RouteDescription & { readonly handler: RequestHandler<{ id: string }> }

type Asked<P extends Parameters> = {
  readonly req: Request<{ id: string }>
  readonly res: Response
  readonly values: ParameterValues<P>
}

/** Checks the parameters, and answers 400 if one is not allowed. `answer` does the rest. */
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
