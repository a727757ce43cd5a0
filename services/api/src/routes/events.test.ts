/**
 * Shows the event stream as its client receives it: events, ids, heartbeats, and what happens without a database. Read
 * from a real socket.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { renameSync, rmSync } from 'node:fs'
import { get, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { SCHEMA_VERSION } from '@drive-feed/shared/migrations.ts'
import { openReader } from '@drive-feed/shared/open-database.ts'
import { assertProblem } from '../../../../test/support/assert-problem.ts'
import { openFeedWriter } from '../../../../test/support/feed-writer.ts'
import { type ServeOptions, serveFeed } from '../../../../test/support/serve-feed.ts'
import { smallFeed } from '../../../../test/support/small-feed.ts'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { until } from '../../../../test/support/until.ts'

type Event = { event: string; id: string; data: string }

/** A stream, and its events as the specification reads them: fields of lines up to an empty line. */
async function open(t: TestContext, url: string, headers: Record<string, string> = {}) {
  const [response] = (await once(get(url, { headers, agent: false }), 'response')) as [IncomingMessage]
  t.after(() => response.destroy())
  response.on('error', () => {})
  const events: Event[] = []
  const comments: string[] = []
  let rest = ''
  response.setEncoding('utf8').on('data', (text: string) => {
    const blocks = (rest + text).split('\n\n')
    rest = blocks.pop() as string
    for (const block of blocks) {
      if (block.startsWith(': ')) {
        comments.push(block)
        continue
      }
      const fields = block.split('\n').map((line) => line.split(/: (.*)/s).slice(0, 2))
      events.push(Object.fromEntries(fields) as Event)
    }
  })
  let isEnded = false
  response.on('close', () => {
    isEnded = true
  })
  const next = async (): Promise<Event> => {
    await until('an event', () => events.length > 0)
    return events.shift() as Event
  }
  return { response, next, ended: () => isEnded, comments: () => comments }
}

/** In short: the event, its id, and the changes' ids. */
function shortly({ event, id, data }: Event): string {
  const { changes = [] } = JSON.parse(data) as { changes?: { node?: { id: string }; node_id?: string }[] }
  return [event, id, ...changes.map((one) => one.node?.id ?? `-${one.node_id}`)].join(' ')
}

async function served(t: TestContext, options: ServeOptions = {}) {
  const small = await smallFeed(t, options)
  const stream = (query: string, headers?: Record<string, string>) => open(t, `${small.url}/events?${query}`, headers)
  return { ...small, stream }
}

test('what is there comes first, then what happens', async (t) => {
  const { feed, epoch, stream } = await served(t)
  const { response, next } = await stream('cursor=4')
  assert.equal(response.statusCode, 200)
  assert.equal(response.headers['content-type'], 'text/event-stream; charset=utf-8')
  assert.equal(response.headers['x-accel-buffering'], 'no')
  assert.equal(response.headers['cache-control'], 'no-cache, no-transform')
  assert.deepEqual([response.headers['feed-epoch'], response.headers['feed-head']], [epoch, '6'])
  assert.equal(shortly(await next()), 'changes 6 b -c')
  feed.put({ id: 'd', parentId: 'media' })
  const event = await next()
  assert.equal(event.id, '7')
  const page = JSON.parse(event.data) as object
  assert.deepEqual(Object.keys(page), ['cursor', 'changes', 'has_more'])
  feed.remove('d')
  assert.equal(shortly(await next()), 'changes 8 -d')
})

test('a page of the log is an event, and its id is where to go on', async (t) => {
  const { feed, stream } = await served(t)
  feed.sqlite.transaction(() => {
    for (let n = 0; n < 300; n += 1) feed.put({ id: `f${n}`, parentId: 'media' })
  })()
  const whole = await stream('cursor=6')
  const pages = [await whole.next(), await whole.next(), await whole.next()]
  assert.deepEqual(
    pages.map(({ id, data }) => [id, (JSON.parse(data) as { has_more: boolean }).has_more]),
    [
      ['134', true],
      ['262', true],
      ['306', false],
    ],
  )
  const resumed = await stream('cursor=0', { 'Last-Event-ID': '262' })
  assert.deepEqual(await resumed.next(), { ...pages[2], retry: '2000' })
})

