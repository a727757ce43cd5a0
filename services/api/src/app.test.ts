/**
 * Holds the app to the wire contract: keys and their order, statuses and headers. Requests go to the app in this
 * process over a real socket, on a small database.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'
import { assertProblem } from '../../../test/support/assert-problem.ts'
import { openFeedWriter } from '../../../test/support/feed-writer.ts'
import { serveFeed } from '../../../test/support/serve-feed.ts'
import { smallFeed } from '../../../test/support/small-feed.ts'
import { temporaryFolder } from '../../../test/support/temporary-folder.ts'

type Answer = {
  cursor: number
  changes: { removed: boolean; node?: { id: string }; node_id?: string }[]
  has_more: boolean
}

async function getChanges(url: string, query = ''): Promise<Answer> {
  const response = await fetch(`${url}/changes${query}`)
  assert.equal(response.status, 200)
  assert.equal(response.headers.get('content-type'), 'application/json; charset=utf-8')
  return (await response.json()) as Answer
}

/** The answer in short: ids, a minus before those removed. */
function idsOf({ changes }: Answer): string {
  return changes.map((change) => (change.removed ? `-${change.node_id}` : change.node?.id)).join(' ')
}

test('a new database has cursor 0, no changes, and a super-root', async (t) => {
  const path = join(temporaryFolder(t), 'feed.db')
  const feed = openFeedWriter(path)
  t.after(() => feed.close())
  const { url } = await serveFeed(t, path)
  assert.equal(await (await fetch(`${url}/cursor`)).text(), '{"cursor":0}')
  assert.equal(await (await fetch(`${url}/changes`)).text(), '{"cursor":0,"changes":[],"has_more":false}')
  assert.equal(await (await fetch(`${url}/changes?max_size=5`)).text(), '{"cursor":0,"changes":[],"has_more":false}')
  assert.equal(
    await (await fetch(`${url}/root`)).text(),
    `{"id":"${SUPER_ROOT_ID}","parent_id":null,"name":"","is_directory":true,` +
      '"ctime":"1970-01-01T00:00:00+00:00","mtime":"1970-01-01T00:00:00+00:00","mime_type":"","hash":"","size":0,' +
      '"is_image":false,"is_video":false,"width":0,"height":0,"ms_duration":0}',
  )
})

test('changes are byte for byte those of the contract', async (t) => {
  const { url } = await smallFeed(t)
  const text = await (await fetch(`${url}/changes?cursor=4`)).text()
  assert.equal(
    text,
    '{"cursor":6,"changes":[{"removed":false,"node":{"id":"b","parent_id":"media","name":"b.txt","is_directory":false,' +
      '"ctime":"1970-01-01T00:00:00+00:00","mtime":"1970-01-01T00:00:00+00:00","mime_type":"","hash":"","size":0,' +
      '"is_image":false,"is_video":false,"width":0,"height":0,"ms_duration":0}},' +
      '{"removed":true,"node_id":"c"}],"has_more":false}',
  )
})

const answers: readonly (readonly [query: string, ids: string, cursor: number, hasMore: boolean])[] = [
  ['', 'media photos a b', 6, false],
  ['?cursor=0', 'media photos a b', 6, false],
  ['?cursor=-7', 'media photos a b', 6, false],
  ['?cursor=%2B3', 'b', 6, false],
  ['?cursor=4', 'b -c', 6, false],
  ['?cursor=5', '-c', 6, false],
  ['?cursor=6', '', 6, false],
  ['?cursor=7', '', 6, false],
  ['?cursor=9007199254740991', '', 6, false],
  ['?max_size=1', 'media', 1, true],
  ['?max_size=3', 'media photos a', 3, true],
  ['?max_size=4', 'media photos a b', 6, false],
  ['?cursor=4&max_size=1', 'b', 5, true],
  ['?cursor=5&max_size=1', '-c', 6, false],
  ['?cursor=6&max_size=1', '', 6, false],
  ['?cursor=7&max_size=1', '', 6, false],
  ['?max_size=0', 'media photos a b', 6, false],
  ['?max_size=20000', 'media photos a b', 6, false],
  ['?max_size=1&max_size=1', 'media photos a b', 6, false],
  ['?max_size=&other=1', 'media photos a b', 6, false],
]

test('what /changes answers to its parameters', async (t) => {
  const { url } = await smallFeed(t)
  for (const [query, ids, cursor, hasMore] of answers) {
    const answer = await getChanges(url, query)
    assert.deepEqual([idsOf(answer), answer.cursor, answer.has_more], [ids, cursor, hasMore], `/changes${query}`)
  }
})

test('a max_size that makes no sense is a page of 1,000', async (t) => {
  const { feed, url } = await smallFeed(t)
  feed.sqlite.transaction(() => {
    for (let n = 0; n < 1_500; n += 1) feed.put({ id: `f${n}`, parentId: 'media' })
  })()
  for (const maxSize of ['0', '-1', '10001', '20000', 'all', '', '1.5']) {
    const answer = await getChanges(url, `?max_size=${maxSize}`)
    assert.deepEqual([answer.changes.length, answer.has_more], [1_000, true], `max_size=${maxSize}`)
  }
  assert.equal((await getChanges(url, '?max_size=10000')).changes.length, 1_504)
  assert.equal((await getChanges(url)).changes.length, 1_504)
})

