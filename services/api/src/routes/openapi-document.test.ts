/** Holds the OpenAPI document to the app: every route is requested, and every answer must match its schema. */
import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { type TestContext, test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { smallFeed } from '../../../../test/support/small-feed.ts'

type Schema = { [key: string]: unknown }
type Parameter = { name: string; in: string; required: boolean; schema: Schema; description: string }
type Content = { schema: Schema; example?: unknown }
type Response = { content?: Record<string, Content> }
type Operation = {
  operationId: string
  tags: string[]
  summary: string
  description: string
  security?: unknown[]
  parameters: Parameter[]
  responses: Record<string, Response>
}
type Document = {
  openapi: string
  servers: { url: string }[]
  security: unknown[]
  tags: { name: string }[]
  paths: Record<string, { get: Operation }>
  components: { schemas: Schema; securitySchemes?: Schema }
}

/** Of at least 16 characters, as the config wants it. */
const TOKEN = 'a-token-of-nobody'

async function served(t: TestContext, apiToken: string | null = null) {
  const small = await smallFeed(t, { nowMs: () => 1_000, access: { apiToken } })
  small.feed.sqlite.exec(
    "INSERT INTO status (id, state, version, started_ms, heartbeat_ms) VALUES (1, 'watching', '1.2.3', 0, 0)",
  )
  const top = new URL('/', small.url).origin
  const document = (await (
    await fetch(`${top}/openapi.json`, { headers: { authorization: `Bearer ${TOKEN}` } })
  ).json()) as Document
  return { ...small, top, document }
}

/** Published schemas let keys come that are not known yet; a test must not. Problems may have any members. */
function withoutFurtherKeys(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) return value.map((one) => withoutFurtherKeys(one))
  if (typeof value !== 'object' || value === null) return value
  const inner = Object.entries(value).map(([key, one]) => [key, withoutFurtherKeys(one, key)])
  const isClosed = 'properties' in value && name !== 'Problem'
  return { ...Object.fromEntries(inner), ...(isClosed ? { additionalProperties: false } : {}) }
}

const HASH = '0123456789abcdef0123456789abcdef'
/** Every route, with what it takes, and every kind of refusal. */
const REQUESTS: readonly (readonly [path: string, addresses: readonly string[]])[] = [
  ['/api/v1/cursor', ['']],
  ['/api/v1/changes', ['', '?cursor=4', '?max_size=1', '?include=path', '?cursor=6&wait=0.01', '?cursor=x']],
  ['/api/v1/changes', ['?cursor=3&epoch=other', '?under=media&type=file&settled=1&include=path']],
  ['/api/v1/events', ['?cursor=x', '?cursor=3&epoch=other']],
  ['/api/v1/root', ['']],
  ['/api/v1/nodes', ['?path=/mnt/media', `?hash=${HASH}`, '', '?path=/mnt/media&include=path']],
  ['/api/v1/nodes/{id}', ['a', 'a?include=path', 'nothing', 'a?include=x']],
  ['/api/v1/nodes/{id}/path', ['a', 'nothing', '00000000-0000-0000-0000-000000000000']],
  ['/api/v1/nodes/{id}/children', ['media', 'media?max_size=1&include=path', 'nothing', 'media?page=x']],
  ['/api/v1/paths', ['?id=a&id=nothing', '']],
  ['/api/v1/status', ['']],
  ['/healthz', ['']],
  ['/readyz', ['']],
  ['/metrics', ['']],
  ['/openapi.json', ['']],
]

test('every answer is one that is described, with no key more and none less', async (t) => {
  const { top, document } = await served(t)
  const ajv = new Ajv2020({ strict: false, validateFormats: false })
  ajv.addSchema({ $id: 'doc', ...(withoutFurtherKeys(document) as Schema) })
  const seen = new Set<string>()
  for (const [path, addresses] of REQUESTS) {
    for (const address of addresses) {
      const [id = '', query] = path.includes('{id}') ? address.split('?') : ['', address.slice(1)]
      const url = `${top}${path.replace('{id}', id)}${query ? `?${query}` : ''}`
      const response = await fetch(url)
      const text = await response.text()
      const mediaType = (response.headers.get('content-type') ?? '').split(';')[0] ?? ''
      const described = document.paths[path]?.get.responses[response.status]?.content?.[mediaType]
      assert.ok(described !== undefined, `${url}: ${response.status} ${mediaType} is not described`)
      const { $ref } = described.schema as { $ref?: string }
      if ($ref !== undefined) {
        const validate = ajv.getSchema(`doc${$ref}`)
        assert.ok(validate?.(JSON.parse(text)), `${url}: ${JSON.stringify(validate?.errors)}\n${text}`)
        seen.add($ref.split('/').at(-1) as string)
      }
    }
  }
  assert.deepEqual(Object.keys(document.paths).sort(), [...new Set(REQUESTS.map(([path]) => path))].sort())
  const text = JSON.stringify(document)
  const unused = Object.keys(document.components.schemas).filter(
    (name) => !seen.has(name) && !text.includes(`"#/components/schemas/${name}"`),
  )
  assert.deepEqual(unused, [], 'no schema without an answer')
})