test('a heartbeat carries the cursor, at once where there is nothing else to tell and then now and then', async (t) => {
  const { feed, stream } = await served(t, { heartbeatMs: 30 })
  const { next } = await stream('cursor=6&under=photos')
  assert.deepEqual(await next(), { retry: '2000', event: 'heartbeat', id: '6', data: '{"cursor":6}' })
  assert.equal((await next()).event, 'heartbeat')
  feed.put({ id: 'd', parentId: 'media' })
  let event = await next()
  while (event.id === '6') event = await next()
  assert.equal(shortly(event), 'heartbeat 7', 'a filter hides the change, and the cursor goes past it')
})

test('filters and paths are those of /changes', async (t) => {
  const { stream } = await served(t)
  const { next } = await stream('under=photos&type=file&include=path&settled=1')
  const { data } = await next()
  const { changes } = JSON.parse(data) as { changes: { node: { id: string; path: string } }[] }
  assert.deepEqual(
    changes.map(({ node }) => [node.id, node.path]),
    [['a', '/mnt/media/photos/ä "1".jpg']],
  )
})

/** What a client that can't be served now gets instead of a refusal, which would make an EventSource stop for good. */
async function assertComeAgain(response: Response, why: RegExp): Promise<void> {
  assert.deepEqual([response.status, response.headers.get('content-type')], [200, 'text/event-stream; charset=utf-8'])
  assert.deepEqual([response.headers.get('retry-after'), response.headers.get('etag')], ['2', null])
  const text = await response.text()
  assert.match(text, /^retry: \d+\n: .+\n\n$/)
  assert.match(text, why)
}

test('what can not be answered is refused before the stream', async (t) => {
  const { url, epoch } = await served(t)
  await assertProblem(await fetch(`${url}/events?cursor=3&epoch=another`), 410)
  await assertProblem(await fetch(`${url}/events?cursor=7&epoch=${epoch}`), 410)
  await assertProblem(await fetch(`${url}/events?cursor=x`), 400)
  await assertProblem(await fetch(`${url}/events`, { headers: { 'Last-Event-ID': 'x' } }), 400)
  await assertProblem(await fetch(`${url}/events`, { method: 'POST' }), 405)
  const head = await fetch(`${url}/events`, { method: 'HEAD' })
  assert.deepEqual([head.status, await head.text()], [200, ''])
})

test('with all seats taken the stream ends at once and says when to come again', async (t) => {
  const { url, epoch, stream, watch } = await served(t, { seats: 1 })
  const { response } = await stream('')
  const second = await fetch(`${url}/events`)
  assert.equal(second.headers.get('feed-epoch'), epoch)
  await assertComeAgain(second, /Too many clients are waiting/)
  await assertComeAgain(await fetch(`${url}/events/?cursor=3`), /Too many clients are waiting/)
  await assertProblem(await fetch(`${url}/changes?cursor=6&wait=1`), 503)
  response.destroy()
  await until('the seat to be free', () => watch.seatsTaken() === 0)
})

test('before there is a database the stream ends at once and says when to come again, and names no feed', async (t) => {
  const { url } = await serveFeed(t, join(temporaryFolder(t), 'feed.db'))
  const response = await fetch(`${url}/events?cursor=5`)
  assert.deepEqual([response.headers.get('feed-epoch'), response.headers.get('feed-head')], [null, null])
  await assertComeAgain(response, /database can not be read now/)
  const head = await fetch(`${url}/events`, { method: 'HEAD' })
  assert.deepEqual([head.status, head.headers.get('content-type')], [200, 'text/event-stream; charset=utf-8'])
  await assertProblem(await fetch(`${url}/events?cursor=x`), 400)
})

test('who takes events and was given a cursor of another database is told by an event, others by 410', async (t) => {
  const { url, epoch, stream } = await served(t)
  const query = `cursor=3&epoch=${'0'.repeat(36)}`
  for (const headers of [{ 'Last-Event-ID': '5' }, { Accept: 'text/event-stream' }]) {
    const { response, next, ended } = await stream(query, headers)
    assert.deepEqual([response.statusCode, response.headers['feed-epoch']], [200, epoch])
    const { event, data } = await next()
    const problem = JSON.parse(data) as { status: number; epoch: string; head: number }
    assert.deepEqual([event, problem.status, problem.epoch, problem.head], ['gone', 410, epoch, 6])
    await until('the stream to end', ended)
  }
  await assertProblem(await fetch(`${url}/events?${query}`), 410)
  await assertProblem(await fetch(`${url}/events?${query}`, { headers: { 'Last-Event-ID': '' } }), 410)
  await assertProblem(await fetch(`${url}/changes?${query}`, { headers: { 'Last-Event-ID': '5' } }), 410)
})

