/** Shows when a file that is being written to is looked at, and until when its writer is remembered. Time is an argument. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createWriters } from './writers.ts'

const place = { parentId: 'p', name: 'log' }

test('who writes all the time is looked at soon, and then after pauses that grow to some seconds', () => {
  const writers = createWriters()
  const looks = new Set<number>()
  for (let now = 0; now < 40_000; now += 10) looks.add(writers.wrote(place, now))
  assert.deepEqual([...looks], [200, 1_200, 3_200, 7_200, 15_200, 23_200, 31_200, 39_200, 47_200])
})

test('a write after a long rest is looked at soon again', () => {
  const writers = createWriters()
  assert.equal(writers.wrote(place, 0), 200)
  assert.equal(writers.wrote(place, 60_000), 60_200)
  assert.equal(writers.streak(place, '7', 60_000)?.looks, 2, 'still the same writer, as far as is known')
  assert.equal(writers.streak(place, '7', 200_000), null)
  assert.equal(writers.wrote(place, 200_000), 200_200)
  assert.equal(writers.streak(place, '7', 200_000)?.looks, 1)
})

test('who closed the file writes no more', () => {
  const writers = createWriters()
  writers.wrote(place, 0)
  writers.closed({ parentId: 'p', name: 'other' })
  assert.equal(writers.streak(place, '7', 1)?.looks, 1)
  writers.closed(place)
  assert.equal(writers.streak(place, '7', 1) ?? null, null)
})

test('I9: of more files than are remembered those that were written longest ago are forgotten', () => {
  const writers = createWriters()
  for (let at = 0; at < 10_001; at += 1) writers.wrote({ parentId: 'p', name: String(at) }, at)
  assert.equal(writers.streak({ parentId: 'p', name: '0' }, '7', 10_001), null)
  assert.equal(writers.streak({ parentId: 'p', name: '1' }, '7', 10_001)?.looks, 1)
})

test('where events were lost nobody is known to write: the close may have been among them', () => {
  const writers = createWriters()
  writers.wrote(place, 0)
  writers.forgetAll()
  assert.equal(writers.streak(place, '7', 1) ?? null, null)
})

test('a file that took the place of one that is written to inherits no writer', () => {
  const writers = createWriters()
  for (const now of [0, 2_000, 5_000]) writers.wrote(place, now)
  assert.equal(writers.streak(place, '7', 5_001)?.looks, 3)
  assert.equal(writers.streak(place, '8', 5_002), null)
  writers.wrote(place, 6_000)
  assert.equal(writers.streak(place, '8', 6_001)?.looks, 1, 'its own writer begins anew')
})
