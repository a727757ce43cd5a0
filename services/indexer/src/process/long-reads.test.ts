/** Shows which problem a file is that is read for very long: a pure function. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLongReads } from './long-reads.ts'

test('a file that is read for very long is reported with its root, in the same words as long as it lasts', () => {
  const reads = [{ path: '/media/sparse\n.img', forMs: 3_600_000 }]
  let nowMs = Date.UTC(2026, 0, 1, 12)
  const notice = createLongReads({ reads: () => reads, rootAt: () => 'media', wallMs: () => nowMs })
  const [first, ...others] = notice()
  assert.deepEqual(others, [])
  assert.deepEqual(first, {
    code: 'file_takes_long',
    root: 'media',
    text: '"/media/sparse\\n.img" is being read since 2026-01-01T11:00:00.000Z; large files wait for it',
    fix: 'it is most likely just large: exclude it by its name if nobody needs its hash, else check its disk',
    sinceMs: Date.UTC(2026, 0, 1, 11),
  })
  nowMs += 1_000
  reads[0] = { path: '/media/sparse\n.img', forMs: 3_600_997 }
  assert.deepEqual(notice(), [first])
  reads.pop()
  assert.deepEqual(notice(), [])
})
