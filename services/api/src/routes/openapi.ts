/** `GET /openapi.json`: the OpenAPI description of this api. */
import { VERSION } from '@drive-feed/shared/version.ts'
import { sendJson } from '../http/send-body.ts'
import { type DescribedAccess, openApiDocument } from './openapi-document.ts'
import { defineRoute, type Route, type RouteDescription } from './route.ts'

const EXAMPLE = { openapi: '3.1.0', info: { title: 'drive-feed', version: VERSION }, paths: {} }

const DESCRIPTION = {
  path: '/openapi.json',
  operationId: 'getDescription',
  tag: 'Operation',
  summary: 'This description.',
  description: 'Generated from the schemas that check the requests and type the answers.',
  parameters: {},
  answer: {
    description: 'An OpenAPI 3.1 document.',
    mediaType: 'application/json',
    schema: { type: 'object' },
    example: EXAMPLE,
  },
  refusals: [],
} as const

/** @param routes all other routes; the document is made of them at the first request */
export function openApiRoute(routes: readonly RouteDescription[], access: DescribedAccess): Route {
  let document: unknown = null
  return defineRoute(DESCRIPTION, async ({ req, res }) => {
    document ??= openApiDocument([...routes, DESCRIPTION], access)
    await sendJson(req, res, document)
  })
}
