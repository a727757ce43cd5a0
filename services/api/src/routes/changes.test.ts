/**
 * Shows what `/changes` does beyond the parameters of the original program: paths, filters, long polls, tags and
 * epochs. Requests go to the app over a real socket.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { rmSync } from 'node:fs'
import { get } from 'node:http'
import { connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { assertProblem } from '../../../../test/support/assert-problem.ts'
import type { ServeOptions } from '../../../../test/support/serve-feed.ts'
import { smallFeed } from '../../../../test/support/small-feed.ts'
import { until } from '../../../../test/support/until.ts'

type Page = {
  cursor: number
  changes: { removed: boolean; node?: { id: string; path?: string | null }; node_id?: string }[]
  has_more: boolean
}

async function served(t: TestContext, options: ServeOptions = {}) {
  const small = await smallFeed(t, options)
  const ask = async (query: string, init: RequestInit = {}): Promise<Page> => {
    const response = await fetch(`${small.url}/changes?${query}`, init)
    assert.equal(response.status, 200, query)
    return (await response.json()) as Page
  }
  /** In short: ids, a minus before those removed, and the cursor. */
  const shortly = async (query: string) => {
    const { changes, cursor } = await ask(query)
    return `${changes.map((one) => (one.removed ? `-${one.node_id}` : one.node?.id)).join(' ')} @${cursor}`
  }
  const seated = (count: number) => until(`${count} to wait`, () => small.watch.seatsTaken() === count)
  return { ...small, ask, shortly, seated }
}

test('wait: what is there is answered at once, also with a page and has_more', async (t) => {
  const { ask, shortly } = await served(t)
  assert.equal(await shortly('cursor=4&wait=30'), 'b -c @6')
  assert.equal((await ask('max_size=2&wait=30')).has_more, true)
})

test('wait: an answer comes with the next change', async (t) => {
  const { feed, shortly, seated } = await served(t)
  const answers = [shortly('cursor=6&wait=30'), shortly('cursor=6&wait=30&max_size=1')]
  await seated(2)
  feed.put({ id: 'd', parentId: 'media' })
  assert.deepEqual(await Promise.all(answers), ['d @7', 'd @7'])
  await seated(0)
})

test('wait: with nothing to tell it is the same cursor and an empty list', async (t) => {
  const { url } = await served(t)
  const text = await (await fetch(`${url}/changes?cursor=6&wait=0.05`)).text()
  assert.equal(text, '{"cursor":6,"changes":[],"has_more":false}')
})

test('wait: what is created and removed meanwhile is nothing to wake for, and the cursor goes past it', async (t) => {
  const { feed, shortly, seated } = await served(t)
  const answer = shortly('cursor=6&wait=30')
  await seated(1)
  feed.sqlite.transaction(() => {
    feed.put({ id: 'd', parentId: 'media' })
    feed.remove('d')
  })()
  const late = shortly('cursor=6&wait=0.05')
  assert.equal(await late, ' @8')
  await seated(1)
  feed.put({ id: 'e', parentId: 'media' })
  assert.equal(await answer, 'e @9')
})

test('wait: with a filter it goes on until something is visible', async (t) => {
  const { feed, shortly, seated } = await served(t)
  const answers = ['under=photos', 'type=directory', 'settled=1'].map((filter) => shortly(`cursor=6&wait=30&${filter}`))
  await seated(3)
  feed.put({ id: 'd', parentId: 'media', isPending: true })
  assert.equal(await shortly('cursor=6&wait=0.05&settled=1'), ' @7')
  await seated(3)
  feed.put({ id: 'd', parentId: 'media', hash: 'h' })
  assert.equal(await answers[2], 'd @8')
  feed.put({ id: 'e', parentId: 'photos', isDirectory: true })
  assert.deepEqual(await Promise.all(answers.slice(0, 2)), ['e @9', 'e @9'])
})

test('wait: a cursor of another database is not waited on', async (t) => {
  const { shortly } = await served(t)
  assert.equal(await shortly('cursor=99&wait=30'), ' @6')
})

test('wait: a client that goes away frees its seat at once; when all are taken, others get 503', async (t) => {
  const { url, shortly, seated, feed } = await served(t, { seats: 1 })
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.write('GET /api/v1/changes?cursor=6&wait=50 HTTP/1.1\r\nHost: x\r\n\r\n')
  await seated(1)
  const response = await fetch(`${url}/changes?cursor=6&wait=50`)
  assert.match(response.headers.get('retry-after') ?? '', /^[1-9]\d*$/)
  await assertProblem(response, 503)
  assert.equal(await shortly('cursor=5&wait=50'), '-c @6', 'who need not wait needs no seat')
  socket.destroy()
  await seated(0)
  const answer = shortly('cursor=6&wait=30')
  await seated(1)
  feed.put({ id: 'd', parentId: 'media' })
  assert.equal(await answer, 'd @7')
})

test('wait: when the database goes away meanwhile, the answer is 503', async (t) => {
  const { url, path, seated } = await served(t)
  const answer = fetch(`${url}/changes?cursor=6&wait=50`)
  await seated(1)
  rmSync(path)
  await assertProblem(await answer, 503)
  await seated(0)
})

test('wait: when the service stops, everyone gets an answer', async (t) => {
  const { watch, shortly, seated } = await served(t)
  const answer = shortly('cursor=6&wait=50')
  await seated(1)
  watch.close()
  assert.equal(await answer, ' @6')
})