test('every parameter is described, and what the description allows is what is taken', async (t) => {
  const { top, document } = await served(t)
  const ajv = new Ajv2020({ strict: false, validateFormats: false })
  for (const [path, { get }] of Object.entries(document.paths)) {
    for (const { name, in: place, required, schema, description } of get.parameters) {
      assert.ok(description.length > 5, `${path} ${name}`)
      assert.ok(ajv.validateSchema(schema), `${path} ${name}`)
      if (place !== 'query') continue
      const others = path === '/api/v1/nodes' && name !== 'path' && name !== 'hash' ? '&path=/mnt' : ''
      const ask = (value: string) =>
        fetch(`${top}${path.replace('{id}', 'media')}?${name}=${value}${others}`, { method: 'HEAD' })
      const good = name === 'page' ? [] : goodValues(schema)
      for (const value of good) assert.equal((await ask(value)).status, 200, `${path}?${name}=${value}`)
      if (required) assert.equal((await fetch(`${top}${path}`)).status, 400)
    }
  }
  const changes = document.paths['/api/v1/changes']?.get.parameters.map(({ name }) => name)
  assert.deepEqual(changes, ['cursor', 'epoch', 'max_size', 'wait', 'include', 'under', 'type', 'settled'])
  assert.deepEqual(document.paths['/api/v1/changes']?.get.parameters[0]?.schema, {
    ...{ type: 'integer', format: 'int64', minimum: 0, maximum: Number.MAX_SAFE_INTEGER, default: 0, examples: [57] },
  })
})

test('the description allows the ids that events have, and a wait above the limit, as they are taken', async (t) => {
  const { top, document } = await served(t)
  const schemaOf = (path: string, name: string) =>
    document.paths[path]?.get.parameters.find((parameter) => parameter.name === name)?.schema as Schema
  const ajv = new Ajv2020({ strict: false, validateFormats: false })
  const isId = ajv.compile(schemaOf('/api/v1/events', 'Last-Event-ID'))
  for (const id of ['0', '604', '604.97e32af4f17ccf39']) assert.ok(isId(id), id)
  for (const id of [604, '', 'x', '604.', '604.97e3', '.97e32af4f17ccf39']) assert.ok(!isId(id), String(id))
  const isWait = ajv.compile(schemaOf('/api/v1/changes', 'wait'))
  for (const seconds of [0, 0.5, 55, 3_600]) {
    assert.ok(isWait(seconds))
    assert.equal((await fetch(`${top}/api/v1/changes?wait=${seconds}`)).status, 200)
  }
})

function goodValues(schema: Schema): string[] {
  const { type, minimum, enum: values, const: only, pattern } = schema
  if (type === 'integer' || type === 'number') return [String(minimum)]
  if (type === 'boolean') return ['true', 'false', '1', '0']
  if (Array.isArray(values)) return values.map(String)
  if (only !== undefined) return [String(only)]
  if (typeof pattern !== 'string') return ['x']
  return [new RegExp(pattern).test(HASH) ? HASH : '/mnt']
}

/** Everything in the document that is an object, with where it is. */
function* objectsIn(value: unknown, place: string[] = []): Generator<readonly [place: string[], object: Schema]> {
  if (typeof value !== 'object' || value === null) return
  if (!Array.isArray(value)) yield [place, value as Schema]
  for (const [key, inner] of Object.entries(value)) yield* objectsIn(inner, [...place, key])
}

test('every operation has an id of its own, a tag that is explained, and says what it is for', async (t) => {
  const { document } = await served(t)
  const operations = Object.values(document.paths).map(({ get }) => get)
  assert.equal(new Set(operations.map(({ operationId }) => operationId)).size, operations.length)
  const tags = document.tags.map(({ name }) => name)
  for (const { operationId, tags: own, summary, description } of operations) {
    assert.match(operationId, /^[a-z][A-Za-z]+$/)
    assert.ok(own.length === 1 && own.every((tag) => tags.includes(tag)), operationId)
    assert.ok(summary.length > 5 && description.length > 10, operationId)
  }
})

