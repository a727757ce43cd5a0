/** Shows how the pauses between tries grow, and which places count as tried in vain. The test sets the clock. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createBackoff } from './backoff.ts'

const folder = { attached: true }
/** 1,000 ms from each try to the next. */
function backoffOf(firstMs: number, lastMs: number) {
  let now = 0
  return createBackoff<{ attached: boolean }>({ firstMs, lastMs }, () => {
    now += 1_000
    return now
  })
}

test('each try waits twice as long, up to a limit, and each place for itself', () => {
  const backoff = backoffOf(20, 100)
  assert.deepEqual(
    ['a', 'a', 'a', 'b', 'a', 'a'].map((name) => backoff.next(folder, name)),
    [20, 40, 80, 20, 100, 100],
  )
  assert.equal(backoff.next({ attached: true }, 'a'), 20, 'the same name in another folder')
  assert.equal(backoff.next(folder), 20, 'the folder itself')
})

test('a success starts anew', () => {
  const backoff = backoffOf(20, 100)
  for (const name of ['a', 'a', 'b', 'b', undefined, undefined]) backoff.next(folder, name)
  backoff.clear(folder, 'a')
  backoff.clear(folder, 'never tried')
  backoff.clear({ attached: true }, 'a')
  assert.equal(backoff.next(folder, 'a'), 20)
  assert.equal(backoff.next(folder, 'b'), 80)
  backoff.clear(folder)
  assert.equal(backoff.next(folder), 20)
})

test('a thousand tries do not leave the numbers', () => {
  const backoff = backoffOf(20, 10_000)
  const delays = Array.from({ length: 1_100 }, () => backoff.next(folder, 'a'))
  assert.equal(delays.at(-1), 10_000)
})

test('what was tried in vain for long can be told, until it is settled, its folder is gone, or nobody tries any more', () => {
  let now = 1_000
  const backoff = createBackoff<{ attached: boolean }>({ firstMs: 20, lastMs: 100 }, () => now)
  const lost = { attached: true }
  const tried = (sinceMs: number) => backoff.tried(sinceMs).map((one) => `${one.name} ${one.sinceMs}`)
  backoff.next(folder, 'a')
  now = 2_000
  backoff.next(folder, 'a')
  backoff.next(lost)
  assert.deepEqual(tried(999), [])
  assert.deepEqual(tried(3_000), ['a 1000', ' 2000'])
  lost.attached = false
  assert.deepEqual(tried(3_000), ['a 1000'])
  backoff.clear(folder, 'a')
  assert.deepEqual(tried(3_000), [])
  backoff.next(folder, 'b')
  now = 200_000
  assert.deepEqual(tried(100_000), [])
})
