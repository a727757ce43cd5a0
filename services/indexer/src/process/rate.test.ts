/** Shows the rate for counts a second apart: tables over the pure function. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRate } from './rate.ts'

/** The rates for counts a second apart. */
function rates(...counts: number[]): number[] {
  const rate = createRate()
  return counts.map((count, second) => rate(count, 5_000 + second * 1_000))
}

test('the first count gives no rate, the next ones do', () => {
  assert.deepEqual(rates(7, 17, 47, 47), [0, 10, 20, 13.3])
})

test('only the last ten seconds count', () => {
  const burst = [0, 1_000, ...Array.from({ length: 11 }, () => 1_000)]
  assert.deepEqual(rates(...burst).slice(9), [111.1, 100, 0, 0])
  const even = Array.from({ length: 60 }, (_, second) => second * 250)
  assert.deepEqual(new Set(rates(...even).slice(1)), new Set([250]))
})

test('the rate is never nonsense, even if the count begins anew or the clock stands', () => {
  assert.deepEqual(rates(100, 3), [0, 0])
  const rate = createRate()
  rate(1, 1_000)
  assert.equal(rate(50, 1_000), 0)
})
