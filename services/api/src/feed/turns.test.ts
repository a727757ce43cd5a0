/**
 * Shows that short requests wait for one piece of long work at most, by counting pieces between two rounds of the event
 * loop.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nextTurn, searchInTurn } from './turns.ts'

test('whatever there is to be done, a request of a moment waits for one piece of it', async () => {
  let pieces = 0
  const work = Array.from({ length: 50 }, async () => {
    for (let n = 0; n < 20; n += 1) {
      await nextTurn()
      pieces += 1
    }
  })
  const most = await new Promise<number>((resolve) => {
    let [largest, before] = [0, 0]
    const look = () => {
      largest = Math.max(largest, pieces - before)
      before = pieces
      if (pieces < 1_000) setImmediate(look)
      else resolve(largest)
    }
    setImmediate(look)
  })
  await Promise.all(work)
  assert.ok(most <= 2, `${most} pieces between two looks`)
})

test('a few searches go on at once, and the others in the order in which they came', async () => {
  const begun: number[] = []
  let [now, most] = [0, 0]
  const searches = Array.from({ length: 12 }, (_, n) =>
    searchInTurn(async () => {
      begun.push(n)
      now += 1
      most = Math.max(most, now)
      for (let piece = 0; piece < 3; piece += 1) await nextTurn()
      now -= 1
      if (n === 5) throw new Error('this one fails')
    }),
  )
  const ends = await Promise.allSettled(searches)
  assert.equal(ends.filter(({ status }) => status === 'rejected').length, 1)
  assert.deepEqual(begun, [...begun.keys()])
  assert.equal(most, 4)
})
