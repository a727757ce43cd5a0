import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFeeder } from './feeder.ts'
import type { MetadataJob } from './metadata-job.ts'

test('a file that becomes due while the feeder looks is not forgotten', async () => {
  const file = { nodeId: 'a', root: '/', path: '/a', device: '1', deviceNumber: '1', inode: '1', size: 1, mtime: 1 }
  const dueMs = 5
  // Each question about the time is a millisecond after the one before.
  let now = 0
  const submitted = Promise.withResolvers<readonly MetadataJob[]>()
  const feeder = createFeeder({
    pool: { room: 1, bigRoom: 1, submit: submitted.resolve },
    bigFileBytes: 100,
    waiting: (nowMs) => (dueMs <= nowMs ? [file] : []),
    nextDueMs: (nowMs) => (dueMs > nowMs ? dueMs : null),
    save: () => {},
    nowMs: () => {
      now += 1
      return now
    },
  })
  feeder.wake()
  const tooLate = new Promise<string>((resolve) => setTimeout(resolve, 2_000, 'never submitted').unref())
  assert.deepEqual(await Promise.race([submitted.promise, tooLate]), [file])
  feeder.stop('orderly')
})
