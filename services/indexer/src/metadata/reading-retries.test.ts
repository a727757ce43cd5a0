import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createReadingRetries } from './reading-retries.ts'

const job = { nodeId: 'a', root: '/', path: '/media/a', deviceNumber: '', inode: '1', size: 1, mtime: 1 }

test('a file that can not be read now is tried again after growing pauses, a refused one sooner', () => {
  const retries = createReadingRetries(() => 0)
  assert.deepEqual(
    Array.from({ length: 8 }, () => retries.next(job, 'changed')),
    [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000],
  )
  assert.equal(retries.notBeforeMs(job.nodeId), 60_000)
  retries.settled(job)
  assert.equal(retries.notBeforeMs(job.nodeId), 0)
  assert.deepEqual([retries.next(job, 'busy'), retries.next(job, 'busy')], [250, 500])
})

test('what was tried in vain for long can be told', () => {
  let now = 1_000
  const retries = createReadingRetries(() => now)
  retries.next(job, 'changed')
  now = 90_000
  retries.next(job, 'busy')
  retries.next({ ...job, nodeId: 'b', path: '/media/b' }, 'changed')
  assert.deepEqual(
    retries.tried(30_000, () => true).map(({ path, sinceMs }) => `${path} ${sinceMs}`),
    ['/media/a 1000'],
  )
  retries.settled(job)
  assert.deepEqual(
    retries.tried(30_000, () => true),
    [],
  )
})

test('a file that was tried and is gone is not told of', () => {
  const retries = createReadingRetries(() => 0)
  retries.next(job, 'changed')
  assert.equal(retries.tried(0, () => true).length, 1)
  assert.deepEqual(
    retries.tried(0, () => false),
    [],
  )
  assert.equal(retries.notBeforeMs(job.nodeId), 0)
})
