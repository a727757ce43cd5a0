/**
 * Proves each state of a stay in limbo and its times: puts a row in, lets time pass by argument, and compares what is due.
 * `limbo-property.test.ts` shows every order of events.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileRow } from '../../../../../test/support/rows.ts'
import { createLimbo, dueMsOf } from './limbo.ts'

const GRACE_MS = 500
const BLOCKING_GRACE_MS = 50
const row = fileRow(1, 'parent', 'a')
const other = fileRow(2, 'parent', 'b')

function dueRows(limbo: ReturnType<typeof createLimbo>, nowMs: number) {
  return limbo.due(nowMs).map((entry) => entry.row)
}

test('a row may turn up elsewhere until its time is over', () => {
  const limbo = createLimbo()
  assert.equal(limbo.nextDeadlineMs(), null)
  limbo.put(row, { blocks: false, isAfterScan: false, nowMs: 1_000 })
  assert.ok(limbo.has(row.nodeId))
  assert.equal(limbo.nextDeadlineMs(), 1_000 + GRACE_MS)
  assert.deepEqual(dueRows(limbo, 1_000 + GRACE_MS - 1), [])
  assert.deepEqual(dueRows(limbo, 1_000 + GRACE_MS), [row])
  assert.ok(limbo.has(row.nodeId), 'it stays until somebody takes it')
  limbo.release(row.nodeId)
  assert.ok(!limbo.has(row.nodeId))
  assert.deepEqual(dueRows(limbo, 10_000), [])
  assert.equal(limbo.nextDeadlineMs(), null)
})

test('an entry that was taken out does not take another one of the same id with it', () => {
  const limbo = createLimbo()
  const put = (one: typeof row) => limbo.put(one, { blocks: false, isAfterScan: false, nowMs: 0 })
  put(row)
  const [entry = assert.fail('it is due')] = limbo.due(GRACE_MS)
  limbo.release(row.nodeId)
  const successor = { ...row, name: 'successor' }
  put(successor)
  limbo.release(entry)
  const [current = assert.fail('the successor is due')] = limbo.due(GRACE_MS)
  assert.equal(current.row, successor)
  limbo.release(current)
  assert.ok(!limbo.has(row.nodeId))
})

test('seeing again that a row is missing gives it no more time', () => {
  const limbo = createLimbo()
  limbo.put(row, { blocks: false, isAfterScan: false, nowMs: 0 })
  limbo.put(row, { blocks: false, isAfterScan: false, nowMs: 400 })
  assert.deepEqual(dueRows(limbo, GRACE_MS), [row])
})

test('a row that something else waits for has less time, also when that shows later', () => {
  const limbo = createLimbo()
  limbo.put(row, { blocks: true, isAfterScan: false, nowMs: 0 })
  limbo.put(other, { blocks: false, isAfterScan: false, nowMs: 0 })
  assert.deepEqual(dueRows(limbo, BLOCKING_GRACE_MS), [row])
  limbo.put(other, { blocks: true, isAfterScan: false, nowMs: 100 })
  assert.deepEqual(dueRows(limbo, 100 + BLOCKING_GRACE_MS), [row, other])
  const late = createLimbo()
  late.put(row, { blocks: false, isAfterScan: false, nowMs: 0 })
  late.put(row, { blocks: true, isAfterScan: false, nowMs: GRACE_MS - 1 })
  assert.deepEqual(dueRows(late, GRACE_MS), [row], 'blocking never makes it later')
})

test('what a scan found missing waits for the end of the scan', () => {
  const limbo = createLimbo()
  limbo.put(row, { blocks: false, isAfterScan: true, nowMs: 0 })
  limbo.put(other, { blocks: true, isAfterScan: true, nowMs: 0 })
  assert.equal(limbo.nextDeadlineMs(), null)
  assert.deepEqual(dueRows(limbo, 1_000_000), [])
  limbo.scanEnded(2_000_000)
  assert.equal(limbo.nextDeadlineMs(), 2_000_000 + BLOCKING_GRACE_MS)
  assert.deepEqual(dueRows(limbo, 2_000_000 + BLOCKING_GRACE_MS), [other])
  assert.deepEqual(dueRows(limbo, 2_000_000 + GRACE_MS), [row, other])
  limbo.scanEnded(3_000_000)
  assert.deepEqual(dueRows(limbo, 3_000_000), [row, other], 'a later scan does not give them time again')
})

test('a row that something waits for while a scan goes on is looked at at once, and gets more time like any other', () => {
  const limbo = createLimbo()
  limbo.put(row, { blocks: false, isAfterScan: true, nowMs: 0 })
  limbo.put(row, { blocks: true, isAfterScan: false, nowMs: 1_000 })
  assert.deepEqual(dueRows(limbo, 1_000 + BLOCKING_GRACE_MS), [row])
  // Were it due all the same, the loop would look at its place without a pause until the scan ends.
  limbo.defer(row.nodeId, 'unknown', 1_100)
  assert.equal(limbo.due(1_100).length, 0)
  assert.deepEqual(dueRows(limbo, 1_100 + GRACE_MS), [row])
  limbo.scanEnded(1_200)
  assert.deepEqual(dueRows(limbo, 1_200 + BLOCKING_GRACE_MS), [], 'the end of the scan is nothing to it')
})

test('a row whose place could not be looked at gets more time', () => {
  const limbo = createLimbo()
  limbo.put(row, { blocks: false, isAfterScan: false, nowMs: 0 })
  limbo.defer(row.nodeId, 'unknown', GRACE_MS)
  assert.ok(!limbo.defer('nobody', 'unknown', GRACE_MS))
  assert.deepEqual(dueRows(limbo, GRACE_MS), [])
  assert.deepEqual(dueRows(limbo, 2 * GRACE_MS), [row])
})

test('it gets more each time, up to a minute, and when its place can be looked at again it waits no longer than any', () => {
  const limbo = createLimbo()
  limbo.put(row, { blocks: false, isAfterScan: false, nowMs: 0 })
  const delays = Array.from({ length: 9 }, () => {
    limbo.defer(row.nodeId, 'unknown', 0)
    const [entry = assert.fail('it is there')] = limbo.due(1_000_000)
    return dueMsOf(entry)
  })
  assert.deepEqual(delays, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000])
  limbo.put(row, { blocks: false, isAfterScan: false, nowMs: 10_000 })
  assert.deepEqual(dueRows(limbo, 10_000 + GRACE_MS), [row])
})

test('a row is looked at once more when something happened meanwhile, but not for ever', () => {
  const limbo = createLimbo()
  limbo.put(row, { blocks: false, isAfterScan: false, nowMs: 0 })
  const answers = Array.from({ length: 7 }, (_, at) => limbo.defer(row.nodeId, 'disturbed', 600 + at))
  assert.deepEqual(answers, [true, true, true, true, true, false, false])
  assert.deepEqual(dueRows(limbo, 603), [])
  assert.deepEqual(dueRows(limbo, 604), [row])
  assert.ok(!limbo.defer(other.nodeId, 'disturbed', 600), 'one that is not there')
})
