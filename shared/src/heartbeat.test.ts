/** Shows how old a heartbeat is when clocks differ: a table. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { heartbeatAgeMs } from './heartbeat.ts'

const HOUR_MS = 3_600_000

for (const { what, heartbeatMs, expected } of [
  { what: 'is as old as it is', heartbeatMs: -5_000, expected: 5_000 },
  { what: 'of a machine whose clock is a little ahead is of now', heartbeatMs: 90_000, expected: 0 },
  { what: 'from before the clock was set back is no sign of life', heartbeatMs: HOUR_MS, expected: HOUR_MS },
]) {
  test(`a heartbeat ${what}`, () => {
    const nowMs = 1_000 * HOUR_MS
    assert.equal(heartbeatAgeMs(nowMs + heartbeatMs, nowMs), expected)
  })
}
