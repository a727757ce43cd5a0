/** Shows that what is remembered of the feed is never older than the state that is read, on a real database. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as nextRound } from 'node:timers/promises'
import { inFeed } from '../../../../test/support/in-feed.ts'
import type { DatabaseSource, Reading } from './database-source.ts'
import { openedOnceATurn } from './once-a-turn.ts'

test('the state is read once for all reads without a write between them', async () => {
  await inFeed(async (feed, reading) => {
    const state = () => reading.read((queries) => queries.feed())
    feed.put({ id: 'a' })
    const before = state()
    assert.equal(state(), before)
    feed.put({ id: 'b' })
    assert.deepEqual([before.head, state().head, reading.read((queries) => queries.head())], [1, 2, 2])
    feed.watch('media', '/mnt')
    assert.match(state().roots, /mnt/)
    feed.sqlite.exec("UPDATE feed SET epoch = 'other'")
    assert.match(state().epoch, /^other/)
  })
})

test('another schema version is found with the next read', async () => {
  await inFeed(async (feed, reading) => {
    reading.read((queries) => queries.head())
    feed.sqlite.pragma('user_version = 99')
    assert.throws(() => reading.read((queries) => queries.head()), { name: 'DatabaseUnavailableError' })
  })
})

test('requests of one round of the loop look at the files once', async () => {
  let looks = 0
  const source: DatabaseSource = {
    open: () => {
      looks += 1
      return {} as Reading
    },
    close: () => {},
  }
  const { open } = openedOnceATurn(source)
  for (let n = 0; n < 3; n += 1) open()
  assert.equal(looks, 1)
  await nextRound()
  open()
  assert.equal(looks, 2)
})

test('a source that fails is asked again immediately', () => {
  let looks = 0
  const { open } = openedOnceATurn({
    open: () => {
      looks += 1
      throw new Error('away')
    },
    close: () => {},
  })
  for (let n = 0; n < 2; n += 1) assert.throws(open)
  assert.equal(looks, 2)
})
