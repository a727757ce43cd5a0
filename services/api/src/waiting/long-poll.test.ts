/**
 * The long poll of `/changes` on a real database: clients wait for changes in one folder while thousands are made in
 * another one. The tests count the rows that are read for them.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import pino from 'pino'
import { countingReads } from '../../../../test/support/counting-reads.ts'
import { openFeedWriter } from '../../../../test/support/feed-writer.ts'
import { singly } from '../../../../test/support/singly.ts'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { until } from '../../../../test/support/until.ts'
import { beginAnswer } from '../feed/changes-reader.ts'
import { createDatabaseSource } from '../feed/database-source.ts'
import type { View } from '../feed/view.ts'
import { createFeedWatch } from './feed-watch.ts'
import { longPoll } from './long-poll.ts'

const IN_A: View = { under: 'a', type: null, isSettled: false, hasPaths: false }
const CLIENTS = 20
const ELSEWHERE = 5_000

/** Folders a and b, and clients that wait for what happens in a; counts the rows of the log that are read. */
function waiting(t: TestContext) {
  const path = join(temporaryFolder(t), 'feed.db')
  const writer = openFeedWriter(path)
  for (const id of ['a', 'b']) writer.put({ id, isDirectory: true })
  const source = createDatabaseSource(path, pino({ level: 'silent' }))
  const counts = { rows: 0, foldersMax: 0, reads: 0 }
  const database = countingReads(source, counts)
  const watch = createFeedWatch(path, database, CLIENTS)
  t.after(() => {
    watch.close()
    source.close()
    writer.close()
  })
  const ask = async (waitSeconds: number) => {
    const { signal } = new AbortController()
    const poll = { cursor: 2, epoch: undefined, view: IN_A, signal }
    const polled = await longPoll({ database, watch }, { ...poll, waitSeconds })
    assert.ok(polled.reading !== null)
    const { noneUpTo } = polled
    const { cursor, pages } = await beginAnswer(polled.reading, { ...poll, noneUpTo, maxSize: null })
    return `${singly(pages).map(({ nodeId }) => nodeId)} @${cursor}`
  }
  return { writer, watch, ask, rows: () => counts.rows }
}

test('after a long poll the answer is read from where the poll had searched to, not from the cursor', async (t) => {
  const { writer, watch, ask, rows } = waiting(t)
  const answers = Array.from({ length: CLIENTS }, () => ask(50))
  await until('all to wait', () => watch.seatsTaken() === CLIENTS)
  writer.sqlite.transaction(() => {
    for (let n = 0; n < ELSEWHERE; n += 1) writer.put({ id: `b${n}`, parentId: 'b' })
  })()
  await until('what happened in b to be judged', () => rows() >= ELSEWHERE)
  writer.put({ id: 'hit', parentId: 'a' })
  assert.deepEqual(await Promise.all(answers), Array(CLIENTS).fill(`hit @${ELSEWHERE + 3}`))
  // Once for all of them, and then by each the rows of the last look: for the poll, and for the answer.
  assert.ok(rows() <= ELSEWHERE + 1_000 + 2 * CLIENTS, `${rows()} rows`)
})

test('an empty answer after a long poll reads nothing again', async (t) => {
  const { writer, watch, ask, rows } = waiting(t)
  const answers = Array.from({ length: CLIENTS }, () => ask(3))
  await until('all to wait', () => watch.seatsTaken() === CLIENTS)
  writer.sqlite.transaction(() => {
    for (let n = 0; n < ELSEWHERE; n += 1) writer.put({ id: `b${n}`, parentId: 'b' })
  })()
  assert.deepEqual(await Promise.all(answers), Array(CLIENTS).fill(` @${ELSEWHERE + 2}`))
  assert.equal(rows(), ELSEWHERE)
})
