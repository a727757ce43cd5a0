/** Shows who may use the api: by host name, by origin, and by token. Requests go to the app over a real socket. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { get, type IncomingMessage } from 'node:http'
import { test } from 'node:test'
import { assertProblem } from '../../../../test/support/assert-problem.ts'
import { smallFeed } from '../../../../test/support/small-feed.ts'

const TOKEN = 'a token of nobody=='.replaceAll(' ', '-')

/** The status of a request that names another host than it is sent to. */
async function statusUnder(url: string, host: string): Promise<number | undefined> {
  const [response] = (await once(get(`${url}/cursor`, { headers: { host } }), 'response')) as [IncomingMessage]
  response.resume()
  return response.statusCode
}

test('without allowed_hosts any name will do; with them those, addresses and localhost', async (t) => {
  const open = await smallFeed(t)
  assert.equal(await statusUnder(open.url, 'evil.example'), 200)
  const { url } = await smallFeed(t, { access: { allowedHosts: ['nas.example'] } })
  for (const [host, status] of [
    ['nas.example', 200],
    ['NAS.example:8080', 200],
    ['localhost:1', 200],
    ['192.168.1.2:8080', 200],
    ['[::1]:8080', 200],
    ['evil.example', 421],
    ['nas.example.evil', 421],
    ['nas.example@evil', 421],
    ['127.0.0.1.evil', 421],
  ] as const) {
    assert.equal(await statusUnder(url, host), status, host)
  }
})

test('without a token in the config nobody is asked for one; with it everybody is, but for health', async (t) => {
  const { url } = await smallFeed(t, { access: { apiToken: TOKEN } })
  const top = new URL('/', url).href
  const ask = (address: string, authorization?: string) =>
    fetch(address, { headers: authorization === undefined ? {} : { authorization } })
  for (const path of ['/cursor', '/changes', '/events', '/nodes/a', '/status', '/nothing']) {
    const response = await ask(url + path)
    assert.equal(response.headers.get('www-authenticate'), 'Bearer')
    await assertProblem(response, 401)
  }
  for (const wrong of [`Bearer ${TOKEN}x`, `Bearer ${TOKEN.slice(1)}`, `Basic ${TOKEN}`, TOKEN, 'Bearer', 'Bearer  ']) {
    await assertProblem(await ask(`${url}/cursor`, wrong), 401)
  }
  const invalid = await ask(`${url}/cursor`, 'Bearer x')
  assert.equal(invalid.headers.get('www-authenticate'), 'Bearer error="invalid_token"')
  assert.equal((await ask(`${url}/cursor`, `Bearer ${TOKEN}`)).status, 200)
  assert.equal((await ask(`${url}/cursor`, `bearer  ${TOKEN} `)).status, 200)
  assert.equal((await ask(`${top}healthz`)).status, 200)
  assert.equal((await ask(`${top}readyz`)).status, 503)
  assert.equal((await ask(`${top}healthz/`)).status, 200)
  assert.equal((await ask(`${top}readyz/?x=1`)).status, 503)
  assert.equal((await ask(`${top}metrics`)).status, 401)
  assert.equal((await ask(`${top}openapi.json`)).status, 401)
  assert.equal((await ask(`${top}healthz/../api/v1/cursor`)).status, 401)
})

test('the log has a line for each request, with the id of its answer and without the token', async (t) => {
  const { url, log } = await smallFeed(t, { access: { apiToken: TOKEN }, level: 'debug' })
  const authorization = `Bearer ${TOKEN}`
  const named = await fetch(`${url}/cursor`, { headers: { authorization, 'X-Request-Id': 'client-1.7' } })
  assert.equal(named.headers.get('x-request-id'), 'client-1.7')
  const odd = await fetch(`${url}/root`, { headers: { authorization, 'X-Request-Id': 'no such id' } })
  const id = odd.headers.get('x-request-id') ?? ''
  assert.match(id, /^[\da-f-]{36}$/)
  const requests = log.flatMap(({ req }) => (req === undefined ? [] : [[req.id, req.url]]))
  assert.deepEqual(requests, [
    ['client-1.7', '/api/v1/cursor'],
    [id, '/api/v1/root'],
  ])
  assert.doesNotMatch(JSON.stringify(log), /nobody/)
})

