/**
 * Sends random query strings and headers to the app over real sockets. Every request gets an answer, none is a 5xx, and
 * every refusal is a problem.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http'
import { connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import fc from 'fast-check'
import { smallFeed } from '../../../test/support/small-feed.ts'

const REQUESTS = 20_000
const RAW_REQUESTS = 2_000
const TOGETHER = 50
/** Far more than any of these takes, on a machine however busy. */
const HANG_MS = 30_000
const HASH = '0123456789abcdef0123456789abcdef'

type Asked = { method: string; path: string; query: ([string] | [string, string])[]; headers: OutgoingHttpHeaders }

const routes = fc.constantFrom(
  ...['/api/v1/cursor', '/api/v1/changes', '/api/v1/events', '/api/v1/root', '/api/v1/nodes', '/api/v1/nodes/a'],
  ...[
    '/api/v1/nodes/a/path',
    '/api/v1/nodes/media/children',
    '/api/v1/nodes/photos',
    '/api/v1/paths',
    '/api/v1/status',
  ],
  ...['/healthz', '/readyz', '/metrics', '/openapi.json'],
)
/** What is in a URL as it is: escapes, good and bad ones, and anything that a request line can hold. */
const urlText = fc.oneof(
  fc.string({ maxLength: 30, unit: 'binary' }).map(encodeURIComponent),
  fc.string({ maxLength: 12, unit: fc.constantFrom(...'%%%aF01/.;:@&=+$,?~[]\\^`{|}\'"<>') }),
  fc.constantFrom(
    '%',
    '%zz',
    '%00',
    '%ff',
    '..',
    '../..',
    '__proto__',
    'constructor',
    '%F0%9F%98%80',
    'é',
    'x'.repeat(9_000),
  ),
)
const path = fc.oneof(
  { weight: 8, arbitrary: routes },
  { weight: 1, arbitrary: urlText.map((id) => `/api/v1/nodes/${id}`) },
  { weight: 1, arbitrary: urlText.map((id) => `/api/v1/nodes/${id}/path`) },
  { weight: 1, arbitrary: urlText.map((id) => `/api/v1/nodes/${id}/children`) },
  { weight: 1, arbitrary: fc.tuple(routes, urlText).map((parts) => parts.join('')) },
  { weight: 1, arbitrary: urlText.map((text) => `/${text}`) },
)
const numbers = fc.oneof(
  fc.integer().map(String),
  fc.integer({ min: -2, max: 400 }).map(String),
  fc.double().map(String),
  fc.constantFrom('9007199254740991', '9007199254740992', '-0', '+1', '1e3', '0x1', ' 1', '', 'NaN', '1,2', '٣'),
)
/** A parameter as often as a list of ids may be long, or longer; and more of them than any request has. */
const repeated = fc
  .tuple(
    fc.constantFrom('id', 'cursor', 'under', 'max_size', 'x', 'limit', '', '__proto__', 'a[]', 'a%0d%0ab'),
    fc.integer({ min: 2, max: 120 }),
    fc.constantFrom('', '=', '=a', '=1', '==', '=%'),
  )
  .map(([name, count, value]) => Array.from({ length: count }, () => [`${name}${value}`] as [string]))
