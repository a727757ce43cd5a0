/** A fixed set of histories, the same every time; others by `npm run simulate`. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openStore } from '../support/open-store.ts'
import { search } from './search.ts'

const LIMITS = { seed: 1, historiesMax: 250, durationMs: 300_000 }

test('I1, I3, I4, I11, I12: on a disk in memory everything is equal whenever it is quiet', async (t) => {
  assert.equal(await search(openStore(t).db, LIMITS), LIMITS.historiesMax)
})