test('pages of other origins may ask only where the config says so', async (t) => {
  const origin = 'https://photos.example'
  const closed = await smallFeed(t)
  const plain = await fetch(`${closed.url}/cursor`, { headers: { origin } })
  assert.deepEqual(
    [plain.headers.get('access-control-allow-origin'), plain.headers.get('vary')],
    [null, 'Accept-Encoding'],
  )
  await assertProblem(await fetch(`${closed.url}/cursor`, { method: 'OPTIONS', headers: { origin } }), 405)

  const { url } = await smallFeed(t, { access: { corsOrigins: [origin], apiToken: TOKEN } })
  const from = (origin: string, init: RequestInit = {}) =>
    fetch(`${url}/cursor`, { ...init, headers: { origin, authorization: `Bearer ${TOKEN}`, ...init.headers } })
  const answer = await from(origin)
  assert.equal(answer.headers.get('access-control-allow-origin'), origin)
  assert.match(answer.headers.get('access-control-expose-headers') ?? '', /Feed-Epoch/)
  assert.match(answer.headers.get('vary') ?? '', /Origin/)
  const other = await from('https://evil.example')
  assert.deepEqual([other.status, other.headers.get('access-control-allow-origin')], [200, null])

  const headers = { 'Access-Control-Request-Method': 'GET', authorization: '' }
  const preflight = await from(origin, { method: 'OPTIONS', headers })
  assert.equal(preflight.status, 204, 'a browser asks this without the token')
  assert.match(preflight.headers.get('access-control-allow-headers') ?? '', /Authorization.*Last-Event-ID/)
  assert.equal((await from('https://evil.example', { method: 'OPTIONS', headers })).status, 401)

  const open = await smallFeed(t, { access: { corsOrigins: ['*'] } })
  const any = await fetch(`${open.url}/cursor`, { headers: { origin } })
  assert.equal(any.headers.get('access-control-allow-origin'), '*')
})

test('a page is told why it was refused, whatever refused it', async (t) => {
  const origin = 'https://photos.example'
  const { url, path } = await smallFeed(t, {
    access: { corsOrigins: ['https://other.example', origin], allowedHosts: ['nas.example'], apiToken: TOKEN },
  })
  const authorization = `Bearer ${TOKEN}`
  const long = 'x'.repeat(17_000)
  const huge = 'x'.repeat(40_000)
  const refusals: readonly (readonly [status: number, what: string, headers: Record<string, string>])[] = [
    [400, 'changes?cursor=x', { authorization }],
    [400, `changes?${'a&'.repeat(101)}`, { authorization }],
    [400, 'nodes/%', { authorization }],
    [401, 'cursor', {}],
    [404, 'nothing', { authorization }],
    [410, 'changes?cursor=1&epoch=another', { authorization }],
    [414, `changes?x=${'x'.repeat(9_000)}`, { authorization }],
    [414, `changes?x=${huge}`, { authorization }],
    [417, 'cursor', { authorization, expect: 'wonders' }],
    [421, 'cursor', { authorization, host: 'evil.example' }],
    [431, 'cursor', { authorization, 'x-long': long }],
    [431, 'cursor', { authorization, 'x-long': huge }],
  ]
  const check = async (status: number, what: string, headers: Record<string, string>) => {
    const from = (one: string) => answerTo(`${url}/${what}`, { ...headers, origin: one })
    const shown = `${status} ${what.slice(0, 20)}`
    const own = await from(origin)
    assert.deepEqual([own.statusCode, own.headers['access-control-allow-origin']], [status, origin], shown)
    assert.match(own.headers.vary ?? '', /\bOrigin\b/, shown)
    assert.match(own.headers['access-control-expose-headers'] ?? '', /Feed-Ignored.*Retry-After/, shown)
    const strange = await from('https://evil.example')
    assert.deepEqual([strange.statusCode, strange.headers['access-control-allow-origin']], [status, undefined], shown)
    assert.match(strange.headers.vary ?? '', /\bOrigin\b/, shown)
  }
  for (const refusal of refusals) await check(...refusal)
  rmSync(path)
  await check(503, 'cursor', { authorization })
})

test('with leave for all a page is told even where its origin is not known', async (t) => {
  const { url } = await smallFeed(t, { access: { corsOrigins: ['*'] } })
  for (const headers of [{}, { 'x-long': 'x'.repeat(17_000) }, { 'x-long': 'x'.repeat(40_000) }]) {
    const answer = await answerTo(`${url}/cursor`, headers)
    assert.deepEqual(
      [answer.headers['access-control-allow-origin'], answer.headers.vary?.includes('Origin')],
      ['*', true],
    )
  }
})

async function answerTo(url: string, headers: Record<string, string>): Promise<IncomingMessage> {
  const [response] = (await once(get(url, { headers, agent: false }), 'response')) as [IncomingMessage]
  response.resume()
  return response
}
