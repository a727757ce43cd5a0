/** Shows the routes about nodes, folders and lists. Requests go to the app, on a small database. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'
import { assertProblem } from '../../../../test/support/assert-problem.ts'
import { smallFeed } from '../../../../test/support/small-feed.ts'

type Node = { id: string; name: string; path?: string | null }
type Listing = { nodes: Node[]; next_page: string | null }

async function served(t: TestContext) {
  const small = await smallFeed(t)
  const getJson = async <T>(path: string): Promise<T> => {
    const response = await fetch(small.url + path)
    assert.equal(response.status, 200, path)
    return (await response.json()) as T
  }
  const listed = async (path: string) => (await getJson<Listing>(path)).nodes.map(({ id }) => id)
  const refused = async (path: string, status: number) => assertProblem(await fetch(small.url + path), status)
  /** All pages, asked for one after another; `between` happens after each. */
  const pagesOf = async (path: string, between = () => {}): Promise<string[][]> => {
    const pages: string[][] = []
    for (let page: string | null = ''; page !== null; ) {
      const listing: Listing = await getJson(page === '' ? path : `${path}&page=${page}`)
      pages.push(listing.nodes.map(({ id }) => id))
      page = listing.next_page
      between()
    }
    return pages
  }
  return { ...small, getJson, listed, refused, pagesOf }
}

test('a node by its id, with its path where that is asked for', async (t) => {
  const { getJson, refused } = await served(t)
  const node = await getJson<Node>('/nodes/a')
  assert.deepEqual([node.name, 'path' in node], ['ä "1".jpg', false])
  assert.equal((await getJson<Node>('/nodes/a?include=path')).path, '/mnt/media/photos/ä "1".jpg')
  const root = await getJson<Node>(`/nodes/${SUPER_ROOT_ID}?include=path`)
  assert.deepEqual([root.name, root.path], ['', null])
  await refused('/nodes/c', 404)
  await refused('/nodes/a?include=everything', 400)
})

test('the children of a folder come by name, page by page', async (t) => {
  const { feed, listed, pagesOf, refused, getJson } = await served(t)
  assert.deepEqual(await listed('/nodes/media/children'), ['b', 'photos'])
  assert.deepEqual(await listed(`/nodes/${SUPER_ROOT_ID}/children`), ['media'])
  assert.deepEqual(await listed('/nodes/a/children'), [], 'a file has none')
  const names = ['Z', 'é', '😀', 'a', 'same', 'same', 'same', '~']
  for (const [n, name] of names.entries()) feed.put({ id: `f${n}`, parentId: 'photos', name })
  const sorted = ['f0', 'f3', 'f4', 'f5', 'f6', 'f7', 'a', 'f1', 'f2']
  assert.deepEqual(await listed('/nodes/photos/children'), sorted)
  for (const size of [1, 2, 4, 9]) {
    const pages = await pagesOf(`/nodes/photos/children?max_size=${size}`)
    assert.deepEqual(pages.flat(), sorted)
    assert.equal(pages.length, Math.ceil(sorted.length / size))
  }
  const { nodes } = await getJson<Listing>('/nodes/photos/children?include=path&max_size=1')
  assert.equal(nodes[0]?.path, '/mnt/media/photos/Z')
  await refused('/nodes/c/children', 404)
  for (const query of ['max_size=0', 'max_size=1001', 'max_size=x', 'page=', 'page=x', 'page=W10', 'page=WzEsMl0']) {
    await refused(`/nodes/photos/children?${query}`, 400)
  }
})

test('names of any kind and length are paged through, with every size of a page', async (t) => {
  const { feed, pagesOf } = await served(t)
  const names = [
    ...['\u0001', '\u001f', '\u007f', '"', '\\', '/', '%', '+', '&', '\n'].map((one) => one.repeat(255)),
    ...['\ufffdff', '\ufffd', 'é', '€', '😀'].map((one) => one.repeat(255)),
    ...['\ufeff', ' ', ''].map((one) => `${one}x`),
    // No disk holds these, but a database does.
    ...[
      'x'.repeat(9_000),
      'x'.repeat(9_001),
      `${'x'.repeat(9_000)}a`,
      `${'x'.repeat(9_000)}a`,
      '\u0001'.repeat(100_000),
    ],
  ]
  feed.put({ id: 'odd', isDirectory: true })
  const hash = '0123456789abcdef0123456789abcdef'
  for (const [n, name] of names.entries()) feed.put({ id: `f${n}`, parentId: 'odd', name, hash })
  const byName = [...names.entries()].sort(([m, a], [n, b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)) || m - n)
  const sorted = byName.map(([n]) => `f${n}`)
  for (let size = 1; size <= names.length; size += 1) {
    const pages = await pagesOf(`/nodes/odd/children?max_size=${size}`)
    assert.deepEqual([pages.flat(), pages.length], [sorted, Math.ceil(names.length / size)], String(size))
  }
  const pages = await pagesOf(`/nodes?hash=${hash}&max_size=1`)
  assert.deepEqual(
    pages.flat(),
    names.map((_, n) => `f${n}`),
  )
})

