/** What comes over a socket and is no request, or more than one can bear. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { smallFeed } from '../test-support/small-feed.ts'

async function opened(t: TestContext, url: string): Promise<Socket> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  t.after(() => socket.destroy())
  socket.on('error', () => {})
  await once(socket, 'connect')
  return socket
}

/** Everything that comes back until the connection ends. */
async function exchange(t: TestContext, url: string, request: string): Promise<string> {
  const socket = await opened(t, url)
  socket.end(request)
  let text = ''
  for await (const chunk of socket.setEncoding('utf8')) text += chunk
  return text
}

const GET = 'GET /api/v1/cursor HTTP/1.1\r\n'

for (const [title, request, status] of [
  ['something else than HTTP', 'hello\r\n\r\n', 400],
  ['a header without a name', `${GET}Host: x\r\n: y\r\n\r\n`, 400],
  ['a request without a Host', `${GET}\r\n`, 400],
  ['headers that are too long', `${GET}Host: x\r\nX: ${'x'.repeat(17_000)}\r\n\r\n`, 431],
  ['an address that is too long', `GET /${'x'.repeat(9_000)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`, 414],
  ['an odd expectation', `${GET}Host: x\r\nConnection: close\r\nExpect: the-unexpected\r\n\r\n`, 417],
] as const) {
  test(`${title} is a problem of status ${status}`, async (t) => {
    const { url } = await smallFeed(t)
    const answer = await exchange(t, url, request)
    assert.match(answer, new RegExp(`^HTTP/1.1 ${status} `))
    assert.match(answer, /\r\nContent-Type: application\/problem\+json/i)
    const problem = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n'))) as { status: number }
    assert.equal(problem.status, status)
  })
}

test('HTTP/1.0 needs no Host, and a pipeline is answered in its order', async (t) => {
  const { url } = await smallFeed(t)
  assert.match(await exchange(t, url, 'GET /api/v1/cursor HTTP/1.0\r\n\r\n'), /^HTTP\/1.1 200 .*\{"cursor":6\}$/s)
  const end = 'GET /api/v1/nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n'
  const answers = await exchange(t, url, `${GET}Host: x\r\n\r\n${end}`)
  assert.match(answers, /\{"cursor":6\}HTTP\/1.1 404 /)
})

test('nonsense behind a request that is being answered cuts the connection and adds nothing to the answer', async (t) => {
  const { url } = await smallFeed(t)
  const answer = await exchange(
    t,
    url,
    `GET /api/v1/changes?cursor=6&wait=20 HTTP/1.1\r\nHost: x\r\n\r\nnonsense\r\n\r\n`,
  )
  assert.equal(answer, '')
})

test('there are so many connections and no more', async (t) => {
  const { url } = await smallFeed(t, { maxConnections: 2 })
  const first = await opened(t, url)
  await opened(t, url)
  assert.equal(await exchange(t, url, `${GET}Host: x\r\n\r\n`), '')
  first.destroy()
  let answer = ''
  // The server hears of the end a moment later.
  for (let tries = 0; tries < 100 && answer === ''; tries += 1) {
    answer = await exchange(t, url, `${GET}Host: x\r\nConnection: close\r\n\r\n`)
  }
  assert.match(answer, /^HTTP\/1.1 200 /)
})
