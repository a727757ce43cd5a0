/**
 * Holds the process to its command line, exit codes and signals, and to its memory, files and fairness under load. The
 * api runs as a process of its own.
 */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { Agent, get, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect, createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import { openFeedWriter } from '../../../test/support/feed-writer.ts'
import { API_MAIN } from '../../../test/support/run-api.ts'
import { startApi, writeConfig } from '../../../test/support/start-api.ts'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'
import { until } from '../../../test/support/until.ts'

function runMain(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [API_MAIN, ...args], {
    encoding: 'utf8',
    timeout: 10_000,
  })
  return { status, stdout, stderr }
}

async function openStream(url: string, path = 'changes'): Promise<IncomingMessage> {
  const [response] = (await once(get(`${url}/${path}`), 'response')) as [IncomingMessage]
  return response
}

async function clientsWaiting(url: string): Promise<number> {
  const metrics = await (await fetch(new URL('/metrics', url))).text()
  return Number(/^drive_feed_clients_waiting (\d+)$/m.exec(metrics)?.[1])
}

/** Memory that is the process's own, without the pages of the program and of libraries, in MB. */
function ownMemory(pid: number): number {
  const [, kilobytes] = /RssAnon:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kilobytes) / 1_024
}

function largeFeed(path: string, nodeCount: number) {
  const feed = openFeedWriter(path)
  feed.sqlite.transaction(() => {
    for (let n = 0; n < nodeCount; n += 1) feed.put({ id: `00000000-0000-4000-8000-${String(n).padStart(12, '0')}` })
  })()
  return feed
}

test('--help and --version', () => {
  const help = runMain('--help')
  assert.equal(help.status, 0)
  assert.match(help.stdout, /--config=PATH/)
  const version = runMain('--version')
  assert.equal(version.status, 0)
  assert.match(version.stdout, /^drive-feed-api \d+\.\d+\.\d+\n$/)
})

test('a mistake in the config or on the command line is one line and a non-zero exit', (t) => {
  const folder = temporaryFolder(t)
  const bad = join(folder, 'bad.yaml')
  writeFileSync(bad, 'port: many\ndatabase_url: feed.db\nwatches: { media: /media }\n')
  for (const [argument, complaint] of [
    [`--config=${join(folder, 'missing.yaml')}`, /missing\.yaml/],
    [`--config=${bad}`, /port/],
    ['--colour', /--colour/],
  ] as const) {
    const { status, stdout, stderr } = runMain(argument)
    assert.notEqual(status, 0)
    assert.equal(stdout, '')
    assert.match(stderr, complaint)
    assert.equal(stderr.trimEnd().split('\n').length, 1, stderr)
  }
})

