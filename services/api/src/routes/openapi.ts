/** `GET /openapi.json`: this api, described for programs. */
import { sendJson } from '../http/send-body.ts'
import { defineRoute, type Route, type RouteDescription } from '../route.ts'
import { openApiDocument } from '../wire/openapi.ts'

const DESCRIPTION = {
  path: '/openapi.json',
  summary: 'This description.',
  parameters: {},
  answer: { description: 'An OpenAPI 3.1 document.', mediaType: 'application/json' },
  refusals: [],
} as const

/** @param routes all of them; made into a document when it is first asked for */
export function openApiRoute(routes: readonly RouteDescription[]): Route {
  let document: unknown = null
  return defineRoute(DESCRIPTION, async ({ req, res }) => {
    document ??= openApiDocument([...routes, DESCRIPTION])
    await sendJson(req, res, document)
  })
}
