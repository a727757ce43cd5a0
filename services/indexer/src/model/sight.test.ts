/** Shows how the kernel's times become microseconds: tables and random values. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { exactMicroseconds, microseconds } from '@drive-feed/shared/microseconds.ts'
import fc from 'fast-check'

type Case = readonly [seconds: number | bigint, nanoseconds: number, expected: number]

const CASES: readonly Case[] = [
  [0, 0, 0],
  [0, 999, 0],
  [0, 1_000, 1],
  [-1, 999_999_999, -1],
  [-1, 999_999_000, -1],
  [-1, 999_998_999, -2],
  [1_788_000_000, 123_456_789, 1_788_000_000_123_456],
  [-2_000_000_001, 999_999_999, -2_000_000_000_000_001],
  [2n ** 62n, 0, 2 ** 62 * 1_000_000],
]

for (const [seconds, nanoseconds, expected] of CASES) {
  test(`${seconds} s and ${nanoseconds} ns are ${expected} µs`, () => {
    assert.equal(microseconds(seconds, nanoseconds), expected)
  })
}

const anyTime = [fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }), fc.nat(999_999_999)] as const

test('a time is the same whether its seconds came as a number or as a bigint', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), fc.nat(999_999_999), (seconds, nanoseconds) => {
      assert.equal(microseconds(seconds, nanoseconds), microseconds(BigInt(seconds), nanoseconds))
    }),
  )
})

test('microseconds are rounded down, and then to the nearest double if there is no exact one', () => {
  fc.assert(
    fc.property(...anyTime, (seconds, nanoseconds) => {
      const exact = seconds * 1_000_000n + BigInt(Math.floor(nanoseconds / 1000))
      assert.equal(microseconds(seconds, nanoseconds), Number(exact))
    }),
  )
})

test('times that a double rounds are kept exactly up to the year 9999, and not beyond', () => {
  assert.equal(exactMicroseconds(1_788_000_000, 1_000), null)
  assert.equal(exactMicroseconds(200_000_000_000, 123_456_789), 200_000_000_000_123_456n)
  assert.equal(exactMicroseconds(-50_000_000_000, 999_999_999), -49_999_999_999_000_001n)
  assert.equal(exactMicroseconds(910_692_730_085, 477_580_700), null, 'the year 30828')
  assert.equal(exactMicroseconds(2n ** 62n, 0), null)
})