test('every parameter and every kind of answer has an example, which its schema allows', async (t) => {
  const { document } = await served(t, TOKEN)
  const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true })
  ajv.addSchema({ $id: 'doc', ...(withoutFurtherKeys(document) as Schema) })
  const assertAllowed = (place: string, schema: Schema, example: unknown) => {
    assert.notEqual(example, undefined, `${place} has no example`)
    const { $ref } = schema
    const validate = typeof $ref === 'string' ? ajv.getSchema(`doc${$ref}`) : ajv.compile(schema)
    assert.ok(validate?.(example), `${place}: ${JSON.stringify(example)} ${JSON.stringify(validate?.errors)}`)
  }
  for (const [path, { get }] of Object.entries(document.paths)) {
    for (const { name, schema } of get.parameters) {
      const [first, ...others] = (schema.examples ?? []) as unknown[]
      for (const example of [first, ...others]) assertAllowed(`${path} ${name}`, schema, example)
    }
    for (const [status, { content = {} }] of Object.entries(get.responses)) {
      for (const { schema, example } of Object.values(content)) assertAllowed(`${path} ${status}`, schema, example)
    }
  }
})

test('an example of a parameter is a value that the api takes', async (t) => {
  const { top, document } = await served(t)
  for (const [path, { get }] of Object.entries(document.paths)) {
    for (const { name, in: place, schema } of get.parameters) {
      const [example] = schema.examples as unknown[]
      const values = Array.isArray(example) ? example : [example]
      const query = place === 'query' ? values.map((one) => `${name}=${encodeURIComponent(String(one))}`).join('&') : ''
      const others = path === '/api/v1/nodes' && name !== 'path' && name !== 'hash' ? '&path=/mnt' : ''
      const id = place === 'path' ? String(example) : 'media'
      const needed = path === '/api/v1/paths' && name !== 'id' ? '&id=a' : ''
      const headers: Record<string, string> = place === 'header' ? { [name]: String(example) } : {}
      const url = `${top}${path.replace('{id}', id)}?${query}${others}${needed}`
      const { status } = await fetch(url, { method: 'HEAD', headers })
      assert.ok(status === 200 || (status === 404 && place === 'path'), `${url} ${JSON.stringify(headers)}: ${status}`)
    }
  }
})

test('integers are of 64 bits and other numbers doubles, wherever they are', async (t) => {
  const { document } = await served(t, TOKEN)
  let seen = 0
  for (const [place, { type, format }] of objectsIn(document)) {
    if (place.includes('example') || (type !== 'integer' && type !== 'number')) continue
    assert.equal(format, type === 'integer' ? 'int64' : 'double', place.join('.'))
    seen += 1
  }
  assert.ok(seen > 30)
  const { properties } = document.components.schemas.Node as { properties: Record<string, Schema> }
  assert.deepEqual(properties.size, { type: 'integer', minimum: 0, format: 'int64' })
})

test('401 is described where it is answered: nowhere without a token, and not where nobody is asked for it', async (t) => {
  for (const apiToken of [null, TOKEN]) {
    const { top, document } = await served(t, apiToken)
    assert.deepEqual(document.security, apiToken === null ? [] : [{ bearer: [] }])
    assert.equal('securitySchemes' in document.components, apiToken !== null)
    for (const [path, { get }] of Object.entries(document.paths)) {
      const { status } = await fetch(`${top}${path.replace('{id}', 'a')}`, { method: 'HEAD' })
      assert.equal('401' in get.responses, status === 401, `${path} ${apiToken}`)
      assert.deepEqual(get.security, apiToken !== null && status !== 401 ? [] : undefined, path)
    }
  }
})

test('503 is described where a database is needed, and 304 where an answer has a tag', async (t) => {
  const { top, path: database, feed, document } = await served(t)
  const needs = new Map([
    ['/api/v1/nodes', '?path=/mnt'],
    ['/api/v1/paths', '?id=a'],
  ])
  const statusesOf = async (headers: Record<string, string>) => {
    const asked = Object.keys(document.paths).map(async (path) => {
      const url = `${top}${path.replace('{id}', 'a')}${needs.get(path) ?? ''}`
      return [path, (await fetch(url, { method: 'HEAD', headers })).status] as const
    })
    return new Map(await Promise.all(asked))
  }
  const described = (status: string) =>
    Object.entries(document.paths).flatMap(([path, { get }]) => (status in get.responses ? [path] : []))
  const answering = (statuses: ReadonlyMap<string, number>, wanted: number) =>
    [...statuses].flatMap(([path, status]) => (status === wanted ? [path] : []))
  assert.deepEqual(answering(await statusesOf({ 'If-None-Match': '*' }), 304), described('304'))
  feed.close()
  rmSync(database)
  assert.deepEqual(answering(await statusesOf({}), 503), described('503'))
})

test('its server is where it was fetched from, also below a path of a proxy', async (t) => {
  const { document } = await served(t)
  const [server] = document.servers
  for (const top of ['http://nas:8080', 'https://nas.example/feed', 'https://nas.example/a/b']) {
    const resolved = new URL(server?.url ?? '', `${top}/openapi.json`).href
    assert.equal(resolved.replace(/\/$/, ''), top)
  }
})
