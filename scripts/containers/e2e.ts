/**
 * Tests the containers as an owner runs them: builds the images, starts three replicas, and sends all requests to the
 * published port. The tests are one story: each goes on where the one before it ended. `scripts/e2e` runs it.
 */
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import {
  chmodSync,
  chownSync,
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { FeedNode } from '../../client/src/wire.ts'
import { landlockVersion } from '../../services/indexer/src/sandbox/landlock.ts'
import { CORPUS, type CorpusEntry, corpusEntries } from '../../test/support/corpus.ts'
import { FeedClient } from '../../test/support/feed-client.ts'
import { getJson } from '../../test/support/http-get.ts'
import { until, untilNone } from '../../test/support/until.ts'
import { type Asker, askAllTheTime } from './asker.ts'
import { docker, linesOf } from './deployment.ts'
import { mountMemory } from './mounts.ts'
import { createStory } from './story.ts'

/** Containers start in a second on a fast machine, and in half a minute on a slow one. */
const START_MS = 60_000
const HEALTHY_MS = 180_000
/** A bit of capabilities(7). */
const DAC_READ_SEARCH = 1n << 2n
const NOTHING_COMPILES = ['cc', 'gcc', 'g++', 'clang', 'make', 'python3']

const expected = corpusEntries()
const { deployment, step, assertWhole } = await createStory()
const { compose, composeWith, containers, inEach, media, project, url } = deployment
const client = new FeedClient(url, { maxSize: 500 })

step('the images are built', async () => {
  await deployment.build()
})

step('without a folder to watch nothing starts, and the message says what to set', async () => {
  const { MEDIA: _, ...environment } = process.env
  const file = join(import.meta.dirname, '../../docker-compose.yml')
  await assert.rejects(docker(['compose', '--env-file', '/dev/null', '--file', file, 'config'], environment), {
    message: /MEDIA.*say in \.env which folder to watch/,
  })
})

step('with a folder to watch that is not there nothing runs, and nothing is made in its place', async () => {
  const nowhere = join(deployment.home, 'nowhere')
  await assert.rejects(composeWith({ MEDIA: nowhere }, 'up', '--detach'), { message: /does not exist/ })
  assert.deepEqual([await compose('ps', '--all', '--quiet'), existsSync(nowhere)], ['', false])
})

step('a folder of another user for the database is told once, and it goes on when the owner gave it away', async () => {
  const data = join(deployment.home, 'data')
  mkdirSync(data)
  chownSync(data, 1000, 1000)
  const composeHere = (...words: readonly string[]) => composeWith({ DATA: './data' }, ...words)
  await composeHere('up', '--detach', 'indexer')
  const log = async () => linesOf(await composeHere('logs', '--no-color', 'indexer'))
  const told = await until('the line', async () => (await log()).find((line) => line.includes('/data can')), START_MS)
  assert.match(
    told,
    /it belongs to 1000:1000\. Run as its owner \(with Docker: --user 1000:1000, or PUID=1000 and PGID=1000 in \.env\)/,
  )
  chownSync(data, 0, 0)
  await until('its database', () => existsSync(join(data, 'feed.db')), START_MS)
  await until('its scan', async () => (await log()).some((line) => line.includes('scan is complete')), START_MS)
  assert.equal((await log()).filter((line) => line.includes('/data can')).length, 1)
  const [id = ''] = await containers('indexer')
  assert.equal((await docker(['inspect', '--format', '{{.RestartCount}}', id])).trim(), '0')
  await composeHere('down', '--volumes')
})

step('before there is a database the answer is 503 with Retry-After', async () => {
  await compose('up', '--detach', '--no-deps', '--scale', 'api=3', 'api', 'proxy')
  // The port is open a moment after `up` has ended.
  const ofApi = async () => {
    const problem = await problemOf('/api/v1/cursor')
    return problem !== null && /database/.test(problem.detail) ? problem : null
  }
  const problem = await until('an answer of the api itself', ofApi, START_MS)
  assert.deepEqual(problem, { status: 503, type: 'application/problem+json', retryAfter: '2', detail: problem.detail })
})

step(
  'before there is a database, and without an api, events are a stream that ends: EventSource comes again',
  async () => {
    await assertComeAgain(/database can not be read/)
    await compose('stop', 'api')
    await assertComeAgain(/No api answers/)
    await compose('start', 'api')
    await until(
      'the api to be back',
      async () => /database/.test((await problemOf('/api/v1/cursor'))?.detail ?? ''),
      START_MS,
    )
  },
)

step('with the indexer it recovers, and every field of every sample file is as the original has it', async () => {
  for (const name of expected.keys()) copyFileSync(join(CORPUS, name), join(media, name))
  await compose('up', '--detach', '--wait', '--scale', 'api=3')
  await until('the first answer', async () => (await problemOf('/api/v1/cursor')) === null, START_MS)
  await untilNone('all files with all fields', async () => {
    await client.poll()
    return [...expected.keys()].flatMap((name) => differences(name, nodeNamed(name)))
  })
  assert.equal(client.nodes.size, expected.size + 2, 'the files and the two watched folders, nothing else')
})

step('pictures and films of phones are recognised as such', async () => {
  const kinds = ['i.heic', 'i.avif', 'v.3gp'].map((name) => {
    const { mime_type: type, is_image: isImage, is_video: isVideo, width } = existing(name)
    return [type, isImage, isVideo, width > 0]
  })
  assert.deepEqual(kinds, [
    ['image/heic', true, false, true],
    ['image/avif', true, false, true],
    ['video/3gpp', false, true, true],
  ])
})

step('answers come from all three replicas', async () => {
  const before = await sentBytes()
  assert.equal(before.length, 3)
  // Not compressed, so that its length is the number of bytes sent.
  const ask = async () => (await fetch(`${url}/api/v1/changes`, { headers: { 'Accept-Encoding': 'identity' } })).text()
  const answer = await ask()
  for (let count = 0; count < 30; count += 1) await ask()
  const sent = (await sentBytes()).map((bytes, replica) => bytes - (before[replica] ?? 0))
  for (const bytes of sent) assert.ok(bytes > 5 * answer.length, `bytes sent by each: ${sent.join(', ')}`)
})

step('a new file appears with an empty hash, and again with its MD5', async () => {
  const bytes = randomBytes(100_000)
  const file = openSync(join(media, 'new.bin'), 'w')
  writeSync(file, bytes)
  const first = await until('the file, still open', async () => await polled('new.bin'))
  assert.equal(first.hash, '')
  closeSync(file)
  const md5 = createHash('md5').update(bytes).digest('hex')
  const last = await until('its hash', async () => await polled('new.bin', ({ hash }) => hash !== ''))
  assert.deepEqual([last.id, last.hash, last.size], [first.id, md5, bytes.length])
})

step('a waiting client is answered through the proxy when there is a change, and not before', async () => {
  const cursor = await settledCursor()
  const empty = await getJson(`${url}/api/v1/changes?cursor=${cursor}&wait=2`)
  assert.deepEqual(empty, { cursor, changes: [], has_more: false })
  const answer = getJson<{ changes: { node: FeedNode }[] }>(`${url}/api/v1/changes?cursor=${cursor}&wait=50`)
  await until('the client to wait', async () => (await clientsWaiting()) === 1)
  writeFileSync(join(media, 'awaited.txt'), 'awaited')
  assert.ok((await answer).changes.some(({ node }) => node.name === 'awaited.txt'))
})

step('events come through the proxy one by one, as they happen', async () => {
  const stream = await openStream(await settledCursor())
  await until('a first heartbeat', () => stream.text().includes('event: heartbeat\n'))
  writeFileSync(join(media, 'streamed.txt'), 'streamed')
  await until('the file as an event', () => /event: changes\nid: \d+\ndata: .*"streamed\.txt"/.test(stream.text()))
  stream.close()
})

step('the api does not wait for a client that left at the proxy', async () => {
  const stream = await openStream(await settledCursor())
  const gone = new AbortController()
  const waiting = fetch(`${url}/api/v1/changes?cursor=${await cursorNow()}&wait=50`, { signal: gone.signal })
  await until('both to have a seat', async () => (await clientsWaiting()) === 2)
  stream.close()
  gone.abort()
  await assert.rejects(waiting)
  await until('both seats to be free', async () => (await clientsWaiting()) === 0, 5_000)
})

step('a folder that is moved has its new path immediately, and so has what is in it', async () => {
  mkdirSync(join(media, 'before/deep'), { recursive: true })
  copyFileSync(join(CORPUS, 'i.jpg'), join(media, 'before/deep/moved.jpg'))
  const { id } = await until('the file', async () => await polled('moved.jpg', ({ hash }) => hash !== ''))
  assert.equal(await pathOf(id), '/mnt/media/before/deep/moved.jpg')
  renameSync(join(media, 'before'), join(media, 'after'))
  await until('the new path', async () => (await pathOf(id)) === '/mnt/media/after/deep/moved.jpg', 3_000)
  await until('the change', async () => await polled('after'))
  assert.equal(existing('moved.jpg').id, id)
})

step('files that only their owner may read are hashed', async () => {
  writeFileSync(join(media, 'private.txt'), 'private')
  chmodSync(join(media, 'private.txt'), 0o000)
  mkdirSync(join(media, 'locked'))
  writeFileSync(join(media, 'locked/inner.txt'), 'inner')
  chmodSync(join(media, 'locked'), 0o000)
  for (const name of ['private.txt', 'inner.txt']) {
    await until(name, async () => await polled(name, ({ hash }) => hash !== ''))
  }
  chmodSync(join(media, 'locked'), 0o755)
})

step(
  'workers are confined in their container too: by the filter, by Landlock, and with hardly a capability',
  async () => {
    writeFileSync(join(media, 'confined.txt'), 'confined')
    await until('its hash', async () => await polled('confined.txt', ({ hash }) => hash !== ''))
    const each = 'for p in /proc/[0-9]*; do tr "\\0" " " < $p/cmdline; echo; cat $p/status; echo; done 2>&-'
    const [processes = ''] = await inEach('indexer', 'sh', '-c', `${each}; true`)
    const [indexer, worker, shell] = [/^node .*src\/main\.ts/, /metadata\/worker\.ts/, /^sh -c/].map((command) => {
      const found = processes.split('\n\n').find((one) => command.test(one.trimStart().split('\n')[0] ?? ''))
      assert.ok(found !== undefined, `${command} is not among\n${processes}`)
      return (field: string) => new RegExp(`^${field}:\\s+(.*)$`, 'm').exec(found)?.[1] ?? ''
    })
    for (const one of [indexer, worker]) {
      assert.deepEqual([one?.('Seccomp'), one?.('NoNewPrivs')], ['2', '1'])
      for (const set of ['CapEff', 'CapPrm', 'CapBnd']) {
        assert.equal(BigInt(`0x${one?.(set)}`) & ~DAC_READ_SEARCH, 0n, `${set} ${one?.(set)}`)
      }
    }
    // The engine's own profile is a filter too. A worker has the filters of the indexer and of the thread that starts
    // it, and its own.
    const filters = [shell, indexer, worker].map((one) => one?.('Seccomp_filters') ?? '')
    // Kernels before 5.10 do not report the number of filters.
    if (!filters.includes('')) {
      const [engine = 0, ofIndexer = 0, ofWorker = 0] = filters.map(Number)
      assert.ok(ofIndexer > engine && ofWorker >= ofIndexer + 2, filters.join())
    }
    const log = await compose('logs', '--no-color', 'indexer')
    assert.doesNotMatch(log, /could not be given up/)
    if (landlockVersion() === 0) return
    assert.doesNotMatch(log, /has no Landlock/)
    const restricts = `
    const { landlockVersion, restrictThread } = await import('/app/services/indexer/src/sandbox/landlock.ts')
    const { readFileSync } = await import('node:fs')
    restrictThread({ read: ['/mnt/media'], execute: [], write: [], readsAll: false })
    const read = (path) => { try { readFileSync(path); return 'read' } catch (error) { return error.code } }
    console.log(landlockVersion(), read('/mnt/media/confined.txt'), read('/app/package.json'))`
    assert.deepEqual(await inEach('indexer', 'node', '--input-type=module', '--eval', restricts), [
      `${landlockVersion()} read EACCES\n`,
    ])
  },
)

step('the indexer can not write to the media, and the api has neither media nor a volume it can write to', async () => {
  const writes = (path: string) => ['sh', '-c', `touch ${path} 2>&1 || true`]
  assert.match((await inEach('indexer', ...writes('/mnt/media/x'))).join(), /Read-only file system/)
  for (const words of await inEach('api', ...writes('/data/x'))) assert.match(words, /Read-only file system/)
  assert.deepEqual(await inEach('api', 'ls', '/mnt'), ['', '', ''])
  assert.deepEqual(await inEach('api', 'id', '-un'), ['node\n', 'node\n', 'node\n'])
})

step(
  'no container can write to its image, none has a capability too many, and the indexer has no network',
  async () => {
    const counts = { indexer: 1, api: 3, proxy: 1 }
    // Bits of capabilities(7): NET_BIND_SERVICE is the tenth.
    const allowed = { indexer: DAC_READ_SEARCH, api: 0n, proxy: 1n << 10n }
    for (const [service, count] of Object.entries(counts)) {
      const tries = 'for p in / /app /etc /usr/bin /config /mnt; do touch $p/x 2>&- && echo $p; done; true'
      const places = service === 'proxy' ? tries.replace(' /config', '') : tries
      assert.deepEqual(await inEach(service, 'sh', '-c', places), Array(count).fill(''), service)
      for (const status of await inEach(service, 'cat', '/proc/1/status')) {
        const field = (name: string) => new RegExp(`^${name}:\\s+(.*)$`, 'm').exec(status)?.[1] ?? ''
        const most = allowed[service as keyof typeof allowed]
        for (const set of ['CapEff', 'CapPrm', 'CapBnd']) assert.equal(BigInt(`0x${field(set)}`) & ~most, 0n, service)
        assert.equal(field('NoNewPrivs'), '1', service)
      }
    }
    assert.deepEqual(await inEach('indexer', 'ls', '/sys/class/net'), ['lo\n'])
  },
)

step('the second folder of .env is watched by its name, and read-only too', async () => {
  writeFileSync(join(deployment.media2, 'film.txt'), 'film')
  const { id } = await until('the file', async () => await polled('film.txt', ({ hash }) => hash !== ''))
  assert.equal(await pathOf(id), '/mnt/media2/film.txt')
  assert.ok(nodeNamed('films') !== undefined)
  assert.match((await inEach('indexer', 'sh', '-c', 'touch /mnt/media2/x 2>&1; true')).join(), /Read-only file system/)
})

step('the images say what they are, and have the program drive-feed and no package manager of Node', async () => {
  for (const service of ['indexer', 'api']) {
    const [id = ''] = await containers(service)
    const label = '{{index .Config.Labels "org.opencontainers.image.title"}}'
    assert.equal((await docker(['inspect', '--format', label, id])).trim(), `drive-feed ${service}`)
    for (const line of await inEach(service, 'drive-feed', '--version'))
      assert.match(line, /^drive-feed \d+\.\d+\.\d+\n$/)
    const npm = 'command -v npm npx corepack yarn; ls -d /usr/local/lib/node_modules /usr/local/include 2>&-; true'
    assert.deepEqual(new Set(await inEach(service, 'sh', '-c', npm)), new Set(['']), service)
  }
})

step('no image has a compiler, and the api has no libraries of the indexer', async () => {
  const looks = `command -v ${NOTHING_COMPILES.join(' ')}; ls -d /app/node_modules/node-linux-* 2>&-; true`
  for (const service of ['indexer', 'api']) {
    for (const found of await inEach(service, 'sh', '-c', looks)) assert.equal(found, '', service)
  }
  const libraries = 'ldconfig -p | grep -cE "lib(magic|mediainfo)\\.so"; ls -d /app/node_modules/koffi 2>&-; true'
  assert.deepEqual(await inEach('api', 'sh', '-c', libraries), ['0\n', '0\n', '0\n'])
  assert.deepEqual(await inEach('indexer', 'sh', '-c', libraries), ['2\n/app/node_modules/koffi\n'])
})

step('a replica that is killed costs no answer, nor does one that comes', async () => {
  const asking = askAllTheTime(`${url}/api/v1/cursor`)
  const [victim] = await containers('api')
  await docker(['kill', victim ?? ''])
  await answersOf(asking, 200)
  await compose('up', '--detach', '--no-recreate', '--scale', 'api=3')
  await answersOf(asking, 200)
  assert.deepEqual(await asking.stop(), [])
})

step('while the indexer is stopped the api answers, also one that starts then', async () => {
  const cursor = await cursorNow()
  await compose('stop', 'indexer')
  assert.equal(await cursorNow(), cursor)
  await compose('restart', 'api')
  await until('answers after the restart', async () => (await problemOf('/api/v1/cursor')) === null, START_MS)
  // Often enough to reach each replica.
  for (let count = 0; count < 9; count += 1) assert.equal(await cursorNow(), cursor)
  writeFileSync(join(media, 'while-stopped.txt'), 'written while the indexer was stopped')
  await compose('start', 'indexer')
  await until(
    'what happened meanwhile',
    async () => await polled('while-stopped.txt', ({ hash }) => hash !== ''),
    START_MS,
  )
})

step('while the indexer is killed the api answers, and afterwards it goes on', async () => {
  const cursor = await cursorNow()
  await compose('kill', '--signal', 'SIGKILL', 'indexer')
  assert.equal(await cursorNow(), cursor)
  await compose('restart', 'api')
  await until('answers after the restart', async () => (await problemOf('/api/v1/cursor')) === null, START_MS)
  for (let count = 0; count < 9; count += 1) assert.equal(await cursorNow(), cursor)
  await compose('start', 'indexer')
  writeFileSync(join(media, 'after-kill.txt'), 'written after the indexer was killed')
  await until('a new file', async () => await polled('after-kill.txt', ({ hash }) => hash !== ''), START_MS)
})

step('a restart of the indexer changes nothing', async () => {
  const cursor = await cursorNow()
  const scans = await completeScans()
  await compose('restart', 'indexer')
  await until('its scan', async () => (await completeScans()) > scans, START_MS)
  writeFileSync(join(media, 'after-restart.txt'), '')
  await until('a change after it', async () => await polled('after-restart.txt'), START_MS)
  const { changes } = await getJson<{ changes: { node: FeedNode }[] }>(`${url}/api/v1/changes?cursor=${cursor}`)
  assert.deepEqual(
    changes.map(({ node }) => node?.name),
    ['after-restart.txt'],
  )
})

test('later mounts of this machine below the folder are there in the container', async (t) => {
  assertWhole()
  mkdirSync(join(media, 'disk'))
  const problem = deployment.mountsStayOutside ?? mountMemory(join(media, 'disk'))
  if (problem !== null) return t.skip(`this user can not mount here: ${problem}`)
  writeFileSync(join(media, 'disk/on-the-disk.txt'), '')
  assert.deepEqual(await inEach('indexer', 'ls', '/mnt/media/disk'), ['on-the-disk.txt\n'])
})

step('all containers are found healthy', async () => {
  const states = async () => linesOf(await compose('ps', '--format', '{{.Service}} {{.State}} {{.Health}}')).sort()
  const wanted = [...Array(3).fill('api running healthy'), 'indexer running healthy', 'proxy running ']
  await untilNone(
    'healthy containers',
    async () => (await states()).flatMap((state, index) => (state.trim() === wanted[index]?.trim() ? [] : [state])),
    HEALTHY_MS,
  )
})

step('compose down -v leaves nothing', async () => {
  await compose('down', '--volumes')
  const label = ['--filter', `label=com.docker.compose.project=${project}`, '--quiet']
  for (const list of [
    ['ps', '--all'],
    ['volume', 'ls'],
    ['network', 'ls'],
  ]) {
    assert.equal(await docker([...list, ...label]), '', list.join(' '))
  }
})

async function assertComeAgain(why: RegExp): Promise<void> {
  const response = await fetch(`${url}/api/v1/events`)
  assert.equal(response.status, 200)
  assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/)
  const text = await response.text()
  assert.match(text, /^retry: \d+\n: .*\n\n$/)
  assert.match(text, why)
}

