/**
 * Shows that the api works behind the proxies of owners: the parts of configuration in docs/operating.md run in a real
 * nginx and a real Caddy, in front of both services.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { createGunzip } from 'node:zlib'
import type { ChangesPage } from '../../client/src/wire.ts'
import { createPair, type Pair } from '../support/pair.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'
import { type Answered, type Asked, ask, askJson, open, type Place } from './ask-proxy.ts'
import {
  type OwnersProxy,
  PLAIN_NGINX,
  type RunningProxy,
  readDocumentedProxies,
  startOwnersProxy,
} from './documented-proxies.ts'
import { LONG_BYTES, startLongUpstream } from './long-upstream.ts'
import { startShippedProxy, withoutProxy } from './run-proxy.ts'

const TOKEN = 'a-token-of-the-owner'
const MAX_WAITING = 2
/** The longest that the api lets a request wait. */
const WAIT_MAX_SECONDS = 55
/** What a proxy or a router may take for something else. */
const NAMES = ['a b.txt', 'what?.txt', '100%2F.txt', 'a+b&c=d#e.txt', 'naïve ☃.txt', "it's;{x}.txt", '%', 'end ']
const PACKED = { 'accept-encoding': 'gzip' }
/** Headers of one connection or moment, and `server`, which the proxy is. */
const NOT_COMPARED = new Set(
  'date connection keep-alive transfer-encoding content-length x-request-id server x-accel-buffering via'.split(' '),
)

/** A proxy of an owner, in front of the api or of the proxy that the containers have before it. */
type Setting = { readonly proxy: OwnersProxy; readonly isBeforeShipped: boolean }

type Behind = {
  readonly place: RunningProxy & Place
  /** The api itself. */
  readonly direct: Place
  readonly pair: Pair
  readonly isBeforeShipped: boolean
}

const documented = readDocumentedProxies()

test('the document has a part for each program, with a host name and below a path', () => {
  assert.deepEqual(
    documented.map(({ name }) => name),
    ['nginx with a host name', 'nginx below a path', 'caddy with a host name', 'caddy below a path'],
  )
})

test('behind the proxies of owners', async (t) => {
  const all: readonly Setting[] = [
    ...[...documented, PLAIN_NGINX].map((proxy) => ({ proxy, isBeforeShipped: false })),
    { proxy: { ...PLAIN_NGINX, name: 'nginx as it comes, before the proxy of the containers' }, isBeforeShipped: true },
  ]
  const allowed_hosts = all.map(({ proxy }) => proxy.host)
  const pair = await createPair(t, { config: { allowed_hosts, api_token: TOKEN, max_waiting: MAX_WAITING } })
  for (const name of NAMES) writeFileSync(pair.path(name), name)
  for (let n = 0; n < 40; n += 1) writeFileSync(pair.path(`${n}.dat`), String(n))
  await pair.startIndexer()
  const api = await pair.startApi()
  const port = Number(new URL(pair.url).port)
  const direct = { port, host: 'localhost', below: '', token: TOKEN }
  const running: Behind[] = []
  for (const { proxy, isBeforeShipped } of all) {
    const skip = withoutProxy(proxy.program) || (isBeforeShipped && withoutProxy('caddy'))
    await t.test(proxy.name, { skip }, async (one) => {
      const upstream = isBeforeShipped ? await startShippedProxy(t, pair.folder, port) : port
      const started = await startOwnersProxy(t, pair.folder, proxy, upstream)
      const behind = { place: { ...started, token: TOKEN }, direct, pair, isBeforeShipped }
      running.push(behind)
      for (const [what, show] of Object.entries(SHOWN)) await one.test(what, () => show(behind))
    })
  }
  await t.test('all of them work again by themselves after the api was away', async () => {
    const streams = await Promise.all(running.slice(0, MAX_WAITING).map(({ place }) => open(place, '/api/v1/events')))
    const ended = streams.map((stream) => once(stream.on('error', () => {}).resume(), 'close'))
    assert.equal((await api.end('SIGTERM')).code, 0)
    await Promise.all(ended)
    const waiting = running.filter(({ place }) => place.program === 'caddy').map(({ place }) => ask(place, '/healthz'))
    for (const { place } of running.filter((one) => one.place.program === 'nginx' && !one.isBeforeShipped)) {
      assert.equal((await ask(place, '/healthz')).status, 502, place.name)
    }
    await pair.startApi()
    for (const answer of waiting) assert.equal((await answer).status, 200)
    // More than one request: a proxy may remember that the api was away.
    for (let n = 0; n < 5; n += 1) {
      for (const { place } of running) assert.equal((await ask(place, '/api/v1/cursor')).status, 200, place.name)
    }
  })
})

