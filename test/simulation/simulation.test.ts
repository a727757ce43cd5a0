/** Shows that a fixed set of histories ends right, the same every time. `npm run simulate` runs others. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openStore } from '../support/open-store.ts'
import { search } from './search.ts'

const LIMITS = { seed: 1, historiesMax: 250, durationMs: 300_000 }

test('I1, I3, I4, I11, I12: whenever a disk in memory is quiet everything equals it', async (t) => {
  assert.equal(await search(openStore(t).db, LIMITS), LIMITS.historiesMax)
})
