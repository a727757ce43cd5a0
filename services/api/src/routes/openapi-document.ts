/** The routes as an OpenAPI 3.1 document, generated from the schemas that check the requests and type the answers. */
import { STATUS_CODES } from 'node:http'
import { VERSION } from '@drive-feed/shared/version.ts'
import { z } from 'zod'
import { EVENTS_PATH } from '../http/event-stream.ts'
import { problemOf } from '../http/problem.ts'
import { ANSWERS, PARTS } from '../wire/answers.ts'
import { ANSWER_EXAMPLES, EXAMPLES, REFUSAL_EXAMPLES } from '../wire/examples.ts'
import type { Parameters } from '../wire/read-parameters.ts'
import { type RouteDescription, TAGS } from './route.ts'

/** Whether clients have to send a token. */
export type DescribedAccess = { readonly needsToken: boolean }

const SCHEMAS = '#/components/schemas/'
const PROBLEM = 'application/problem+json'

type Json = { readonly [key: string]: unknown }

export function openApiDocument(routes: readonly RouteDescription[], access: DescribedAccess): Json {
  const { needsToken } = access
  return {
    openapi: '3.1.0',
    info: {
      title: 'drive-feed',
      version: VERSION,
      summary: 'The files of watched folders, and their changes since a cursor.',
      description:
        'A client first fetches the changes after cursor 0, and from then on those after the last cursor that it received. An answer lists each node at most once, in its current state, and after the folder that holds it.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    // Relative to the address of this document, so that it is also right below a path of a reverse proxy.
    servers: [{ url: '.', description: 'The server that serves this description.' }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    security: needsToken ? [{ bearer: [] }] : [],
    paths: Object.fromEntries(routes.map((route) => [route.path, { get: operationOf(route, access) }])),
    components: {
      schemas: answerSchemas(),
      ...(needsToken ? { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } } : {}),
    },
  }
}

function operationOf(route: RouteDescription, { needsToken }: DescribedAccess): Json {
  const { path, operationId, tag, summary, description, parameters, headers = {}, isAboutProcess = false } = route
  return {
    operationId,
    tags: [tag],
    summary,
    description,
    parameters: [
      ...(path.includes('{id}') ? [NODE_ID] : []),
      ...parametersIn('query', parameters),
      ...parametersIn('header', headers),
    ],
    ...(needsToken && isAboutProcess ? { security: [] } : {}),
    responses: responsesOf(route, needsToken && !isAboutProcess),
  }
}

const NODE_ID = {
  name: 'id',
  in: 'path',
  required: true,
  description: 'A node id.',
  schema: { type: 'string', examples: [EXAMPLES.fileId] },
}

function responsesOf(
  { path, parameters, answer, refusals, hasTag = false }: RouteDescription,
  asksToken: boolean,
): Json {
  const isFeed = path.startsWith('/api/')
  const statuses = new Set([
    400,
    ...(asksToken ? [401] : []),
    ...refusals,
    ...(isFeed && path !== EVENTS_PATH ? [503] : []),
  ])
  const headers = { ...(isFeed ? FEED_HEADERS : {}), ...(hasTag ? TAG_HEADER : {}) }
  return {
    200: { description: answer.description, headers, content: contentOf(answer) },
    ...(hasTag ? { 304: { description: 'The client already has this answer.', headers } } : {}),
    ...Object.fromEntries([...statuses].sort().map((status) => [status, refusalOf(status, parameters)])),
    default: OTHER_REFUSAL,
  }
}

const OTHER_REFUSAL = {
  description: 'The request was refused for its form: an unknown address, a wrong method, an address that is too long.',
  content: problemContent(414, 'An address may have 8192 characters.'),
}

const FEED_HEADERS = {
  'Feed-Epoch': {
    description:
      'Identifies the state of the database that the answer was read from. Send it as epoch together with the cursor of the answer: the server then answers 410 if the cursor no longer means the same.',
    schema: { type: 'string' },
  },
  'Feed-Ignored': {
    description: 'Names of parameters that this route does not take, percent-encoded.',
    schema: { type: 'string' },
  },
  'Feed-Head': { description: 'The newest cursor.', schema: { type: 'integer', format: 'int64', minimum: 0 } },
}

const TAG_HEADER = {
  ETag: {
    description: 'Identifies this answer. Send it in If-None-Match to get 304 while the answer is the same.',
    schema: { type: 'string' },
  },
}

const REFUSAL_HEADERS: Readonly<Record<number, Json>> = {
  401: { 'WWW-Authenticate': { description: 'The scheme in which to send the token.', schema: { type: 'string' } } },
  503: {
    'Retry-After': {
      description: 'Seconds to wait before the next request.',
      schema: { type: 'integer', format: 'int64', minimum: 0 },
    },
  },
}

function contentOf(answer: RouteDescription['answer']): Json {
  if ('json' in answer) {
    return {
      'application/json': { schema: { $ref: SCHEMAS + answer.json }, example: ANSWER_EXAMPLES[answer.json] },
    }
  }
  return { [answer.mediaType]: { schema: answer.schema, example: answer.example } }
}

function refusalOf(status: number, parameters: Parameters): Json {
  const { detail = '', members = {} } = REFUSAL_EXAMPLES[status] ?? {}
  const told = status === 400 ? (mistakeIn(parameters) ?? detail) : detail
  return {
    description: STATUS_CODES[status] ?? 'Error',
    ...(REFUSAL_HEADERS[status] === undefined ? {} : { headers: REFUSAL_HEADERS[status] }),
    content: problemContent(status, told, members),
  }
}

function problemContent(status: number, detail: string, members: Json = {}): Json {
  return { [PROBLEM]: { schema: { $ref: `${SCHEMAS}Problem` }, example: problemOf({ status, detail, members }) } }
}

/** The message for the first parameter that refuses to be given twice and empty; undefined if none does. */
function mistakeIn(parameters: Parameters): string | undefined {
  for (const schema of Object.values(parameters)) {
    const { error } = schema.safeParse(['', ''])
    if (error !== undefined) return error.issues[0]?.message
  }
  return undefined
}

function parametersIn(place: 'query' | 'header', parameters: Parameters): Json[] {
  return Object.entries(parameters).map(([name, schema]) => {
    // The output schema describes the parameter: JSON Schema can't express how its text is converted.
    const { $schema: _, description, ...rest } = z.toJSONSchema(schema, { io: 'output', override: clearly })
    return { name, in: place, required: !schema.safeParse(undefined).success, description, schema: rest }
  })
}

function answerSchemas(): Json {
  const registry = z.registry<{ id: string }>()
  for (const [id, schema] of Object.entries({ ...ANSWERS, ...PARTS })) registry.add(schema, { id })
  // An input schema allows further keys: later versions add some, and clients have to ignore them.
  const { schemas } = z.toJSONSchema(registry, { io: 'input', uri: (id) => SCHEMAS + id, override: clearlyOfAnswers })
  return Object.fromEntries(Object.entries(schemas).map(([id, { $schema: _, $id: __, ...schema }]) => [id, schema]))
}

type Override = { readonly jsonSchema: z.core.JSONSchema.BaseSchema }

/** Generators for typed languages choose the type of a number by its format. */
function clearly({ jsonSchema }: Override): void {
  if (jsonSchema.type === 'integer') jsonSchema.format = 'int64'
  if (jsonSchema.type === 'number') jsonSchema.format = 'double'
}

function clearlyOfAnswers(context: Override): void {
  const { jsonSchema } = context
  clearly(context)
  // Zod adds the range in which a double is exact, but an answer may hold a larger number, such as a size.
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum
  // Zod's pattern fills a screen and says no more than the format.
  if (jsonSchema.format === 'date-time') delete jsonSchema.pattern
}