const SHOWN: Readonly<Record<string, (behind: Behind) => Promise<void>>> = {
  'a change comes on an open stream, and a client that goes away frees its seat': async ({ place, direct, pair }) => {
    for (const headers of [{}, PACKED]) {
      const stream = await open(place, '/api/v1/events?cursor=0', { headers })
      assert.match(String(stream.headers['content-type']), /^text\/event-stream/)
      const isPacked = stream.headers['content-encoding'] === 'gzip'
      const name = `${place.port}-${Object.keys(headers).length}.txt`
      let text = ''
      ;(isPacked ? stream.pipe(createGunzip()) : stream).on('data', (piece) => {
        text += String(piece)
      })
      await until('what was there', () => text.includes('"media"'))
      writeFileSync(pair.path(name), '')
      await until('the change', () => text.includes(name))
      assert.equal(await seatsTaken(direct), 1)
      stream.on('error', () => {}).destroy()
      await until('the seat to be free', async () => (await seatsTaken(direct)) === 0)
    }
  },

  'a request that waits is answered by the api': async ({ place, direct, pair }) => {
    await settled(direct)
    const changes = `/api/v1/changes?cursor=${await head(direct)}`
    // Longer than nginx waits that is told nothing else.
    const none = await ask(place, `${changes}&wait=0.5`)
    assert.deepEqual([none.status, (JSON.parse(none.text) as ChangesPage).changes], [200, []])
    const poll = ask(place, `${changes}&wait=30`)
    await until('the request to wait', async () => (await seatsTaken(direct)) === 1)
    writeFileSync(pair.path(`${place.port}.txt`), '')
    assert.match((await poll).text, new RegExp(`"${place.port}.txt"`))
  },

  'answers pass as they are, gzipped or not, with tags and epochs': async (behind) => {
    await settled(behind.direct)
    for (const path of ['/api/v1/changes?cursor=0', '/api/v1/root', '/openapi.json', '/healthz', '/readyz']) {
      const plain = await same(behind, path)
      const packed = await same(behind, path, { headers: PACKED })
      await same(behind, path, { method: 'HEAD' })
      for (const [{ headers }, more] of [
        [plain, {}],
        [packed, PACKED],
      ] as const) {
        if (headers.etag === undefined) continue
        const again = await same(behind, path, { headers: { 'if-none-match': headers.etag, ...more } })
        assert.deepEqual([again.status, again.text], [304, ''])
      }
      if (plain.text.length > 5_000) assert.equal(packed.headers['content-encoding'], 'gzip')
      if (path.startsWith('/api')) assert.match(String(plain.headers['feed-epoch']), /./)
    }
  },

  'refusals pass as they are': async (behind) => {
    const { place, direct } = behind
    const refused: readonly [number, string, Asked?][] = [
      [410, '/api/v1/changes?cursor=1&epoch=another'],
      [400, '/api/v1/changes?cursor=x'],
      [404, '/api/v1/nodes/a%20b'],
      [404, '/api/v1/nothing'],
      [405, '/api/v1/cursor', { method: 'POST' }],
    ]
    for (const [status, path, asked] of refused) {
      const answer = await same(behind, path, asked)
      assert.equal(answer.status, status)
      assert.match(String(answer.headers['content-type']), /^application\/problem\+json/)
    }
    const { token: _, ...stranger } = place
    assert.equal((await ask(stranger, '/api/v1/cursor')).status, 401)
    const gone = { headers: { accept: 'text/event-stream' } }
    assert.match((await ask(place, '/api/v1/events?cursor=1&epoch=another', gone)).text, /^event: gone$/m)

    const seats = await Promise.all(Array.from({ length: MAX_WAITING }, () => open(direct, '/api/v1/events')))
    const full = await same(behind, `/api/v1/changes?cursor=${await head(direct)}&wait=5`)
    assert.deepEqual([full.status, full.headers['retry-after']], [503, '2'])
    assert.match((await ask(place, '/api/v1/events')).text, /^retry: /)
    for (const seat of seats) seat.on('error', () => {}).destroy()
    await until('the seats to be free', async () => (await seatsTaken(direct)) === 0)
  },

  'paths and many ids pass as they are': async (behind) => {
    const { direct, pair } = behind
    await settled(direct)
    for (const name of NAMES) {
      const path = `/api/v1/nodes?include=path&path=${encodeURIComponent(pair.path(name))}`
      const { nodes } = JSON.parse((await same(behind, path)).text) as { nodes: { path: string }[] }
      assert.deepEqual(
        nodes.map((node) => node.path),
        [pair.path(name)],
      )
    }
    const { changes } = await askJson<ChangesPage>(direct, '/api/v1/changes?cursor=0&max_size=100')
    const ids = changes.flatMap((change) => (change.removed ? [] : [change.node.id]))
    const query = Array.from({ length: 100 }, (_, n) => `id=${ids[n] ?? `${n}`.padStart(36, 'x')}`).join('&')
    const { paths } = JSON.parse((await same(behind, `/api/v1/paths?${query}`)).text)
    assert.deepEqual(new Set(Object.values(paths)).has(pair.path('what?.txt')), true)
  },

  'every route answers, and is found from where its description is': async ({ place, direct }) => {
    const description = await askJson<{ servers: [{ url: string }]; paths: object }>(place, '/openapi.json')
    const root = (await askJson<{ id: string }>(direct, '/api/v1/root')).id
    const base = new URL(description.servers[0].url, `http://${place.host}${place.below}/openapi.json`)
    const routes = Object.keys(description.paths)
    assert.ok(routes.length > 10)
    for (const route of routes) {
      const path = route.replace('{id}', root)
      // As generated clients do, which put the two together as text.
      const { host, pathname } = new URL(`${base.href.replace(/\/$/, '')}${path}`)
      assert.deepEqual([host, pathname], [place.host, place.below + path])
      const query = path.endsWith('/paths') ? `?id=${root}` : path.endsWith('/nodes') ? '?path=/mnt' : ''
      const asked = { method: 'HEAD' }
      const [through, straight] = [await ask(place, path + query, asked), await ask(direct, path + query, asked)]
      assert.equal(through.status, straight.status, path)
    }
  },

  'only allowed names reach the api': async ({ place }) => {
    const other = await ask({ ...place, host: 'rebound.example.com' }, '/api/v1/cursor')
    // Caddy answers names that it does not know by itself, with nothing.
    if (place.program === 'nginx') assert.equal(other.status, 421)
    else assert.equal(other.text, '')
  },
}