/** The problem in an answer; null if it has none. */
async function problemOf(path: string) {
  const response = await fetch(url + path).catch(() => null)
  if (response === null) return { status: 0, type: '', retryAfter: null, detail: 'the port is closed' }
  const text = await response.text()
  if (response.ok) return null
  const type = (response.headers.get('content-type') ?? '').split(';')[0]
  const { detail } = JSON.parse(text) as { detail: string }
  return { status: response.status, type, retryAfter: response.headers.get('retry-after'), detail }
}

function nodeNamed(name: string): FeedNode | undefined {
  return [...client.nodes.values()].find((node) => node.name === name)
}

function existing(name: string): FeedNode {
  const node = nodeNamed(name)
  assert.ok(node !== undefined, `${name} is not there`)
  return node
}

async function polled(name: string, isWanted = (_node: FeedNode) => true): Promise<FeedNode | null> {
  await client.poll()
  const node = nodeNamed(name)
  return node !== undefined && isWanted(node) ? node : null
}

function differences(name: string, node: FeedNode | undefined): string[] {
  if (node === undefined) return [`${name} is missing`]
  const fields = Object.entries(expected.get(name) ?? {}) as [keyof CorpusEntry, unknown][]
  return fields.flatMap(([field, value]) =>
    node[field] === value ? [] : [`${name}: ${field} is ${node[field]}, expected ${value}`],
  )
}