/** Never so long that a test would wait for it. */
const waits = fc.constantFrom('0', '0.001', '0.02', '-1', '1e1', '', 'x', '-99999999999')
const ids = fc.constantFrom('a', 'media', 'photos', 'c', '00000000-0000-0000-0000-000000000000', "' OR 1=1 --", '')
const tokens = fc.oneof(
  urlText,
  fc.tuple(fc.string(), fc.integer()).map((value) => Buffer.from(JSON.stringify(value)).toString('base64url')),
  fc.json().map((value) => Buffer.from(value).toString('base64url')),
)
const VALUES: Record<string, fc.Arbitrary<string>> = {
  ...{ cursor: numbers, max_size: numbers, wait: waits, page: tokens, under: ids, id: ids, epoch: ids },
  include: fc.constantFrom('path', 'paths', ''),
  type: fc.constantFrom('file', 'directory', 'folder'),
  settled: fc.constantFrom('1', '0', 'yes'),
  path: fc.constantFrom('/mnt/media', '/mnt/media/photos/', '/', '//', 'x', '/mnt/media/%00', '/'.repeat(2_000)),
  hash: fc.constantFrom(HASH, HASH.toUpperCase(), 'x'),
}
const parameter = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .constantFrom(...Object.keys(VALUES))
      .chain((name) => fc.tuple(fc.constant(name), VALUES[name] as fc.Arbitrary<string>)),
  },
  // Text in place of a value that means something; but not of `wait`, where it might be a number.
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom(...Object.keys(VALUES).filter((name) => name !== 'wait')), urlText),
  },
  { weight: 1, arbitrary: fc.tuple(urlText, urlText) },
)
const headerText = fc.string({
  maxLength: 40,
  unit: fc.integer({ min: 32, max: 255 }).map((n) => String.fromCharCode(n === 127 ? 0xa0 : n)),
})
const headers = fc.dictionary(
  fc.constantFrom(
    ...['accept', 'accept-encoding', 'if-none-match', 'last-event-id', 'origin', 'authorization', 'x-request-id'],
    ...[
      'x-forwarded-for',
      'x-forwarded-host',
      'range',
      'cookie',
      'cache-control',
      'content-type',
      'expect',
      'te',
      'x-odd',
    ],
    ...['access-control-request-method', 'if-modified-since', 'user-agent', 'host', 'x-long'],
  ),
  fc.oneof(
    headerText,
    numbers.filter(isHeader),
    fc.constantFrom('x'.repeat(9_000), 'x'.repeat(17_000), 'x'.repeat(40_000)),
    fc.constantFrom('[::1]:80', 'a, b', 'nas:99999', 'http://nas/', 'text/event-stream', 'null', 'https://a.example'),
    fc.constantFrom('*', 'gzip', 'gzip;q=0', '*;q=0', 'identity;q=0, *;q=0', '"x", *', 'GET'),
  ),
  { maxKeys: 5 },
)
const asked: fc.Arbitrary<Asked> = fc.record({
  method: fc.oneof(
    { weight: 9, arbitrary: fc.constant('GET') },
    fc.constantFrom('HEAD', 'POST', 'OPTIONS', 'DELETE', 'PROPFIND'),
  ),
  path,
  query: fc.oneof(
    { weight: 20, arbitrary: fc.array(parameter, { maxLength: 5 }) },
    { weight: 1, arbitrary: fc.tuple(repeated, fc.array(parameter, { maxLength: 3 })).map((parts) => parts.flat()) },
    // Nothing between ampersands.
    { weight: 1, arbitrary: parameter.map((one) => [['&'.repeat(1_500)] as [string], one]) },
  ),
  headers,
})

/** The client refuses to send anything else. */
function isHeader(text: string): boolean {
  return /^[\x20-\xff]*$/.test(text)
}

async function served(t: TestContext) {
  const access = { corsOrigins: ['*'] }
  const small = await smallFeed(t, { seats: 10_000, maxConnections: 10_000, nowMs: () => 0, access })
  small.feed.sqlite.exec(
    "INSERT INTO status (id, state, version, started_ms, heartbeat_ms) VALUES (1, 'watching', '1.2.3', 0, 0)",
  )
  for (let n = 0; n < 300; n += 1)
    small.feed.put({ id: `f${n}`, parentId: 'photos', hash: HASH, isPending: n % 3 === 0 })
  return small
}

