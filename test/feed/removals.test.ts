/**
 * Shows that a removal names the last place of its node, and how long that is kept. Written by the indexer's store,
 * read through the api.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'
import type { Decision } from '../../services/indexer/src/model/decision.ts'
import { createStore } from '../../services/indexer/src/store/store.ts'
import { openInterleavedFeed } from '../support/interleaved-feed.ts'
import { factsOf } from '../support/rows.ts'

const DAY_MS = 24 * 3_600_000

function create(nodeId: string, parentId: string, isDirectory: boolean): Decision {
  const awaiting = { state: 'ready', dueMs: 0 } as const
  const about = { facts: factsOf(nodeId), awaiting, copyOf: null }
  return { kind: 'create', nodeId, parentId, name: nodeId, isDirectory, ...about }
}

const TREE = [
  create('media', SUPER_ROOT_ID, true),
  create('photos', 'media', true),
  create('a.jpg', 'photos', false),
  create('b.jpg', 'photos', false),
]

test("a removal has the node's last path and name, if they are asked for", async (t) => {
  const { db, store, url } = await openInterleavedFeed(t, null)
  db.sqlite.exec(
    "INSERT INTO watch_roots (name, node_id, path, state, state_since_ms) VALUES ('media', 'media', '/mnt/media', 'watching', 0)",
  )
  store.apply(TREE)
  const cursor = store.head()
  store.apply([
    { kind: 'move', nodeId: 'photos', parentId: 'media', name: 'pictures', isDirectory: true, ctime: 1 },
    { kind: 'remove', nodeId: 'a.jpg' },
  ])
  store.apply([{ kind: 'remove', nodeId: 'photos' }])
  const ask = async (query: string) => (await fetch(`${url}/api/v1/changes?cursor=${cursor}${query}`)).text()
  const { changes } = JSON.parse(await ask('&include=path'))
  assert.deepEqual(changes, [
    { removed: true, node_id: 'a.jpg', path: '/mnt/media/pictures/a.jpg', name: 'a.jpg' },
    { removed: true, node_id: 'b.jpg', path: '/mnt/media/pictures/b.jpg', name: 'b.jpg' },
    { removed: true, node_id: 'photos', path: '/mnt/media/pictures', name: 'pictures' },
  ])
  const plain = ['a.jpg', 'b.jpg', 'photos'].map((id) => `{"removed":true,"node_id":"${id}"}`)
  assert.equal(await ask(''), `{"cursor":${store.head()},"changes":[${plain}],"has_more":false}`)
  store.apply([{ kind: 'remove', nodeId: 'media' }])
  const last = JSON.parse(await ask('&include=path')).changes.at(-1)
  assert.deepEqual(last, { removed: true, node_id: 'media', path: '/mnt/media', name: 'media' })
})

test('the places of the last removals are kept, and those of the last thirty days', async (t) => {
  const { db } = await openInterleavedFeed(t, null)
  let nowMs = 1_000 * DAY_MS
  const store = createStore(db, () => nowMs)
  const kept = () => db.sqlite.prepare('SELECT count(*) FROM removals').pluck().get()
  store.apply(TREE)
  store.apply([{ kind: 'remove', nodeId: 'a.jpg' }])
  nowMs += 31 * DAY_MS
  while (store.forgetOldRemovals()) {}
  assert.equal(kept(), 1, 'one of the last hundred thousand is kept')
  // A hundred thousand later ones, without writing them one by one.
  db.sqlite.exec(`WITH RECURSIVE n (n) AS (VALUES (1000) UNION ALL SELECT n + 1 FROM n WHERE n < 100999)
    INSERT INTO removals (change_id, path, name, removed_ms) SELECT n, '/x', 'x', ${nowMs} FROM n`)
  while (store.forgetOldRemovals()) {}
  assert.equal(kept(), 100_000)
  db.sqlite.exec(`INSERT INTO removals (change_id, path, name, removed_ms) VALUES (200000, '/x', 'x', ${nowMs})`)
  while (store.forgetOldRemovals()) {}
  assert.equal(kept(), 100_001, 'those of the last thirty days are kept')
})

test('an id that is used again has no former place', async (t) => {
  const { db, store } = await openInterleavedFeed(t, null)
  store.apply([...TREE, { kind: 'remove', nodeId: 'a.jpg' }, create('a.jpg', 'photos', true)])
  assert.equal(db.sqlite.prepare('SELECT count(*) FROM removals').pluck().get(), 0)
})