test('another database in the same place ends the stream with a word of what to do', async (t) => {
  const { feed, path, stream } = await served(t)
  const { next, ended } = await stream('cursor=4')
  assert.equal(shortly(await next()), 'changes 6 b -c')
  const other = openFeedWriter(`${path}.other`)
  t.after(() => other.close())
  other.put({ id: 'x' })
  feed.close()
  for (const suffix of ['-wal', '-shm']) rmSync(path + suffix, { force: true })
  for (const suffix of ['-wal', '-shm', '']) renameSync(`${path}.other${suffix}`, path + suffix)
  const { event, data } = await next()
  assert.equal(event, 'gone')
  const problem = JSON.parse(data) as { status: number; detail: string; head: number }
  assert.deepEqual([problem.status, problem.head], [410, 1])
  assert.match(problem.detail, /start again at cursor 0/)
  await until('the stream to end', ended)
})

test('while the database is away the stream stays, with heartbeats and a comment, and goes on when it is back', async (t) => {
  const { feed, path, watch, stream } = await served(t, { heartbeatMs: 50 })
  const { next, ended, comments } = await stream('cursor=4')
  assert.equal(shortly(await next()), 'changes 6 b -c')
  for (let times = 1; times <= 2; times += 1) {
    renameSync(path, `${path}.away`)
    await until('it to be said', () => comments().length === times * 2 - 1)
    assert.match(comments().at(-1) as string, /^: the database can not be read now/)
    const beats = [await next(), await next(), await next()]
    assert.deepEqual(
      new Set(beats.map(({ event, data }) => event + data)),
      new Set([`heartbeat{"cursor":${5 + times}}`]),
    )
    assert.equal(watch.seatsTaken(), 1)
    renameSync(`${path}.away`, path)
    feed.put({ id: 'd', size: times, parentId: 'media' })
    let event = await next()
    while (event.event === 'heartbeat') event = await next()
    assert.equal(shortly(event), `changes ${6 + times} d`)
    assert.equal(comments().length, times * 2)
  }
  assert.equal(ended(), false)
})

test('many streams whose database is there and can not be used open it no more often than one, and none is lost', async (t) => {
  let opens = 0
  const openFile = (path: string) => {
    opens += 1
    return openReader(path)
  }
  const { feed, watch, stream, log } = await served(t, { openFile })
  const streams = await Promise.all(Array.from({ length: 40 }, () => stream('cursor=6')))
  for (const { next } of streams) assert.equal((await next()).event, 'heartbeat')
  feed.sqlite.pragma('user_version = 99')
  await until('it to be said to all', () => streams.every(({ comments }) => comments().length === 1))
  const before = opens
  await sleep(2_500)
  assert.ok(opens > before && opens - before <= 8, `opened ${opens - before} times`)
  assert.equal(watch.seatsTaken(), 40)
  feed.sqlite.pragma(`user_version = ${SCHEMA_VERSION}`)
  feed.put({ id: 'd', parentId: 'media' })
  for (const { next } of streams) assert.equal(shortly(await next()), 'changes 7 d')
  const told = log.map(({ msg }) => msg.split(';')[0])
  assert.deepEqual(told, ['reading the database', 'the database can not be read', 'reading the database'])
})

test('a stream whose database is replaced while it is away hears that its cursor is gone', async (t) => {
  const { feed, path, stream } = await served(t)
  const { next, ended, comments } = await stream('cursor=6')
  await next()
  feed.close()
  renameSync(path, `${path}.before`)
  await until('it to be said', () => comments().length === 1)
  for (const suffix of ['-wal', '-shm']) rmSync(path + suffix, { force: true })
  const other = openFeedWriter(path)
  t.after(() => other.close())
  for (let n = 0; n < 9; n += 1) other.put({ id: `x${n}` })
  assert.equal((await next()).event, 'gone')
  await until('the stream to end', ended)
})

