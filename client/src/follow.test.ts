/**
 * Shows that the followed tree equals what the feed sent, also after the database was replaced. A scripted server sends
 * the pages.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drain, gone, hastily, json, page, type Reply, serveScript, take } from '../../test/support/scripted-feed.ts'
import { createFeed, type FollowUpdate, placeOf } from './drive-feed.ts'
import type { FeedNode } from './wire.ts'

const folder = (id: string) => ({ id, is_directory: true })
const inFolder = (id: string, parent: string) => ({ id, parent_id: parent })
const ofTwo = (cursor: number, changes: Parameters<typeof page>[1], hasMore = false): Reply =>
  json(page(cursor, changes, hasMore), { 'Feed-Epoch': 'two', 'Feed-Head': '3' })

/** Names of what became of nodes: `+` new, `*` changed, `-` gone. */
function told({ changes }: Pick<FollowUpdate, 'changes'>): string {
  return changes
    .map(({ before, after }) => (after === null ? `-${before.id}` : `${before ? '*' : '+'}${after.id}`))
    .join()
}

/** The updates as they were when they came: the map lives on. */
async function updatesOf(updates: AsyncIterable<FollowUpdate>, count: number) {
  const seen: { told: string; ids: string; isCaughtUp: boolean; isStartingOver: boolean; state: string }[] = []
  for await (const update of updates) {
    const { isCaughtUp, isStartingOver, cursor, epoch, nodes } = update
    const state = `${epoch} ${cursor}`
    seen.push({ told: told(update), ids: [...nodes.keys()].join(), isCaughtUp, isStartingOver, state })
    if (seen.length === count) break
  }
  return seen
}

test('changes are applied to the map: new, changed and removed nodes; the removal of an unknown one is nothing', async (t) => {
  const server = await serveScript(t, [
    json(page(2, [folder('d'), inFolder('f', 'd')], true)),
    json(page(5, [{ ...inFolder('f', 'd'), size: 7 }, '-x'])),
    json(page(6, ['-f'])),
  ])
  const seen = await updatesOf(createFeed({ url: server.url }).follow({ wait: 30 }), 3)
  assert.deepEqual(
    seen.map(({ told, isCaughtUp }) => [told, isCaughtUp]),
    [
      ['+d,+f', false],
      ['*f', true],
      ['-f', true],
    ],
  )
  assert.equal(seen.at(-1)?.ids, 'd')
})

test('it goes on from a stored state, without touching that', async (t) => {
  const server = await serveScript(t, [json(page(6, ['-a', 'b']))])
  const stored = new Map([['a', { id: 'a' } as FeedNode]])
  const [update] = await take(
    1,
    createFeed({ url: server.url }).follow({ from: { cursor: 5, epoch: 'one', nodes: stored } }),
  )
  assert.deepEqual([...(update?.nodes.keys() ?? [])], ['b'])
  assert.deepEqual([...stored.keys()], ['a'])
  assert.deepEqual([server.asked[0]?.query.cursor, server.asked[0]?.query.epoch], ['5', 'one'])
})

test('after 410 it starts over, and removes what is not told again once all has been told', async (t) => {
  const server = await serveScript(t, [
    json(page(9, [folder('old'), inFolder('f', 'old'), 'stays'])),
    gone,
    ofTwo(1, ['stays'], true),
    ofTwo(3, ['new', 'passes'], true),
    ofTwo(4, ['-passes']),
    ofTwo(5, ['later']),
  ])
  const seen = await updatesOf(createFeed({ url: server.url }).follow({ wait: 30 }), 5)
  assert.deepEqual(
    seen.map(({ told, isCaughtUp, isStartingOver, state }) => [told, isCaughtUp, isStartingOver, state]),
    [
      ['+old,+f,+stays', true, false, 'one 9'],
      // What was known is still there, and whoever stops now starts over again.
      ['*stays', false, true, 'one 9'],
      ['+new,+passes', false, true, 'one 9'],
      ['-passes,-f,-old', true, true, 'two 4'],
      ['+later', true, false, 'two 5'],
    ],
  )
  assert.equal(seen[1]?.ids, 'old,f,stays')
  assert.equal(seen.at(-1)?.ids, 'stays,new,later')
  const asked = server.asked.map(({ query }) => [query.cursor, query.epoch])
  assert.deepEqual(asked.slice(1, 4), [
    ['9', 'one'],
    ['0', undefined],
    ['1', 'two'],
  ])
})

test('a database that was replaced by an empty one leaves nothing', async (t) => {
  const server = await serveScript(t, [gone, ofTwo(0, [])])
  const from = { cursor: 5, epoch: 'one', nodes: new Map([['a', { id: 'a', parent_id: null } as FeedNode]]) }
  const [update] = await updatesOf(createFeed({ url: server.url }).follow({ from }), 1)
  assert.deepEqual([update?.told, update?.ids, update?.state], ['-a', '', 'two 0'])
})

test('a second 410 while it starts over starts over once more', async (t) => {
  const server = await serveScript(t, [gone, ofTwo(1, ['a'], true), gone, ofTwo(1, ['b'])])
  const feed = createFeed({ url: server.url, surroundings: hastily([]) })
  const from = { cursor: 5, epoch: 'one', nodes: new Map<string, FeedNode>() }
  const { items } = await drain(feed.follow({ from }))
  assert.deepEqual([...(items.at(-1)?.nodes.keys() ?? [])], ['b'])
})

test('the place of a node is its names from the watched folder on, unknown while a folder above it is', () => {
  const nodes = new Map<string, FeedNode>()
  const put = (node: { id: string; parent_id: string | null }) =>
    nodes.set(node.id, { name: node.id, ...node } as FeedNode)
  put({ id: 'media', parent_id: '00000000-0000-0000-0000-000000000000' })
  put({ id: 'a', parent_id: 'media' })
  put({ id: 'b', parent_id: 'a' })
  assert.equal(placeOf(nodes, 'b'), 'media/a/b')
  nodes.delete('a')
  assert.equal(placeOf(nodes, 'b'), null)
  assert.equal(placeOf(nodes, 'x'), null)
})
