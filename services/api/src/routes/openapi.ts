/** `GET /openapi.json`: this api, described for programs. */
import { VERSION } from '@drive-feed/shared/version.ts'
import { sendJson } from '../http/send-body.ts'
import { type DescribedAccess, openApiDocument } from '../openapi.ts'
import { defineRoute, type Route, type RouteDescription } from '../route.ts'

const EXAMPLE = { openapi: '3.1.0', info: { title: 'drive-feed', version: VERSION }, paths: {} }

const DESCRIPTION = {
  path: '/openapi.json',
  operationId: 'getDescription',
  tag: 'Operation',
  summary: 'This description.',
  description: 'Made from what checks the requests and types the answers.',
  parameters: {},
  answer: {
    description: 'An OpenAPI 3.1 document.',
    mediaType: 'application/json',
    schema: { type: 'object' },
    example: EXAMPLE,
  },
  refusals: [],
} as const

/** @param routes all of them; made into a document when it is first asked for */
export function openApiRoute(routes: readonly RouteDescription[], access: DescribedAccess): Route {
  let document: unknown = null
  return defineRoute(DESCRIPTION, async ({ req, res }) => {
    document ??= openApiDocument([...routes, DESCRIPTION], access)
    await sendJson(req, res, document)
  })
}
