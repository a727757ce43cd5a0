/**
 * Shows that trees deeper than a path are answered correctly, and that no read climbs far. The reads of the app are
 * counted.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { countingReads } from '../../../../test/support/counting-reads.ts'
import { openFeedWriter } from '../../../../test/support/feed-writer.ts'
import { serveFeed } from '../../../../test/support/serve-feed.ts'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { until } from '../../../../test/support/until.ts'

/** One way down, with files at its end; and many others, each with one file at its end. */
const DEPTH = 5_000
const FILES = 300
const [BRANCHES, BRANCH_DEPTH] = [12, 1_000]
/** What one read may climb, and the query that it is in. */
const FOLDERS_MAX = 2_500

type Named = { id: string; path: string }

async function deepFeed(t: TestContext) {
  const path = join(temporaryFolder(t), 'feed.db')
  const feed = openFeedWriter(path)
  t.after(() => feed.close())
  feed.watch('media', '/mnt')
  const chain = (prefix: string, depth: number) => {
    for (let level = 0; level < depth; level += 1) {
      feed.put({
        id: `${prefix}${level}`,
        parentId: level === 0 ? 'media' : `${prefix}${level - 1}`,
        name: prefix,
        isDirectory: true,
      })
    }
  }
  feed.sqlite.transaction(() => {
    feed.put({ id: 'media', isDirectory: true })
    feed.put({ id: 'other', parentId: 'media', isDirectory: true })
    chain('d', DEPTH)
    for (let branch = 0; branch < BRANCHES; branch += 1) chain(`b${branch}-`, BRANCH_DEPTH)
  })()
  const before = feed.head()
  feed.sqlite.transaction(() => {
    for (let n = 0; n < FILES; n += 1) feed.put({ id: `f${n}`, parentId: `d${DEPTH - 1}`, hash: 'd'.repeat(32) })
    for (let branch = 0; branch < BRANCHES; branch += 1) {
      feed.put({ id: `g${branch}`, parentId: `b${branch}-${BRANCH_DEPTH - 1}`, hash: 'b'.repeat(32) })
    }
  })()
  const counts = { rows: 0, foldersMax: 0, reads: 0 }
  const { url, watch } = await serveFeed(t, path, { through: (source) => countingReads(source, counts) })
  const ask = async <T>(query: string): Promise<T> => {
    const response = await fetch(`${url}/${query}`)
    assert.equal(response.status, 200, query)
    return (await response.json()) as T
  }
  return { feed, before, counts, watch, ask }
}

const pathOfFile = (n: number) => `/mnt${'/d'.repeat(DEPTH)}/f${n}`
const pathOfBranch = (n: number) => `/mnt${`/b${n}-`.repeat(BRANCH_DEPTH)}/g${n}`

test('deeper than 4,096 levels: every answer is right, and a climb is several reads', async (t) => {
  const { before, counts, ask } = await deepFeed(t)
  const changes = (query: string) =>
    ask<{ changes: { node: Named }[]; cursor: number; has_more: boolean }>(`changes?cursor=${before}&${query}`)
  assert.deepEqual((await changes('under=other')).changes, [])
  assert.equal((await changes('under=d0')).changes.length, FILES)
  assert.equal((await changes('under=b3-0')).changes[0]?.node.id, 'g3')
  for (const size of ['', '&max_size=1000']) {
    const { changes: all } = await changes(`include=path${size}`)
    assert.deepEqual(
      all.map(({ node }) => node.path),
      [
        ...Array.from({ length: FILES }, (_, n) => pathOfFile(n)),
        ...Array.from({ length: BRANCHES }, (_, n) => pathOfBranch(n)),
      ],
    )
  }
  const page = await changes(`include=path&max_size=${FILES + 2}`)
  assert.deepEqual([page.changes.length, page.has_more], [FILES + 2, true])
  const children = await ask<{ nodes: Named[] }>(`nodes/d${DEPTH - 1}/children?include=path`)
  assert.deepEqual(
    children.nodes.map(({ path }) => path).sort(),
    Array.from({ length: FILES }, (_, n) => pathOfFile(n)).sort(),
  )
  const withHash = await ask<{ nodes: Named[] }>(`nodes?hash=${'b'.repeat(32)}&include=path`)
  assert.deepEqual(
    withHash.nodes.map(({ path }) => path),
    Array.from({ length: BRANCHES }, (_, n) => pathOfBranch(n)),
  )
  const ids = Array.from({ length: BRANCHES }, (_, n) => `id=g${n}`).join('&')
  const { paths } = await ask<{ paths: Record<string, string | null> }>(`paths?${ids}&id=f7&id=none`)
  assert.deepEqual([paths.g11, paths.f7, paths.none], [pathOfBranch(11), pathOfFile(7), null])
  const path = `/mnt${'/d'.repeat(3_000)}`
  assert.equal((await ask<{ nodes: Named[] }>(`nodes?path=${path}`)).nodes[0]?.id, 'd2999')
  assert.ok(counts.foldersMax >= 2_000 && counts.foldersMax <= FOLDERS_MAX, `${counts.foldersMax} folders`)
})

test('deeper than 4,096 levels: who waits is woken by what is below, and by nothing else', async (t) => {
  const { feed, counts, watch, ask } = await deepFeed(t)
  const cursor = feed.head()
  const answer = ask<{ changes: { node: Named }[] }>(`changes?cursor=${cursor}&under=other&wait=50`)
  const deep = ask<{ changes: { node: Named }[] }>(`changes?cursor=${cursor}&under=b11-0&wait=50`)
  await until('both to wait', () => watch.seatsTaken() === 2)
  counts.foldersMax = 0
  feed.sqlite.transaction(() => {
    for (let n = 0; n < FILES; n += 1) feed.put({ id: `later${n}`, parentId: `d${DEPTH - 1}` })
    for (let n = 0; n < BRANCHES; n += 1) feed.put({ id: `new${n}`, parentId: `b${n}-${BRANCH_DEPTH - 1}` })
  })()
  assert.deepEqual(
    (await deep).changes.map(({ node }) => node.id),
    ['new11'],
  )
  feed.put({ id: 'hit', parentId: 'other' })
  assert.deepEqual(
    (await answer).changes.map(({ node }) => node.id),
    ['hit'],
  )
  assert.ok(counts.foldersMax <= FOLDERS_MAX, `${counts.foldersMax} folders`)
})