for (const proxy of documented) {
  const skip = withoutProxy(proxy.program)

  test(`${proxy.name}: a cut answer is cut for the client, and a long one waits for it`, { skip }, async (t) => {
    const upstream = await startLongUpstream(t)
    const place = await startOwnersProxy(t, temporaryFolder(t), proxy, upstream.port)
    // Caddy 2.6, Debian 12's, ends it as if it were whole. It is no JSON then.
    if (proxy.program === 'nginx') await assert.rejects(ask(place, '/cut'))
    const long = (await open(place, '/long')).on('error', () => {})
    await until('the answer to wait', upstream.isHeld)
    assert.ok(upstream.takenBytes() < LONG_BYTES / 2, `${upstream.takenBytes()} bytes were taken`)
    long.destroy()
  })

  test(`${proxy.name}: waits longer than the api`, () => {
    const [, seconds] = /proxy_read_timeout (\d+)s;/.exec(proxy.config) ?? []
    // Caddy waits for ever if it is told nothing else.
    if (proxy.program === 'nginx') assert.ok(Number(seconds) > WAIT_MAX_SECONDS)
    else assert.doesNotMatch(proxy.config, /timeout|flush_interval/)
  })
}

/** Asks the proxy and the api, and compares all that is not about one connection. @returns what came through the proxy */
async function same({ place, direct }: Behind, path: string, asked: Asked = {}): Promise<Answered> {
  const [through, straight] = [await ask(place, path, asked), await ask(direct, path, asked)]
  assert.deepEqual([through.status, sumOf(through.text)], [straight.status, sumOf(straight.text)], path)
  // What the proxy itself has packed is another representation, and its tag a weak one.
  const packed = new Set(
    straight.headers['content-encoding'] === through.headers['content-encoding'] ? [] : PACKED_BY_PROXY,
  )
  const compared = ({ headers }: Answered) =>
    Object.entries(headers)
      .filter(([name]) => !NOT_COMPARED.has(name) && !packed.has(name))
      .sort()
  assert.deepEqual(compared(through), compared(straight), path)
  return through
}
const PACKED_BY_PROXY = ['content-encoding', 'etag']

/** Shorter to compare, and to read if it differs. */
function sumOf(text: string): string {
  return `${text.length} characters, ${createHash('sha256').update(text).digest('hex')}`
}

async function seatsTaken(place: Place): Promise<number> {
  return (await askJson<{ api: { clients_waiting: number } }>(place, '/api/v1/status')).api.clients_waiting
}

async function head(place: Place): Promise<number> {
  return (await askJson<{ cursor: number }>(place, '/api/v1/cursor')).cursor
}

/** Until nothing changes by itself any more. */
async function settled(place: Place): Promise<void> {
  await until('all files to be read', async () => {
    const { changes } = await askJson<ChangesPage>(place, '/api/v1/changes?cursor=0')
    return changes.every((change) => change.removed || change.node.is_directory || change.node.hash !== '')
  })
}
