/** The routes as an OpenAPI 3.1 document, made of the schemas that check the requests and type the answers. */
import { STATUS_CODES } from 'node:http'
import { VERSION } from '@drive-feed/shared/version.ts'
import { z } from 'zod'
import type { RouteDescription } from '../route.ts'
import { ANSWERS } from './answers.ts'
import type { Parameters } from './read-parameters.ts'

const SCHEMAS = '#/components/schemas/'

type Json = { readonly [key: string]: unknown }

export function openApiDocument(routes: readonly RouteDescription[]): Json {
  return {
    openapi: '3.1.0',
    info: {
      title: 'drive-feed',
      version: VERSION,
      summary: 'Every file of the watched folders, and what changed since a cursor.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    // A token is asked for only where the config has one.
    security: [{}, { bearer: [] }],
    paths: Object.fromEntries(routes.map((route) => [route.path, { get: operationOf(route) }])),
    components: { schemas: answerSchemas(), securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
  }
}

function operationOf({ path, summary, parameters, answer, refusals, isAboutProcess }: RouteDescription): Json {
  const inPath = path.includes('{id}')
    ? [{ name: 'id', in: 'path', required: true, description: 'A node id.', schema: { type: 'string' } }]
    : []
  const isFeed = path.startsWith('/api/')
  const statuses = new Set([...refusals, ...(Object.keys(parameters).length > 0 ? [400] : []), 401, 503])
  return {
    summary,
    parameters: [...inPath, ...queryParameters(parameters)],
    ...(isAboutProcess === true ? { security: [] } : {}),
    responses: {
      200: {
        description: answer.description,
        ...(isFeed ? { headers: FEED_HEADERS } : {}),
        content: contentOf(answer),
      },
      ...(isFeed && 'json' in answer ? { 304: { description: 'The client has this very answer.' } } : {}),
      ...Object.fromEntries([...statuses].sort().map((status) => [status, problemOf(status)])),
    },
  }
}

const FEED_HEADERS = {
  'Feed-Epoch': { description: 'Which database this is.', schema: { type: 'string' } },
  'Feed-Head': { description: 'The newest cursor.', schema: { type: 'integer' } },
  'Feed-Ignored': { description: 'Parameters that mean nothing here, percent-encoded.', schema: { type: 'string' } },
}

function contentOf(answer: RouteDescription['answer']): Json {
  if ('json' in answer) return { 'application/json': { schema: { $ref: SCHEMAS + answer.json } } }
  return { [answer.mediaType]: { schema: { type: 'string' } } }
}

function problemOf(status: number): Json {
  return {
    description: STATUS_CODES[status] ?? 'Error',
    content: { 'application/problem+json': { schema: { $ref: `${SCHEMAS}Problem` } } },
  }
}

function queryParameters(parameters: Parameters): Json[] {
  return Object.entries(parameters).map(([name, schema]) => {
    // What a parameter becomes says best what it is: its text goes through conversions that no schema can tell.
    const { $schema: _, description, ...rest } = z.toJSONSchema(schema, { io: 'output' })
    return { name, in: 'query', required: !schema.safeParse(undefined).success, description, schema: rest }
  })
}

function answerSchemas(): Json {
  const registry = z.registry<{ id: string }>()
  for (const [id, schema] of Object.entries(ANSWERS)) registry.add(schema, { id })
  // As input schemas they say nothing of keys to come, which clients have to ignore.
  const { schemas } = z.toJSONSchema(registry, { io: 'input', uri: (id) => SCHEMAS + id })
  return Object.fromEntries(Object.entries(schemas).map(([id, { $schema: _, $id: __, ...schema }]) => [id, schema]))
}
