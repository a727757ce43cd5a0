import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createBackoff } from './backoff.ts'

const folder = {}

test('each try waits twice as long, up to a limit, and each place for itself', () => {
  const backoff = createBackoff(20, 100)
  assert.deepEqual(
    ['a', 'a', 'a', 'b', 'a', 'a'].map((name) => backoff.next(folder, name)),
    [20, 40, 80, 20, 100, 100],
  )
  assert.equal(backoff.next({}, 'a'), 20, 'the same name in another folder')
  assert.equal(backoff.next(folder), 20, 'the folder itself')
})

test('a success starts anew', () => {
  const backoff = createBackoff(20, 100)
  for (const name of ['a', 'a', 'b', 'b', undefined, undefined]) backoff.next(folder, name)
  backoff.clear(folder, 'a')
  backoff.clear(folder, 'never tried')
  backoff.clear({}, 'a')
  assert.equal(backoff.next(folder, 'a'), 20)
  assert.equal(backoff.next(folder, 'b'), 80)
  backoff.clear(folder)
  assert.equal(backoff.next(folder), 20)
})

test('a thousand tries do not leave the numbers', () => {
  const backoff = createBackoff(20, 10_000)
  const delays = Array.from({ length: 1_100 }, () => backoff.next(folder, 'a'))
  assert.equal(delays.at(-1), 10_000)
})
