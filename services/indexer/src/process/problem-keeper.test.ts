/**
 * Shows when problems are written, and since when they exist. The test moves the clock, and a list stands for the
 * table.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ProblemRow } from '@drive-feed/shared/schema.ts'
import { createProblemKeeper, type Noticed } from './problem-keeper.ts'

const UNREAD: Noticed = { code: 'folders_unreadable', root: 'media', text: '/a', fix: 'check', sinceMs: null }
const AWAY: Noticed = { code: 'disk_away', root: 'media', text: '/disk', fix: 'mount it', sinceMs: 7 }

function keeping(before: readonly ProblemRow[] = []) {
  const writes: (readonly ProblemRow[])[] = []
  const state = { nowMs: 100, isAllKnown: true, noticed: [] as readonly Noticed[] }
  const keeper = createProblemKeeper({
    noticed: () => state.noticed,
    saved: () => before,
    save: (rows) => void writes.push(rows),
    isAllKnown: () => state.isAllKnown,
    wallMs: () => state.nowMs,
  })
  return {
    writes,
    keep: (now: Partial<typeof state>) => {
      Object.assign(state, now)
      keeper.keep()
    },
  }
}

test('problems are written when they change, with since when they exist', () => {
  const { writes, keep } = keeping()
  keep({})
  assert.equal(writes.length, 0)
  keep({ noticed: [UNREAD, AWAY] })
  keep({ nowMs: 200 })
  assert.deepEqual(
    writes.map((rows) => rows.map(({ id, code, sinceMs }) => [id, code, sinceMs])),
    [
      [
        [1, 'folders_unreadable', 100],
        [2, 'disk_away', 7],
      ],
    ],
  )
  keep({ noticed: [AWAY, { ...UNREAD, text: '/a and 1 more folders' }] })
  assert.deepEqual(
    writes.at(-1)?.map(({ sinceMs }) => sinceMs),
    [7, 100],
  )
  keep({ noticed: [] })
  assert.deepEqual(writes.at(-1), [])
  keep({ noticed: [UNREAD], nowMs: 300 })
  assert.equal(writes.at(-1)?.[0]?.sinceMs, 300)
})

test('a problem from before a start keeps since when it exists, if the first scan finds it again', () => {
  const row: ProblemRow = { id: 1, code: 'folders_unreadable', root: 'media', text: '/a', fix: 'check', sinceMs: 5 }
  const { writes, keep } = keeping([row])
  keep({ isAllKnown: false })
  assert.deepEqual(
    writes.map((rows) => rows.length),
    [0],
    'nobody has found it yet',
  )
  keep({ noticed: [UNREAD], nowMs: 200 })
  assert.equal(writes.at(-1)?.[0]?.sinceMs, 5)
  keep({ isAllKnown: true, noticed: [] })
  keep({ noticed: [UNREAD] })
  assert.equal(writes.at(-1)?.[0]?.sinceMs, 200)
})