test('a port in use is one line and a non-zero exit', async (t) => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  t.after(() => other.close())
  const { port } = other.address() as AddressInfo
  const { status, stderr } = runMain(`--config=${writeConfig(temporaryFolder(t), port)}`)
  assert.equal(status, 1)
  assert.match(stderr, new RegExp(`^drive-feed-api: port: 127\\.0\\.0\\.1:${port} is in use[^\\n]*\\n$`))
})

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} ends it with 0, and soon, while nothing moves on what is open`, async (t) => {
    const folder = temporaryFolder(t)
    const feed = largeFeed(join(folder, 'feed.db'), 40_000)
    t.after(() => feed.close())
    const api = await startApi(t, folder)
    await (await fetch(`${api.url}/cursor`)).text()
    const { hostname, port } = new URL(api.url)
    const silent = connect(Number(port), hostname)
    await once(silent, 'connect')
    silent.on('error', () => {})
    t.after(() => silent.destroy())
    const stalled = await openStream(api.url)
    stalled.on('error', () => {})

    const events = await openStream(api.url, 'events?cursor=40000')
    await once(events, 'data')
    const waiting = fetch(`${api.url}/changes?cursor=40000&wait=50`)
    await until('both to wait', async () => (await clientsWaiting(api.url)) >= 2)
    const ended = once(events.resume(), 'end')

    const start = performance.now()
    api.process.signal(signal)
    assert.deepEqual(await (await waiting).json(), { cursor: 40_000, changes: [], has_more: false })
    await ended
    assert.equal((await api.process.exit()).code, 0)
    // A second after the kernel has taken all that it holds; long before an answer that is taken would be cut.
    const tookMs = performance.now() - start
    assert.ok(tookMs < 8_000, `${tookMs} ms`)
  })
}

test('I10: a slow reader of 200,000 changes costs no memory and does not hold the WAL', async (t) => {
  const folder = temporaryFolder(t)
  const feed = largeFeed(join(folder, 'feed.db'), 200_000)
  t.after(() => feed.close())
  const api = await startApi(t, folder)
  const pid = api.process.pid

  // Some 75 MB: far more than sockets hold, so the answer is under way until it has been read.
  const response = await openStream(api.url)
  const counts = { changes: 0, bytes: 0, memory: 0, checkpoints: 0 }
  let rest = ''
  for await (const chunk of response.setEncoding('utf8')) {
    counts.bytes += chunk.length
    const texts = (rest + chunk).split('"removed":false')
    counts.changes += texts.length - 1
    rest = (texts.at(-1) as string).slice(-20)
    counts.memory = Math.max(counts.memory, ownMemory(pid))
    if (counts.bytes > (counts.checkpoints + 1) * 10_000_000) {
      feed.put({ id: `later-${counts.checkpoints}` })
      const [checkpoint] = feed.sqlite.pragma('wal_checkpoint(TRUNCATE)') as { busy: number; log: number }[]
      assert.deepEqual([checkpoint?.busy, checkpoint?.log], [0, 0])
      counts.checkpoints += 1
    }
    await nextTurn()
  }
  assert.equal(counts.changes, 200_000)
  assert.ok(counts.checkpoints >= 5)
  assert.ok(counts.memory < 100, `${counts.memory} MB`)
})

test('a process that stops answers what was asked, says that connections end, and resets none', async (t) => {
  const folder = temporaryFolder(t)
  const feed = largeFeed(join(folder, 'feed.db'), 2_000)
  t.after(() => feed.close())
  const api = await startApi(t, folder)
  const agent = new Agent({ keepAlive: true, maxSockets: 10 })
  t.after(() => agent.destroy())
  const counts = { answers: 0, last: 0 }
  const ends: (string | undefined)[] = []
  const hammer = async (path: string) => {
    try {
      for (;;) {
        const [response] = (await once(get(`${api.url}/${path}`, { agent }), 'response')) as [IncomingMessage]
        let text = ''
        for await (const chunk of response.setEncoding('utf8')) text += chunk
        JSON.parse(text)
        counts.answers += 1
        if (response.headers.connection === 'close') counts.last += 1
      }
    } catch (error) {
      ends.push((error as NodeJS.ErrnoException).code ?? String(error))
    }
  }
  // Short ones, long ones that are written in pieces, and some that wait.
  const paths = ['cursor', 'changes', 'changes?max_size=100', 'changes?cursor=2000&wait=0.01', 'root']
  const hammers = [...paths, ...paths].map(hammer)
  await until('all to be at work', () => counts.answers > 100)
  api.process.signal('SIGTERM')
  await Promise.all(hammers)
  assert.equal((await api.process.exit()).code, 0)
  assert.deepEqual(new Set(ends), new Set(['ECONNREFUSED']))
  assert.ok(counts.last >= 10, `${counts.last} connections ended by their answer`)
})

test('a long answer that a slow client takes is whole when the process stops meanwhile', async (t) => {
  const folder = temporaryFolder(t)
  largeFeed(join(folder, 'feed.db'), 150_000).close()
  const api = await startApi(t, folder)
  const response = await openStream(api.url)
  let [changes, rest, pausedMs] = [0, '', 0]
  for await (const chunk of response.setEncoding('utf8')) {
    if (pausedMs === 0) api.process.signal('SIGTERM')
    const texts = (rest + chunk).split('"removed":false')
    changes += texts.length - 1
    rest = (texts.at(-1) as string).slice(-20)
    // Some 14 MB/s: a few seconds for all of it, and at no time a long pause.
    const pauseMs = chunk.length / 14_000
    pausedMs += pauseMs
    await sleep(pauseMs)
  }
  assert.equal(changes, 150_000)
  assert.equal(response.complete, true)
  assert.ok(pausedMs > 3_000, 'it took longer than anything that does not move may stay')
  assert.equal((await api.process.exit()).code, 0)
})

test('a request that comes byte by byte does not hold up the end of the process', async (t) => {
  const folder = temporaryFolder(t)
  largeFeed(join(folder, 'feed.db'), 10).close()
  const api = await startApi(t, folder)
  const { hostname, port } = new URL(api.url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => {})
  await once(socket, 'connect')
  const writing = setInterval(() => socket.write('x'), 50)
  t.after(() => clearInterval(writing))
  socket.write('GET /api/v1/cursor?')
  api.process.signal('SIGTERM')
  let bytes = 0
  socket.on('close', () => {
    bytes = socket.bytesWritten
  })
  assert.equal((await api.process.exit()).code, 0)
  // Some thirty; three hundred in the time that an answer may take.
  assert.ok(bytes < 150, `${bytes} bytes`)
})

test('an idle connection is closed when the process stops, and a request that is under way is answered', async (t) => {
  const folder = temporaryFolder(t)
  largeFeed(join(folder, 'feed.db'), 10).close()
  const api = await startApi(t, folder)
  const { hostname, port } = new URL(api.url)
  const [idle, slow, pipelined] = await Promise.all(
    [0, 1, 2].map(async () => {
      const socket = connect(Number(port), hostname)
      t.after(() => socket.destroy())
      await once(socket, 'connect')
      return socket
    }),
  )
  assert.ok(idle !== undefined && slow !== undefined && pipelined !== undefined)
  const request = 'GET /api/v1/cursor HTTP/1.1\r\nHost: x\r\n\r\n'
  for (const socket of [idle, slow]) {
    socket.write(request)
    await once(socket, 'data')
  }
  slow.write(request.slice(0, 30))
  pipelined.write('GET /api/v1/changes?cursor=10&wait=50 HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(2))
  await until('it to wait', async () => (await clientsWaiting(api.url)) === 2)
  api.process.signal('SIGTERM')
  await once(idle.resume(), 'close')
  slow.write(request.slice(30))
  const texts = [slow, pipelined].map(async (socket) => {
    let text = ''
    for await (const chunk of socket.setEncoding('utf8')) text += chunk
    return text
  })
  const [late = '', both = ''] = await Promise.all(texts)
  assert.match(late, /^HTTP\/1\.1 200 .*\r\nConnection: close\r\n.*\{"cursor":10\}$/s)
  assert.deepEqual(both.match(/^Connection: \S+/gm), ['Connection: keep-alive', 'Connection: close'])
  assert.equal((await api.process.exit()).code, 0)
})

test('where files run out that is said once and counted, and the process can be asked whether it lives', async (t) => {
  const folder = temporaryFolder(t)
  largeFeed(join(folder, 'feed.db'), 10).close()
  const api = await startApi(t, folder, { filesMax: 80 })
  const { hostname, port } = new URL(api.url)
  const sockets = await Promise.all(
    Array.from({ length: 150 }, async () => {
      const socket = connect(Number(port), hostname)
      t.after(() => socket.destroy())
      socket.on('error', () => {})
      await once(socket, 'connect')
      return socket.resume()
    }),
  )
  for (const path of ['/healthz', '/healthz']) assert.equal((await fetch(new URL(path, api.url))).status, 200)
  assert.equal((await fetch(`${api.url}/cursor`)).status, 503)
  for (const socket of sockets) socket.destroy()
  let text = ''
  await until('metrics', async () => {
    const response = await fetch(new URL('/metrics', api.url))
    text = await response.text()
    return response.ok
  })
  const [, count] = /^drive_feed_connections_dropped_total (\d+)$/m.exec(text) ?? []
  assert.ok(Number(count) >= 80, `${count} dropped`)
  assert.equal(api.log().filter((message) => message.startsWith('too many files are open')).length, 1)
})
