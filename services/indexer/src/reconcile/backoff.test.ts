import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createBackoff } from './backoff.ts'

test('each try waits twice as long, up to a limit, and each key for itself', () => {
  const backoff = createBackoff<string>(20, 100)
  assert.deepEqual(
    ['a', 'a', 'a', 'b', 'a', 'a'].map((key) => backoff.next(key)),
    [20, 40, 80, 20, 100, 100],
  )
})

test('a success starts anew', () => {
  const backoff = createBackoff<string>(20, 100)
  backoff.next('a')
  backoff.next('a')
  backoff.clear('a')
  backoff.clear('never tried')
  assert.equal(backoff.next('a'), 20)
})

test('a thousand tries do not leave the numbers', () => {
  const backoff = createBackoff<string>(20, 10_000)
  const delays = Array.from({ length: 1_100 }, () => backoff.next('a'))
  assert.equal(delays.at(-1), 10_000)
})
