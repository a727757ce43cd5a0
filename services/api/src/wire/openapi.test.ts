/** The description against what the app really answers. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { smallFeed } from '../test-support/small-feed.ts'

type Schema = { [key: string]: unknown }
type Parameter = { name: string; in: string; required: boolean; schema: Schema; description: string }
type Response = { content?: Record<string, { schema: Schema }> }
type Operation = { parameters: Parameter[]; responses: Record<string, Response> }
type Document = { openapi: string; paths: Record<string, { get: Operation }>; components: { schemas: Schema } }

async function served(t: TestContext) {
  const small = await smallFeed(t, { nowMs: () => 1_000 })
  small.feed.sqlite.exec(
    "INSERT INTO status (id, state, version, started_ms, heartbeat_ms) VALUES (1, 'watching', '1.2.3', 0, 0)",
  )
  const top = new URL('/', small.url).origin
  const document = (await (await fetch(`${top}/openapi.json`)).json()) as Document
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
  assert.deepEqual([...seen].sort(), Object.keys(document.components.schemas).sort(), 'no schema without an answer')
})

test('every parameter is described, and what the description allows is what is taken', async (t) => {
  const { top, document } = await served(t)
  const ajv = new Ajv2020({ strict: false })
  for (const [path, { get }] of Object.entries(document.paths)) {
    for (const { name, in: place, required, schema, description } of get.parameters) {
      assert.ok(description.length > 5, `${path} ${name}`)
      assert.ok(ajv.validateSchema(schema), `${path} ${name}`)
      if (place === 'path') continue
      const others = path === '/api/v1/nodes' && name !== 'path' && name !== 'hash' ? '&path=/mnt' : ''
      const ask = (value: string) =>
        fetch(`${top}${path.replace('{id}', 'media')}?${name}=${value}${others}`, { method: 'HEAD' })
      const good = goodValue(schema)
      if (name !== 'page') assert.equal((await ask(good)).status, 200, `${path}?${name}=${good}`)
      if (required) assert.equal((await fetch(`${top}${path}`)).status, 400)
    }
  }
  const changes = document.paths['/api/v1/changes']?.get.parameters.map(({ name }) => name)
  assert.deepEqual(changes, ['cursor', 'epoch', 'max_size', 'wait', 'include', 'under', 'type', 'settled'])
  assert.deepEqual(document.paths['/api/v1/changes']?.get.parameters[0]?.schema, {
    ...{ type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER, default: 0 },
  })
})

function goodValue(schema: Schema): string {
  const { type, minimum, enum: values, const: only, pattern } = schema
  if (type === 'integer' || type === 'number') return String(minimum)
  if (type === 'boolean') return '1'
  if (Array.isArray(values)) return String(values[0])
  if (only !== undefined) return String(only)
  if (typeof pattern !== 'string') return 'x'
  return new RegExp(pattern).test(HASH) ? HASH : '/mnt'
}
