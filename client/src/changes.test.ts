/**
 * Shows how the client reads pages, waits and retries. A scripted server answers each request from a list and records
 * what it was asked; delays are recorded, not waited for.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  brokenConnection,
  cut,
  drain,
  gone,
  hastily,
  json,
  page,
  problem,
  type Reply,
  serveScript,
  take,
} from '../../test/support/scripted-feed.ts'
import { createFeed, FeedGoneError, FeedRequestError } from './drive-feed.ts'

test('pages are asked for one after another, from the cursor of the one before, until there are no more', async (t) => {
  const server = await serveScript(t, [json(page(3, ['a', 'b'], true)), json(page(7, ['-a']))])
  const { items, error } = await drain(createFeed({ url: server.url }).changes({ cursor: 1, maxSize: 2 }))
  assert.equal(error, null)
  assert.deepEqual(
    items.map(({ cursor, changes }) => [cursor, changes.length]),
    [
      [3, 2],
      [7, 1],
    ],
  )
  assert.deepEqual(items[0]?.epoch, 'one')
  assert.deepEqual(
    server.asked.map(({ path, query }) => [path, query.cursor, query.epoch, query.max_size, query.wait]),
    [
      ['/api/v1/changes', '1', undefined, '2', undefined],
      ['/api/v1/changes', '3', 'one', '2', undefined],
    ],
  )
})

test('what is asked for is sent: the view, the wait, the token, under the path of the url', async (t) => {
  const server = await serveScript(t, [json(page(1))])
  const feed = createFeed({ url: `${server.url}/nas/`, token: 'secret' })
  const view = { include: 'path', under: 'x', type: 'file', settled: true } as const
  await take(1, feed.changes({ cursor: 0, epoch: 'of another time', wait: 30, ...view }))
  const [asked] = server.asked
  assert.equal(asked?.path, '/nas/api/v1/changes')
  // The beginning is one in every database, so the epoch is left out.
  const expected = {
    cursor: '0',
    max_size: '1000',
    wait: '30',
    include: 'path',
    under: 'x',
    type: 'file',
    settled: '1',
  }
  assert.deepEqual(asked?.query, expected)
  assert.equal(asked?.headers.authorization, 'Bearer secret')
})

test('with wait it goes on for ever; an empty answer is not shown unless it is the first or has a new cursor', async (t) => {
  const script = [page(2), page(2), page(2), page(4), page(5, ['a'])].map((body) => json(body))
  const server = await serveScript(t, script)
  const pages = await take(3, createFeed({ url: server.url }).changes({ cursor: 2, wait: 30 }))
  assert.deepEqual(
    pages.map(({ cursor }) => cursor),
    [2, 4, 5],
  )
})

test('a server that does not wait, as the original, is not asked without a pause', async (t) => {
  const delaysMs: number[] = []
  const script = [page(2), page(2), page(3, ['a'])].map((body) => json(body, {}))
  const server = await serveScript(t, script)
  const feed = createFeed({ url: server.url, surroundings: hastily(delaysMs) })
  await take(2, feed.changes({ cursor: 2, wait: 10 }))
  assert.deepEqual(delaysMs, [10_000, 10_000])
})

test('a broken connection, a cut answer and a busy server are tried again, later each time', async (t) => {
  const delaysMs: number[] = []
  const failures: number[] = []
  const server = await serveScript(t, [
    brokenConnection,
    cut,
    problem(503, {}, { 'Retry-After': '7' }),
    problem(502, {}),
    json(page(1, ['a'])),
  ])
  const onRetry = ({ attempt }: { attempt: number }) => void failures.push(attempt)
  const feed = createFeed({ url: server.url, surroundings: hastily(delaysMs), retry: { onRetry } })
  const { items } = await drain(feed.changes())
  assert.equal(items[0]?.changes.length, 1)
  // Half of 500, 1,000, 2,000 and 4,000 ms, after the seconds that the server asked for.
  assert.deepEqual(delaysMs, [250, 500, 8_000, 2_000])
  assert.deepEqual(failures, [1, 2, 3, 4])
})

test('a refusal is not tried again', async (t) => {
  const server = await serveScript(t, [problem(400, { detail: 'cursor must be one integer' })])
  const { error } = await drain(createFeed({ url: server.url }).changes())
  assert.ok(error instanceof FeedRequestError)
  assert.equal(error.status, 400)
  assert.match(error.message, /changes: 400 cursor must be one integer/)
  assert.equal(server.asked.length, 1)
})

test('something else than a feed is named as such', async (t) => {
  const html = (res: import('node:http').ServerResponse) =>
    res.writeHead(200, { 'Content-Type': 'text/html' }).end('<html>')
  const server = await serveScript(t, [(res) => void html(res)])
  const { error } = await drain(createFeed({ url: server.url }).changes())
  assert.match(String(error), /does not look like a drive-feed: it sent text\/html/)
})

test('410 is an error of its own type, with the database that answers now', async (t) => {
  const server = await serveScript(t, [json(page(5, ['a'], true)), gone])
  const { items, error } = await drain(createFeed({ url: server.url }).changes({ cursor: 4, epoch: 'one' }))
  assert.equal(items.length, 1)
  assert.ok(error instanceof FeedGoneError)
  assert.deepEqual([error.epoch, error.head, error.message], ['two', 3, 'start again at cursor 0'])
})

test('an abort ends a request that waits, and a pause between two attempts, with its reason', async (t) => {
  const silent = await serveScript(t, [() => {}])
  const [ending, reason] = [new AbortController(), new Error('enough')]
  const waiting = drain(createFeed({ url: silent.url }).changes({ wait: 55, signal: ending.signal }))
  while (silent.asked.length === 0) await new Promise((resolve) => setImmediate(resolve))
  ending.abort(reason)
  assert.equal((await waiting).error, reason)
  await silent.untilClosed()

  const busy = await serveScript(t, [problem(503, {}, { 'Retry-After': '3600' })])
  const pausing = new AbortController()
  const retry = { onRetry: () => setImmediate(() => pausing.abort(reason)) }
  const { error } = await drain(createFeed({ url: busy.url, retry }).changes({ signal: pausing.signal }))
  assert.equal(error, reason)
})

test('an answer that does not come in time is asked for again', async (t) => {
  // On a busy machine a good answer may come too late as well.
  const server = await serveScript(t, [() => {}, ...Array<Reply>(20).fill(json(page(1, ['a'])))])
  const feed = createFeed({ url: server.url, timeoutMs: 100, surroundings: hastily([]) })
  const { items } = await drain(feed.changes())
  assert.equal(items.length, 1)
})