async function pathOf(id: string): Promise<string> {
  return (await getJson<{ path: string }>(`${url}/api/v1/nodes/${id}/path`)).path
}

async function cursorNow(): Promise<number> {
  return (await getJson<{ cursor: number }>(`${url}/api/v1/cursor`)).cursor
}

/** The cursor, once all files have their hash. */
async function settledCursor(): Promise<number> {
  await until('all hashes', async () => {
    await client.poll()
    return [...client.nodes.values()].every((node) => node.is_directory || node.hash !== '')
  })
  return client.cursor
}

/** The clients that wait in all replicas, counted inside each. */
async function clientsWaiting(): Promise<number> {
  const ask =
    "fetch('http://127.0.0.1:8080/api/v1/status').then((r) => r.json()).then((s) => console.log(s.api.clients_waiting))"
  const counts = await inEach('api', 'node', '--eval', ask)
  return counts.reduce((sum, count) => sum + Number(count), 0)
}

/** Opens the stream of events after a cursor. */
async function openStream(cursor: number): Promise<{ text: () => string; close: () => void }> {
  const closing = new AbortController()
  const response = await fetch(`${url}/api/v1/events?cursor=${cursor}`, { signal: closing.signal })
  assert.equal(response.headers.get('content-encoding'), null)
  let text = ''
  const reading = (async () => {
    for await (const chunk of response.body as ReadableStream<Uint8Array>) text += Buffer.from(chunk).toString()
  })()
  reading.catch(() => {})
  return { text: () => text, close: () => closing.abort() }
}

/** How many bytes each replica has sent over the network. Health checks stay inside the container. */
async function sentBytes(): Promise<number[]> {
  const tables = await inEach('api', 'cat', '/proc/net/dev')
  return tables.map((table) => Number(/eth0:\s*(?:\d+\s+){8}(\d+)/.exec(table)?.[1]))
}

async function completeScans(): Promise<number> {
  return linesOf(await compose('logs', '--no-color', 'indexer')).filter((line) => line.includes('scan is complete'))
    .length
}

/** Waits for so many more answers. */
async function answersOf({ answered }: Asker, more: number): Promise<void> {
  const wanted = answered() + more
  await until(`${more} answers`, () => answered() >= wanted, START_MS)
}
