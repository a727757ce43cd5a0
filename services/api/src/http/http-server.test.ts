/** Shows how the server refuses what is no request, bounds what is one, and stops. Raw bytes over real sockets. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { smallFeed } from '../../../../test/support/small-feed.ts'
import { until } from '../../../../test/support/until.ts'

async function opened(t: TestContext, url: string, options: { allowHalfOpen?: boolean } = {}): Promise<Socket> {
  const { hostname, port } = new URL(url)
  const socket = connect({ port: Number(port), host: hostname, ...options })
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

/** What comes back to a request that is sent in pieces, each read by the server before the next is sent. */
async function exchangeInPieces(socket: Socket, request: string, bytes: number): Promise<string> {
  let text = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  socket.setNoDelay(true)
  for (let at = 0; at < request.length && text === ''; at += bytes) {
    socket.write(request.slice(at, at + bytes), 'latin1')
    await sleep(20)
  }
  await until('the end', () => socket.closed)
  return text
}

const ORIGIN = 'https://photos.example'

for (const [title, { request, status, bytes }] of Object.entries({
  'an address of 40,000 characters': {
    request: `GET /api/v1/changes?x=${'x'.repeat(40_000)} HTTP/1.1\r\nHost: x\r\nOrigin: ${ORIGIN}\r\n\r\n`,
    status: 414,
    bytes: 14_480,
  },
  'an address of 33,000 characters, in small pieces': {
    request: `GET /api/v1/changes?x=${'x'.repeat(33_000)} HTTP/1.1\r\nHost: x\r\nOrigin: ${ORIGIN}\r\n\r\n`,
    status: 414,
    bytes: 4_096,
  },
  'an address of 100,000 characters': {
    request: `GET /api/v1/changes?x=${'x'.repeat(100_000)} HTTP/1.1\r\nHost: x\r\nOrigin: ${ORIGIN}\r\n\r\n`,
    status: 414,
    bytes: 14_480,
  },
  'an origin after 60,000 bytes of headers': {
    request: `${GET}Host: x\r\nX: ${'x'.repeat(60_000)}\r\nOrigin: ${ORIGIN}\r\n\r\n`,
    status: 431,
    bytes: 14_480,
  },
  'an origin and 40,000 bytes of headers after it': {
    request: `${GET}Host: x\r\nOrigin: ${ORIGIN}\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`,
    status: 431,
    bytes: 14_480,
  },
  'an origin that two pieces share': {
    request: `${GET}Host: x\r\nY: ${'y'.repeat(14_400)}\r\nOrigin: ${ORIGIN}\r\nX: ${'x'.repeat(40_000)}\r\n\r\n`,
    status: 431,
    bytes: 14_480,
  },
  'an origin, and nonsense in a later piece': {
    request: `${GET}Host: x\r\nOrigin: ${ORIGIN}\r\n: nonsense\r\n\r\n`,
    status: 400,
    bytes: 70,
  },
})) {
  test(`in pieces: ${title} is a problem of status ${status} that the page may read`, async (t) => {
    const { url } = await smallFeed(t, { access: { corsOrigins: ['https://other.example', ORIGIN] } })
    for (const earlier of ['', `${GET}Host: x\r\nOrigin: https://other.example\r\n\r\n`]) {
      const socket = await opened(t, url)
      if (earlier !== '') {
        socket.write(earlier)
        await once(socket, 'data')
      }
      const answer = await exchangeInPieces(socket, request, bytes)
      assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `))
      assert.match(answer, /^Access-Control-Allow-Origin: https:\/\/photos\.example\r$/im)
      assert.match(answer, /^Vary: Origin\r$/im)
    }
  })
}

test('a request that is too long, and says no more, is refused all the same', async (t) => {
  const { url } = await smallFeed(t, { access: { corsOrigins: [ORIGIN] } })
  const socket = await opened(t, url)
  const answer = await exchangeInPieces(socket, `GET /${'x'.repeat(40_000)}`, 14_480)
  assert.match(answer, /^HTTP\/1\.1 414 /)
  assert.match(answer, /^Vary: Origin\r$/im)
})

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

test('more than one Host, and a Host that is none, are 400; the one of an address with a port is not', async (t) => {
  const { url } = await smallFeed(t)
  const under = (...hosts: string[]) =>
    exchange(t, url, `${GET}${hosts.map((host) => `Host: ${host}\r\n`).join('')}Connection: close\r\n\r\n`)
  for (const hosts of [
    ['x', 'x'],
    ['x', 'y'],
    ['', 'x'],
    ['x', 'X', 'x'],
    ['a b'],
    ['a, b'],
    ['a/b'],
    ['a@b'],
    ['a:b'],
  ]) {
    const answer = await under(...hosts)
    assert.match(answer, /^HTTP\/1\.1 400 /, `${hosts}`)
    assert.match(answer, /Content-Type: application\/problem\+json/)
  }
  for (const host of ['nas', 'nas.example:8080', '192.168.1.2', '[::1]:8080', 'my_nas', '']) {
    assert.match(await under(host), /^HTTP\/1\.1 200 /, host)
  }
  const old = await exchange(t, url, 'GET /api/v1/cursor HTTP/1.0\r\nHost: x\r\nHost: y\r\n\r\n')
  assert.match(old, /^HTTP\/1\.1 400 /)
})

test('a client that was refused and does not go is closed', async (t) => {
  const { url } = await smallFeed(t)
  const socket = await opened(t, url, { allowHalfOpen: true })
  socket.write('hello\r\n\r\n')
  socket.resume()
  await once(socket, 'end')
  // It has sent no end of its own; writing shows that the other side is not there any more.
  const writing = setInterval(() => socket.write('x'), 50)
  t.after(() => clearInterval(writing))
  await until('it to be closed', () => socket.closed)
})

const dropped = async (url: string) => {
  const text = await (await fetch(new URL('/metrics', url))).text()
  return Number(/^drive_feed_connections_dropped_total (\d+)$/m.exec(text)?.[1])
}

test('there are so many connections and no more; beyond, health is answered and everything else turned away', async (t) => {
  const { url, log } = await smallFeed(t, { maxConnections: 2, access: { corsOrigins: ['*'] } })
  const first = await opened(t, url)
  const second = await opened(t, url)
  const ask = (path: string) => exchange(t, url, `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`)
  for (let times = 0; times < 20; times += 1) {
    const health = await ask(times % 2 === 0 ? '/healthz' : '/healthz/')
    assert.match(health, /^HTTP\/1\.1 200 .*\r\nConnection: close\r\n.*\{"ok":true\}$/s)
  }
  assert.match(await ask('/readyz'), /^HTTP\/1\.1 503 .*not started yet/s)
  assert.deepEqual(warnings(log), [], 'they are what the room is for')
  const refused = await ask('/api/v1/cursor')
  assert.match(refused, /^HTTP\/1\.1 503 .*Too many connections/s)
  assert.match(refused, /\r\nRetry-After: 2\r\n.*\r\nConnection: close\r\n/s)
  assert.match(refused, /\r\nAccess-Control-Allow-Origin: \*\r\n/)
  assert.match(await ask('/api/v1/events'), /^HTTP\/1\.1 200 .*\r\nContent-Type: text\/event-stream.*\nretry: \d+\n/s)
  const both = await exchange(t, url, `${GET}Host: x\r\n\r\n${GET}Host: x\r\n\r\n`)
  assert.equal(both.match(/HTTP\/1\.1/g)?.length, 1)
  first.destroy()
  second.destroy()
  let answer = ''
  // The server hears of the end a moment later.
  for (let tries = 0; tries < 100 && !answer.startsWith('HTTP/1.1 200'); tries += 1)
    answer = await ask('/api/v1/cursor')
  assert.match(answer, /^HTTP\/1\.1 200 .*\r\nConnection: keep-alive\r\n/s)
  assert.ok((await dropped(url)) >= 3)
  const [warning, ...others] = warnings(log)
  assert.match(warning ?? '', /max_connections are open/)
  assert.deepEqual(others, [])
})

test('who only holds connections beyond the limit keeps no health check out, and goes', async (t) => {
  const { url, log } = await smallFeed(t, { maxConnections: 1 })
  const held = await opened(t, url)
  const silent: Socket[] = []
  for (let count = 0; count < 50; count += 1) silent.push(await opened(t, url))
  for (const socket of silent) socket.resume()
  const closed = () => silent.filter((socket) => socket.closed).length
  assert.match(await exchange(t, url, 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n'), /^HTTP\/1\.1 200 /)
  await until('most to be closed', () => closed() >= 40)
  await until('all to be closed', () => closed() === 50)
  held.destroy()
  let count = Number.NaN
  for (let tries = 0; tries < 100 && Number.isNaN(count); tries += 1) count = await dropped(url).catch(() => Number.NaN)
  assert.ok(count >= 50, `${count} dropped`)
  assert.equal(warnings(log).length, 1)
})

function warnings(log: readonly { level: number; msg: string }[]): string[] {
  return log.filter(({ level }) => level === 40).map(({ msg }) => msg)
}
