/** Shows when a file that could not be read is tried again. The test moves the clock. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createReadingRetries } from './reading-retries.ts'

const file = { nodeId: 'a', path: '/media/a' }

/** Retries for files that are to be read: their ids, and the change with which each came to its path. */
function createBench(arrivals: Record<string, number> = { a: 1 }) {
  const bench = { nowMs: 0, arrivals }
  const retries = createReadingRetries({
    arrivalOf: (nodeId) => bench.arrivals[nodeId] ?? null,
    nowMs: () => bench.nowMs,
  })
  const pauses = (count: number) => Array.from({ length: count }, () => retries.next(file, 'changed'))
  return { bench, retries, pauses }
}

test('a file that can not be read now is tried again after growing pauses, a refused one sooner', () => {
  const { retries, pauses } = createBench()
  assert.deepEqual(pauses(8), [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000])
  assert.equal(retries.notBeforeMs('a'), 60_000)
  retries.settled(file)
  assert.equal(retries.notBeforeMs('a'), 0)
  assert.deepEqual([retries.next(file, 'busy'), retries.next(file, 'busy')], [250, 500])
})

test('files that were tried in vain for long are listed', () => {
  const { bench, retries } = createBench({ a: 1, b: 2 })
  const told = () => retries.tried(30_000).map(({ path, sinceMs }) => `${path} ${sinceMs}`)
  bench.nowMs = 1_000
  retries.next(file, 'changed')
  bench.nowMs = 90_000
  retries.next(file, 'busy')
  retries.next({ nodeId: 'b', path: '/media/b' }, 'changed')
  assert.deepEqual(told(), ['/media/a 1000'])
  retries.settled(file)
  assert.deepEqual(told(), [])
})

test('a file that came to another path, or has the id of one that was removed, is tried as if for the first time', () => {
  const { bench, retries, pauses } = createBench()
  assert.deepEqual(pauses(4), [1_000, 2_000, 4_000, 8_000])
  bench.nowMs = 90_000
  bench.arrivals = { a: 2 }
  assert.equal(retries.notBeforeMs('a'), 0, 'only the other one had to wait')
  assert.deepEqual(retries.tried(90_000), [], 'nor was it tried since then')
  assert.deepEqual(pauses(2), [1_000, 2_000])
  assert.equal(retries.tried(90_000)[0]?.sinceMs, 90_000)
})

test('a file that is not to be read any more is forgotten', () => {
  const { bench, retries, pauses } = createBench()
  pauses(1)
  assert.equal(retries.tried(0).length, 1)
  bench.arrivals = {}
  assert.deepEqual(retries.tried(0), [])
  assert.deepEqual(pauses(2), [1_000, 1_000], 'nor is it counted')
  bench.arrivals = { a: 1 }
  assert.equal(retries.notBeforeMs('a'), 0)
})

test('I9: no more than ten thousand files are remembered', () => {
  const ids = Array.from({ length: 10_001 }, (_, at) => `${at}`)
  const { retries } = createBench(Object.fromEntries(ids.map((id) => [id, 1])))
  for (const nodeId of ids) retries.next({ nodeId, path: nodeId }, 'changed')
  assert.equal(retries.tried(0).length, 10_000)
  assert.equal(retries.notBeforeMs('0'), 0, 'the one that was tried longest ago')
})
