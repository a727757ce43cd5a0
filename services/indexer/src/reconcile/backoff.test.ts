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

test('what was tried in vain for long can be told, until it is settled or its folder is gone', () => {
  const backoff = backoffOf(20, 100)
  const lost = { attached: true }
  backoff.next(folder, 'a')
  backoff.next(folder, 'a')
  backoff.next(lost)
  assert.deepEqual(backoff.tried(999), [])
  assert.deepEqual(
    backoff.tried(3_000).map(({ name, sinceMs }) => `${name} ${sinceMs}`),
    ['a 1000', ' 2000'],
  )
  lost.attached = false
  assert.equal(backoff.tried(3_000).length, 1)
  backoff.clear(folder, 'a')
  assert.deepEqual(backoff.tried(3_000), [])
})