test('paths go from the watched folder to the node', async (t) => {
  const { url } = await smallFeed(t)
  for (const [id, path] of [
    ['media', '/mnt/media'],
    ['photos', '/mnt/media/photos'],
    ['a', '/mnt/media/photos/ä "1".jpg'],
  ]) {
    assert.deepEqual(await (await fetch(`${url}/nodes/${id}/path`)).json(), { path })
  }
})

test('a node below no watched folder has no path yet', async (t) => {
  const { feed, url } = await smallFeed(t)
  feed.put({ id: 'lost', parentId: 'gone' })
  const response = await fetch(`${url}/nodes/lost/path`)
  assert.ok(response.headers.has('retry-after'))
  await assertProblem(response, 503)
})

const problems: readonly (readonly [method: string, path: string, status: number])[] = [
  ['GET', '/changes?cursor=', 400],
  ['GET', '/changes?cursor=abc', 400],
  ['GET', '/changes?cursor=1.5', 400],
  ['GET', '/changes?cursor=1e3', 400],
  ['GET', '/changes?cursor=%ZZ', 400],
  ['GET', '/changes?cursor=1&cursor=1', 400],
  ['GET', '/changes?cursor=9007199254740992', 400],
  ['GET', `/nodes/${SUPER_ROOT_ID}/path`, 400],
  ['GET', '/nodes/%E0%A4%A/path', 400],
  ['GET', '/nodes/c/path', 404],
  ['GET', '/nodes/%00/path', 404],
  ['GET', '/nodes/..%2F..%2Fetc/path', 404],
  ['GET', "/nodes/'%20OR%201=1/path", 404],
  ['GET', '/nodes/c', 404],
  ['GET', '/nodes//path', 404],
  ['GET', '/Cursor', 404],
  ['GET', '/cursors', 404],
  ['GET', '', 404],
  ['POST', '/nothing', 404],
  ['POST', '/cursor', 405],
  ['PUT', '/changes?cursor=abc', 405],
  ['DELETE', '/root', 405],
  ['PATCH', '/nodes/a/path', 405],
  ['OPTIONS', '/cursor', 405],
]

test('errors are problems', async (t) => {
  const { url, log } = await smallFeed(t)
  for (const [method, path, status] of problems) {
    const response = await fetch(`${url}${path}`, { method })
    await assertProblem(response, status).catch((error: Error) => {
      throw new Error(`${method} ${path}: ${error.message}`)
    })
    assert.equal(response.headers.get('allow'), status === 405 ? 'GET, HEAD' : null)
  }
  assert.deepEqual(
    log.map((line) => line.msg),
    ['reading the database'],
    'and no noise in the log',
  )
})

test('HEAD is GET without the body', async (t) => {
  const { url } = await smallFeed(t)
  for (const [path, status] of [
    ['/cursor', 200],
    ['/changes', 200],
    ['/root', 200],
    ['/nodes/a/path', 200],
    ['/changes?cursor=abc', 400],
    ['/nothing', 404],
  ] as const) {
    const response = await fetch(`${url}${path}`, { method: 'HEAD' })
    assert.equal(response.status, status)
    assert.equal(await response.text(), '')
  }
})

test('answers say nothing of the server, and are asked for again before they are used', async (t) => {
  const { url } = await smallFeed(t)
  for (const [path, cacheControl] of [
    ['/cursor', 'no-cache'],
    ['/changes', 'no-cache'],
    ['/root', 'no-cache'],
    ['/nothing', 'no-store'],
  ] as const) {
    const { headers } = await fetch(`${url}${path}`)
    assert.equal(headers.get('x-powered-by'), null)
    assert.equal(headers.get('cache-control'), cacheControl)
    assert.equal(headers.has('etag'), cacheControl === 'no-cache')
  }
})

test('a damaged feed gives 503, or cuts the answer, instead of leaving something out', async (t) => {
  const { feed, url, log } = await smallFeed(t)
  feed.sqlite.exec("UPDATE nodes SET change_id = 1 WHERE node_id = 'b'")
  await assertProblem(await fetch(`${url}/changes`), 503)
  assert.ok(log.some((line) => line.level === 50))
  feed.sqlite.transaction(() => {
    for (let n = 0; n < 2_000; n += 1) feed.put({ id: `f${n}`, parentId: 'media' })
    feed.sqlite.exec("DELETE FROM nodes WHERE node_id = 'f1900'")
  })()
  await assert.rejects(fetch(`${url}/changes?cursor=6`).then((response) => response.text()))
})

test('a damaged epoch gives 503, also one that is not fit for a header', async (t) => {
  const { feed, url } = await smallFeed(t)
  for (const epoch of ['', 'x', `00000000-0000-0000-0000-00000000000\u0012`]) {
    feed.sqlite.prepare('UPDATE feed SET epoch = ?').run(epoch)
    for (const path of ['/cursor', '/changes', '/root', '/nodes/b/path'])
      await assertProblem(await fetch(url + path), 503)
  }
})

test('a client that goes away in the middle of an answer leaves nothing behind', async (t) => {
  const { feed, url } = await smallFeed(t)
  feed.sqlite.transaction(() => {
    for (let n = 0; n < 40_000; n += 1) feed.put({ id: `f${n}`, parentId: 'media' })
  })()
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.write('GET /api/v1/changes HTTP/1.1\r\nHost: x\r\n\r\n')
  await once(socket, 'data')
  socket.destroy()
  assert.equal((await getChanges(url, '?max_size=1')).has_more, true)
})
