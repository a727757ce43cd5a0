import assert from 'node:assert/strict'
import { test } from 'node:test'
import { microseconds } from '@drive-feed/shared/microseconds.ts'
import fc from 'fast-check'

const CASES: readonly [nanoseconds: bigint, expected: number][] = [
  [0n, 0],
  [999n, 0],
  [1_000n, 1],
  [1_999n, 1],
  [-1n, -1],
  [-999n, -1],
  [-1_000n, -1],
  [-1_001n, -2],
  [1_788_000_000_123_456_789n, 1_788_000_000_123_456],
  [-2_000_000_000_000_000_001n, -2_000_000_000_000_001],
]

for (const [nanoseconds, expected] of CASES) {
  test(`${nanoseconds} ns is ${expected} µs`, () => assert.equal(microseconds(nanoseconds), expected))
}

test('microseconds are rounded down, before 1970 too', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (nanoseconds) => {
      const exact = BigInt(microseconds(nanoseconds))
      // Numbers are exact up to 2^53.
      fc.pre(exact < 2n ** 53n && exact > -(2n ** 53n))
      assert.ok(exact * 1000n <= nanoseconds && nanoseconds < (exact + 1n) * 1000n)
    }),
  )
})
