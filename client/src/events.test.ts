/** Shows how the client follows an event stream, reconnects and stops, against a scripted server. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  brokenConnection,
  drain,
  gone,
  hastily,
  openStream,
  page,
  problem,
  type Reply,
  serveScript,
  stream,
  take,
} from '../../test/support/scripted-feed.ts'
import { createFeed, FeedGoneError } from './drive-feed.ts'

const event = (name: string, id: number, data: object) => `event: ${name}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`
const changes = (cursor: number, ids: readonly string[]) => event('changes', cursor, page(cursor, ids))
const heartbeat = (cursor: number) => event('heartbeat', cursor, { cursor })

test('pages come as events; a connection that ends is made again from the last whole one', async (t) => {
  const delaysMs: number[] = []
  const server = await serveScript(t, [
    stream(changes(3, ['a']), heartbeat(3), heartbeat(8), changes(9, ['b']).slice(0, -1)),
    brokenConnection,
    problem(503, {}, { 'Retry-After': '5' }),
    openStream(': a comment\n\n', event('of a later time', 8, {}), changes(9, ['b'])),
  ])
  const feed = createFeed({ url: server.url, surroundings: hastily(delaysMs) })
  const pages = await take(3, feed.events({ cursor: 1, epoch: 'one', type: 'file' }))
  assert.deepEqual(
    pages.map(({ cursor, changes: told, epoch }) => [cursor, told.length, epoch]),
    [
      [3, 1, 'one'],
      [8, 0, 'one'],
      [9, 1, 'one'],
    ],
  )
  assert.deepEqual(
    server.asked.map(({ path, query, headers }) => [path, query.type, query.epoch, headers['last-event-id']]),
    ['1', '8', '8', '8'].map((id) => ['/api/v1/events', 'file', 'one', id]),
  )
  // A whole event ends the row of failures.
  assert.deepEqual(delaysMs, [250, 500, 6_000])
  await server.untilClosed()
})

test('what an event says of its cursor goes with it, and with later ones', async (t) => {
  const withEpoch = event('changes', 3, { ...page(3, ['a'], true), epoch: 'one.of.3' })
  const server = await serveScript(t, [
    stream(changes(2, ['z']), withEpoch, changes(9, ['b'])),
    openStream(changes(10, ['c'])),
  ])
  const pages = await take(4, createFeed({ url: server.url, surroundings: hastily([]) }).events({ cursor: 1 }))
  assert.deepEqual(
    pages.map(({ cursor, epoch }) => `${cursor} ${epoch}`),
    ['2 one', '3 one.of.3', '9 one.of.3', '10 one'],
  )
  assert.equal(server.asked[1]?.query.epoch, 'one.of.3')
  await server.untilClosed()
})

test('gone, before the stream and in it, is an error of its own type', async (t) => {
  const inStream = stream(event('gone', 4, { epoch: 'two', head: 3, detail: 'start again' }))
  for (const reply of [gone, inStream]) {
    const server = await serveScript(t, [reply])
    const { error } = await drain(createFeed({ url: server.url }).events({ cursor: 4, epoch: 'one' }))
    assert.ok(error instanceof FeedGoneError)
    assert.deepEqual([error.epoch, error.head], ['two', 3])
  }
})

test('a stream that ends before it began is tried again, and not before the server wants', async (t) => {
  const delaysMs: number[] = []
  const notNow: Reply = (res) => stream('retry: 2000\n: not now\n\n')(res.setHeader('Retry-After', '5'))
  const server = await serveScript(t, [notNow, notNow, openStream(changes(9, ['b']))])
  const feed = createFeed({ url: server.url, surroundings: hastily(delaysMs) })
  assert.equal((await take(1, feed.events({ cursor: 1 })))[0]?.cursor, 9)
  assert.deepEqual(delaysMs, [5_250, 5_500])
  await server.untilClosed()
})

test('an abort closes the stream', async (t) => {
  const server = await serveScript(t, [openStream(changes(1, ['a']))])
  const ending = new AbortController()
  const reason = new Error('enough')
  const seen: number[] = []
  await assert.rejects(async () => {
    for await (const { cursor } of createFeed({ url: server.url }).events({ signal: ending.signal })) {
      seen.push(cursor)
      ending.abort(reason)
    }
  }, reason)
  assert.deepEqual(seen, [1])
  await server.untilClosed()
})

test('a caller that stops in the middle closes the stream too', async (t) => {
  const server = await serveScript(t, [openStream(changes(1, ['a']), changes(2, ['b']))])
  await take(1, createFeed({ url: server.url }).events())
  await server.untilClosed()
})
