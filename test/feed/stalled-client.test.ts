/**
 * Shows I10: a client that stops reading in the middle of a long answer does not keep the WAL from being emptied. The
 * indexer's store writes on, and pages of the WAL are counted.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { statSync } from 'node:fs'
import { get, type IncomingMessage } from 'node:http'
import { test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'
import type { ChangesPage } from '../../client/src/wire.ts'
import type { Decision } from '../../services/indexer/src/model/decision.ts'
import { openInterleavedFeed } from '../support/interleaved-feed.ts'
import { factsOf } from '../support/rows.ts'

/** Some 25 MB of JSON: more than the buffers of the sockets hold. */
const NODES = 60_000
const BATCH = 1_000
/** A hundredth of the indexer's setting, so that a small file is enough to see checkpoints. */
const AUTOCHECKPOINT_PAGES = 160
const WAL_PAGE_BYTES = 4_096 + 24

function files(first: number, count: number): Decision[] {
  return Array.from({ length: count }, (_, n) => ({
    kind: 'create',
    nodeId: `00000000-0000-4000-8000-${String(first + n).padStart(12, '0')}`,
    parentId: SUPER_ROOT_ID,
    name: `${first + n}.jpg`,
    isDirectory: false,
    facts: factsOf(first + n),
    awaiting: { state: 'ready', dueMs: 0 },
    copyOf: null,
  }))
}

test('I10: a client that stalls in a long answer delays no checkpoint, so the WAL does not grow', async (t) => {
  const { db, store, url, beforeEachRead } = await openInterleavedFeed(t, null)
  for (let n = 0; n < NODES; n += BATCH) store.apply(files(n, BATCH))
  const head = store.head()
  let reads = 0
  beforeEachRead(() => {
    reads += 1
  })
  // Nobody reads the answer for now.
  const [response] = (await once(get(`${url}/api/v1/changes`), 'response')) as [IncomingMessage]

  db.sqlite.pragma('wal_checkpoint(TRUNCATE)')
  db.sqlite.pragma(`wal_autocheckpoint = ${AUTOCHECKPOINT_PAGES}`)
  const pages = { walMax: 0, oneBatch: 0 }
  for (let n = 0; n < 40; n += 1) {
    store.apply(files(NODES + n * 100, 100))
    const wal = Math.ceil(statSync(`${db.sqlite.name}-wal`).size / WAL_PAGE_BYTES)
    if (n === 0) pages.oneBatch = wal
    pages.walMax = Math.max(pages.walMax, wal)
    for (let turn = 0; turn < 50; turn += 1) await nextTurn()
  }
  assert.ok(
    pages.oneBatch * 40 > AUTOCHECKPOINT_PAGES * 5,
    `far more was written than the WAL may hold: ${pages.oneBatch}`,
  )
  assert.ok(pages.walMax < AUTOCHECKPOINT_PAGES * 2, `${pages.walMax} pages in the WAL`)
  const readsWhileStalled = reads

  const text = Buffer.concat(await response.toArray()).toString()
  const { cursor, changes, has_more: hasMore } = JSON.parse(text) as ChangesPage
  assert.deepEqual([cursor, changes.length, hasMore], [head, NODES, false])
  assert.ok(readsWhileStalled < reads / 2, `the app waited for the client: ${readsWhileStalled} of ${reads} reads`)
})