test('every answer from the feed says which feed it is and where it ends', async (t) => {
  const { url, epoch, feed } = await served(t)
  const answers = [
    '/cursor',
    '/changes',
    '/root',
    '/nodes/a',
    '/nodes/a/path',
    '/nodes/nothing',
    '/changes?cursor=1&epoch=x',
  ]
  for (const path of answers) {
    const { headers } = await fetch(url + path)
    assert.deepEqual([headers.get('feed-epoch'), headers.get('feed-head')], [epoch, '6'], path)
  }
  feed.put({ id: 'd' })
  assert.equal((await fetch(`${url}/cursor`, { method: 'HEAD' })).headers.get('feed-head'), '7')
})

test('epoch: 410 for a cursor of another database, or beyond the end; 0 is always good', async (t) => {
  const { url, epoch, shortly } = await served(t)
  for (const query of ['cursor=3&epoch=another', `cursor=7&epoch=${epoch}`, 'cursor=3&epoch=another&wait=30']) {
    const problem = await assertProblem(await fetch(`${url}/changes?${query}`), 410)
    assert.deepEqual([problem.epoch, problem.head], [epoch, 6])
    assert.match(problem.detail, /start again at cursor 0/)
  }
  assert.equal(await shortly(`cursor=4&epoch=${epoch}`), 'b -c @6')
  assert.equal(await shortly('cursor=0&epoch=another&max_size=1'), 'media @1')
  assert.equal(await shortly('cursor=7'), ' @6', 'who names no epoch is served as before')
})

test('filters and paths', async (t) => {
  const { ask, shortly, feed } = await served(t)
  for (const [query, answer] of [
    ['under=photos', 'photos a @6'],
    ['under=media', 'media photos a b @6'],
    ['under=nothing', ' @6'],
    ['under=nothing&cursor=4', '-c @6'],
    ['type=file', 'a b @6'],
    ['type=directory', 'media photos @6'],
    ['type=directory&max_size=1', 'media @1'],
    ['type=directory&max_size=2', 'media photos @6'],
    ['settled=0&type=file', 'a b @6'],
  ] as const) {
    assert.equal(await shortly(query), answer, query)
  }
  feed.put({ id: 'd', parentId: 'photos', isPending: true })
  assert.equal(await shortly('under=photos&settled=1'), 'photos a @7')
  feed.move('a', 'media', 'moved')
  assert.equal(await shortly('cursor=7&under=photos'), '-a @8')
  const { changes } = await ask('include=path&type=file')
  assert.deepEqual(
    changes.map(({ node }) => [node?.path, Object.keys(node ?? {}).at(-1)]),
    [
      ['/mnt/media/b.txt', 'path'],
      ['/mnt/media/photos/d', 'path'],
      ['/mnt/media/moved', 'path'],
    ],
  )
})

test('a tag: what is still the same answer is 304, whatever else has happened on the way', async (t) => {
  const { url, feed } = await served(t)
  const tagOf = async (query: string, headers: Record<string, string> = {}) => {
    const response = await fetch(`${url}/changes?${query}`, { headers })
    const text = await response.text()
    return { tag: response.headers.get('etag') ?? '', status: response.status, text }
  }
  const first = await tagOf('cursor=0')
  assert.match(first.tag, /^"[\w-]+"$/)
  const again = await tagOf('cursor=0', { 'If-None-Match': `"other", ${first.tag}` })
  assert.deepEqual([again.status, again.text, again.tag], [304, '', first.tag])
  assert.notEqual((await tagOf('cursor=1')).tag, first.tag)
  assert.notEqual((await tagOf('cursor=0', { 'Accept-Encoding': 'identity' })).tag, first.tag)
  feed.put({ id: 'd' })
  const later = await tagOf('cursor=0', { 'If-None-Match': first.tag })
  assert.equal(later.status, 200)
  feed.sqlite.exec("UPDATE watch_roots SET path = '/mnt/elsewhere'")
  assert.equal((await tagOf('cursor=0', { 'If-None-Match': later.tag })).status, 200, 'the paths are others')
  assert.equal((await fetch(`${url}/changes?cursor=x`)).headers.get('etag'), null)
})

test('an answer is packed for who takes it, whether short or long', async (t) => {
  const { url, feed } = await served(t)
  feed.sqlite.transaction(() => {
    for (let n = 0; n < 1_000; n += 1) feed.put({ id: `f${n}`, parentId: 'media' })
  })()
  const answers = ['cursor=0', 'cursor=0&max_size=20', 'cursor=1005'].map(async (query) => {
    const plain = await rawAnswer(`${url}/changes?${query}`, 'identity')
    const packed = await rawAnswer(`${url}/changes?${query}`, 'br;q=1, gzip;q=0.5')
    return [plain.encoding, packed.encoding, packed.bytes < plain.bytes, packed.vary]
  })
  assert.deepEqual(await Promise.all(answers), [
    [undefined, 'gzip', true, 'Accept-Encoding'],
    [undefined, 'gzip', true, 'Accept-Encoding'],
    [undefined, undefined, false, 'Accept-Encoding'],
  ])
  for (const encoding of ['', 'br', 'gzip;q=0', '*;q=0, identity', 'nonsense']) {
    assert.equal((await rawAnswer(`${url}/changes`, encoding)).encoding, undefined, encoding)
  }
  const unpacked = (await (await fetch(`${url}/changes`)).json()) as Page
  assert.equal(unpacked.changes.length, 1_004)
})

async function rawAnswer(url: string, encoding: string) {
  const [response] = await once(get(url, { headers: { 'Accept-Encoding': encoding } }), 'response')
  let bytes = 0
  for await (const chunk of response) bytes += chunk.length
  return { bytes, encoding: response.headers['content-encoding'], vary: response.headers.vary }
}
