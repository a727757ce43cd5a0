/** Shows how long the client waits before a retry: tables over the pure function, and over the header `Retry-After`. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { backoffMs } from './backoff.ts'
import { retryAfterMs } from './retry-after.ts'

const LIMITS = { firstMs: 500, maxMs: 30_000 }

test('the bound of the delay doubles up to its limit, and chance takes any part of it', () => {
  const bounds = [1, 2, 3, 6, 7, 8, 1_000].map((attempt) =>
    backoffMs(attempt, LIMITS, { random: 1, retryAfterMs: null }),
  )
  assert.deepEqual(bounds, [500, 1_000, 2_000, 16_000, 30_000, 30_000, 30_000])
  assert.equal(backoffMs(3, LIMITS, { random: 0, retryAfterMs: null }), 0)
})

test('nobody comes back before the server said, and not all at that moment', () => {
  assert.equal(backoffMs(1, LIMITS, { random: 0, retryAfterMs: 60_000 }), 60_000)
  assert.equal(backoffMs(1, LIMITS, { random: 0.5, retryAfterMs: 60_000 }), 60_250)
})

test('Retry-After is seconds or a date', () => {
  const nowMs = Date.parse('2026-11-24T10:00:00Z')
  assert.equal(retryAfterMs(null, nowMs), null)
  assert.equal(retryAfterMs('120', nowMs), 120_000)
  assert.equal(retryAfterMs('Tue, 24 Nov 2026 10:00:30 GMT', nowMs), 30_000)
  assert.equal(retryAfterMs('Tue, 24 Nov 2026 09:00:00 GMT', nowMs), 0)
  assert.equal(retryAfterMs('soon', nowMs), null)
})