test('a service that stops while the database is away ends the stream', async (t) => {
  const { path, watch, stream } = await served(t)
  const { next, ended, comments } = await stream('cursor=6')
  await next()
  rmSync(path)
  await until('it to be said', () => comments().length === 1)
  watch.close()
  await until('the stream to end', ended)
})

test('when the service stops, streams end', async (t) => {
  const { watch, stream } = await served(t)
  const { next, ended } = await stream('cursor=4')
  await next()
  watch.close()
  await until('the stream to end', ended)
})

test('I10: a reader that does not read holds up no checkpoint, costs one page, and is closed after a while', async (t) => {
  const { feed, watch, url } = await served(t, { slowReaderMs: 1_000 })
  // Far more than sockets hold.
  feed.sqlite.transaction(() => {
    for (let n = 0; n < 60_000; n += 1) feed.put({ id: `file ${n}`, parentId: 'media' })
  })()
  const [response] = (await once(get(`${url}/events`, { agent: false }), 'response')) as [IncomingMessage]
  response.on('error', () => {})
  response.pause()
  let checkpoints = 0
  await until('it to be closed', () => {
    if (watch.seatsTaken() === 0) return true
    feed.put({ id: `later ${checkpoints}`, parentId: 'media' })
    const [checkpoint] = feed.sqlite.pragma('wal_checkpoint(TRUNCATE)') as { busy: number; log: number }[]
    assert.deepEqual([checkpoint?.busy, checkpoint?.log], [0, 0])
    checkpoints += 1
    return false
  })
  assert.ok(checkpoints > 0)
  response.destroy()
})

test('I13: a stream is of one run, and ids name it where the epoch was given', async (t) => {
  const { feed, epoch, stream } = await served(t)
  const beginRun = (digit: string) =>
    feed.sqlite.prepare('INSERT INTO runs VALUES (?, ?)').run(feed.head() + 1, digit.repeat(16))
  const first = await stream(`cursor=4&epoch=${epoch}`)
  assert.equal((await first.next()).id, '6', 'there is no run yet')
  feed.sqlite.transaction(() => {
    beginRun('1')
    feed.put({ id: 'd', parentId: 'media' })
  })()
  await until('the stream to end', first.ended)
  // As a browser comes again: with the address of before and the last id.
  const again = await stream(`cursor=4&epoch=${epoch}`, { 'Last-Event-ID': '6' })
  const { id } = await again.next()
  assert.equal(id, `7.${'1'.repeat(16)}`)
  feed.sqlite.transaction(() => {
    beginRun('2')
    feed.put({ id: 'e', parentId: 'media' })
  })()
  await until('the stream to end', again.ended)
  const inFirst = `${epoch}.${'1'.repeat(16)}`
  const later = await stream(`cursor=4&epoch=${inFirst}`, { 'Last-Event-ID': id })
  const news = await later.next()
  assert.equal(shortly(news), `changes 8.${'2'.repeat(16)} e`)
  feed.put({ id: 'f', parentId: 'media' })
  const fresh = await stream(`cursor=4&epoch=${inFirst}`, { 'Last-Event-ID': news.id })
  assert.equal(
    shortly(await fresh.next()),
    `changes 9.${'2'.repeat(16)} f`,
    'the run in the id counts, not the one in the address',
  )
  const plain = await stream('cursor=8')
  assert.equal((await plain.next()).id, '9')
  const unknown = await stream(`cursor=4&epoch=${epoch}`, { 'Last-Event-ID': `3.${'3'.repeat(16)}` })
  assert.equal((await unknown.next()).event, 'gone')
})

test('what a filter leaves out goes with the stream, and does not end it', async (t) => {
  const { feed, stream } = await served(t, { heartbeatMs: 100 })
  const { next } = await stream('cursor=6&under=photos')
  feed.put({ id: 'beside', parentId: 'media' })
  for (;;) {
    const { event, data } = await next()
    assert.equal(event, 'heartbeat')
    if ((JSON.parse(data) as { cursor: number }).cursor === 7) break
  }
  feed.put({ id: 'inside', parentId: 'photos' })
  for (;;) {
    const event = await next()
    if (event.event === 'heartbeat') continue
    assert.equal(shortly(event), 'changes 8 inside')
    break
  }
})
