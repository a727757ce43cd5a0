/** Waiting for a condition, with a bound: the test fails when it does not come true. */
import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'

const LIMIT_MS = 20_000

export async function waitFor(what: string, isSo: () => boolean): Promise<void> {
  const startMs = Date.now()
  while (!isSo()) {
    assert.ok(Date.now() - startMs < LIMIT_MS, `waited too long: ${what}`)
    await delay(5)
  }
}