/** Checks one answer. What was asked is in the message of whatever is wrong with it. */
async function check(origin: string, agent: Agent, one: Asked): Promise<number> {
  const query = one.query.map((pair) => pair.join('=')).join('&')
  const target = `${one.path}?${query}`.replace(/[^!-\xff]/g, '_')
  const shown = `${one.method} ${target.slice(0, 300)} ${JSON.stringify(one.headers)}`
  const signal = AbortSignal.timeout(HANG_MS)
  const req = request(origin, { method: one.method, path: target, headers: one.headers, agent, signal })
  req.end()
  const [response] = (await once(req, 'response')) as [IncomingMessage]
  const status = response.statusCode as number
  const type = response.headers['content-type'] ?? ''
  assert.ok(status < 500, `${shown} → ${status}`)
  if (one.query.filter((pair) => pair.join('=') !== '' && !pair[0].startsWith('&')).length > 100) {
    assert.ok(status >= 400, `${shown} → ${status}`)
  }
  assert.match(String(response.headers['feed-ignored'] ?? ''), /^[\w%.~!*'(), -]{0,4000}$/, shown)
  // What any page may see, it may see of a refusal too.
  assert.equal(response.headers['access-control-allow-origin'], '*', shown)
  assert.match(String(response.headers.vary), /\bOrigin\b/, shown)
  if (type.startsWith('text/event-stream') && one.method === 'GET') {
    await once(response, 'data')
    response.destroy()
    return status
  }
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  const sent = Buffer.concat(chunks)
  if (status >= 400) assert.match(type, /^application\/problem\+json/, `${shown} → ${status}`)
  if (sent.length > 0 && type.includes('json')) {
    const text = response.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent
    const json = JSON.parse(text.toString()) as { status?: number }
    if (status >= 400) assert.equal(json.status, status, shown)
  }
  return status
}

test(`${REQUESTS} random requests: each is answered, none with a 5xx, and refusals are problems`, async (t) => {
  const { url, feed } = await served(t)
  const agent = new Agent({ keepAlive: true, maxSockets: TOGETHER })
  t.after(() => agent.destroy())
  const { origin } = new URL(url)
  const statuses = new Map<number, number>()
  let written = 0
  const property = fc.asyncProperty(asked, async (one) => {
    const status = await check(origin, agent, one)
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
    written += 1
    if (written % TOGETHER > 0) return
    feed.put({ id: `w${written % 70}`, parentId: 'photos' })
    if (written % 3 === 0) feed.remove(`w${written % 70}`)
  })
  const numRuns = REQUESTS / TOGETHER
  await Promise.all(Array.from({ length: TOGETHER }, () => fc.assert(property, { numRuns })))
  assert.ok([...statuses.values()].reduce((sum, count) => sum + count, 0) >= REQUESTS)
  // The strings are odd, but not so odd that nothing behind the checks is met.
  for (const status of [200, 204, 304, 400, 404, 405, 410, 414, 417, 431]) {
    assert.ok((statuses.get(status) ?? 0) > 0, `no answer has status ${status}: ${[...statuses]}`)
  }
})

const line = fc.oneof(
  fc.constantFrom(
    'GET /api/v1/cursor HTTP/1.1',
    'GET / HTTP/1.0',
    'GET /api/v1/changes?cursor=\0 HTTP/1.1',
    'PRI * HTTP/2.0',
  ),
  fc.constantFrom(
    'Host: x',
    'Host: x',
    'Host: y',
    'Host:',
    'Host: a b',
    'Host: [::1]:8080',
    'host : x',
    ' Host: x',
    'Content-Length: 5',
    'Content-Length: -1',
    'Transfer-Encoding: chunked',
    ': x',
    'X',
  ),
  fc.constantFrom('Connection: close', 'Upgrade: websocket', 'Expect: 100-continue', 'CONNECT x:1 HTTP/1.1', '5', ''),
  fc.string({ maxLength: 60, unit: 'binary' }),
  fc.constant(`X: ${'x'.repeat(20_000)}`),
)

test(`${RAW_REQUESTS} connections with lines that may be no HTTP at all: none hangs, and what comes back is no 5xx`, async (t) => {
  const { url } = await served(t)
  const { hostname, port } = new URL(url)
  const property = fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 6 }), async (lines) => {
    const socket = connect(Number(port), hostname)
    socket.on('error', () => {})
    socket.setTimeout(HANG_MS, () => socket.destroy(new Error('it hangs')))
    socket.end(`${lines.join('\r\n')}\r\n\r\n`)
    let text = ''
    socket.setEncoding('latin1').on('data', (chunk) => {
      text += chunk
    })
    await once(socket, 'close')
    assert.equal(socket.timeout !== undefined && socket.errored?.message === 'it hangs', false)
    for (const [, status = ''] of text.matchAll(/^HTTP\/1\.1 (\d+)/gm)) assert.ok(Number(status) < 500, text)
    const hosts = lines.slice(1).filter((one) => /^Host:/.test(one)).length
    const isWhole =
      lines[0] === 'GET /api/v1/cursor HTTP/1.1' && lines.slice(1).every((one) => /^Host: ?\S*$/.test(one))
    if (isWhole) assert.match(text, hosts === 1 ? /^HTTP\/1\.1 200 / : /^HTTP\/1\.1 400 /, lines.join('|'))
    if (/^HTTP\/1\.1 4/.test(text)) assert.match(text, /content-type: application\/problem\+json/i)
  })
  await fc.assert(property, { numRuns: RAW_REQUESTS })
})