test('a name too long for a page that goes away meanwhile leaves nothing out', async (t) => {
  const { feed, pagesOf } = await served(t)
  const long = 'x'.repeat(5_000)
  for (const end of ['a', 'b', 'c', 'd']) feed.put({ id: `long-${end}`, parentId: 'media', name: long + end })
  let round = 0
  const pages = await pagesOf('/nodes/media/children?max_size=2', () => {
    round += 1
    if (round === 2) feed.remove('long-b')
  })
  assert.deepEqual(pages, [['b', 'photos'], ['long-a', 'long-b'], ['long-a', 'long-c'], ['long-d']])
})

test('what is written between two pages shifts nothing', async (t) => {
  const { feed, pagesOf } = await served(t)
  for (const name of ['b', 'd', 'f', 'h']) feed.put({ id: name, parentId: 'photos', name })
  let round = 0
  const pages = await pagesOf('/nodes/photos/children?max_size=2', () => {
    round += 1
    if (round !== 1) return
    feed.put({ id: 'first', parentId: 'photos', name: 'a' })
    feed.remove('b')
  })
  assert.deepEqual(pages, [['b', 'd'], ['f', 'h'], ['a']])
})

test('paths of many nodes at once', async (t) => {
  const { getJson, refused } = await served(t)
  const { paths } = await getJson<{ paths: object }>(`/paths?id=a&id=c&id=media&id=a&id=${SUPER_ROOT_ID}&id=__proto__`)
  assert.deepEqual(Object.entries(paths), [
    ['a', '/mnt/media/photos/ä "1".jpg'],
    ['c', null],
    ['media', '/mnt/media'],
    [SUPER_ROOT_ID, null],
    ['__proto__', null],
  ])
  await refused('/paths', 400)
  await refused('/paths?id=', 400)
  await refused(`/paths?${'id=a&'.repeat(101)}`, 400)
  assert.deepEqual(Object.keys((await getJson<{ paths: object }>(`/paths?${'id=a&'.repeat(100)}`)).paths), ['a'])
})

test('nodes by their path', async (t) => {
  const { feed, listed, refused } = await served(t)
  const found = (path: string) => listed(`/nodes?path=${encodeURIComponent(path)}`)
  for (const [path, ids] of [
    ['/mnt/media', ['media']],
    ['/mnt/media/', ['media']],
    ['/mnt/media/photos', ['photos']],
    ['/mnt/media/photos/ä "1".jpg', ['a']],
    ['/mnt/media/c.txt', []],
    ['/mnt/media/b.txt/more', []],
    ['/mnt/media/../media', []],
    ['/mnt/mediaphotos', []],
    ['/mnt', []],
    ['/', []],
  ] as const) {
    assert.deepEqual(await found(path), ids, path)
  }
  feed.sqlite.exec("UPDATE watch_roots SET path = '/'")
  assert.deepEqual(await found('/photos'), ['photos'])
  assert.deepEqual(await found('/'), ['media'])
  await refused('/nodes', 400)
  await refused('/nodes?path=relative', 400)
  await refused('/nodes?path=/a&hash=00000000000000000000000000000000', 400)
})

test('files by what they hold, page by page', async (t) => {
  const { feed, getJson, listed, pagesOf, refused } = await served(t)
  const hash = '0123456789abcdef0123456789abcdef'
  assert.deepEqual(await listed(`/nodes?hash=${hash}`), [])
  for (let n = 0; n < 5; n += 1) feed.put({ id: `f${n}`, parentId: 'photos', hash })
  feed.put({ id: 'other', parentId: 'photos', hash: hash.replace('0', '1') })
  const all = ['f0', 'f1', 'f2', 'f3', 'f4']
  assert.deepEqual(await listed(`/nodes?hash=${hash.toUpperCase()}`), all)
  assert.deepEqual(await pagesOf(`/nodes?max_size=2&hash=${hash}`), [all.slice(0, 2), all.slice(2, 4), all.slice(4)])
  const { nodes } = await getJson<Listing>(`/nodes?include=path&hash=${hash}&max_size=1`)
  assert.equal(nodes[0]?.path, '/mnt/media/photos/f0')
  await refused('/nodes?hash=', 400)
  await refused(`/nodes?hash=${hash}0`, 400)
})
