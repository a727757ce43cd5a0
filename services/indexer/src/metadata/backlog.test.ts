import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BATCH_FILES, createBacklog } from './backlog.ts'
import { BIG_FILE_BYTES, newTask, type Task } from './task.ts'

const ALL = { ordinary: true, slow: true }
const MIB = 1024 * 1024

function task(name: string, size: number): Task {
  return newTask({ nodeId: name, root: '/', path: `/${name}`, deviceNumber: '', inode: '1', size, mtime: 0 })
}

/** Names in the batches that come out, in order. */
function drain(backlog: ReturnType<typeof createBacklog>, open = ALL): string[][] {
  const batches: string[][] = []
  for (let batch = backlog.take(open); batch !== null; batch = backlog.take(open)) {
    batches.push(batch.tasks.map(({ job }) => job.nodeId))
  }
  return batches
}

test('small files travel together, larger ones alone, in order', () => {
  const backlog = createBacklog()
  backlog.add([task('a', 1), task('b', MIB), task('c', MIB + 1), task('d', 50 * MIB), task('e', 0)])
  assert.deepEqual(drain(backlog), [['a', 'b'], ['c'], ['d'], ['e']])
})

test('a message has a limit', () => {
  const backlog = createBacklog()
  backlog.add(Array.from({ length: BATCH_FILES + 1 }, (_, n) => task(`${n}`, n)))
  assert.deepEqual(
    drain(backlog).map(({ length }) => length),
    [BATCH_FILES, 1],
  )
})

test('big files come out of their own lane, and first', () => {
  const backlog = createBacklog()
  backlog.add([task('small', 1), task('big', BIG_FILE_BYTES), task('big too', BIG_FILE_BYTES + 1)])
  assert.deepEqual(backlog.waiting(), { ordinary: 1, slow: 2 })
  assert.deepEqual(drain(backlog, { ordinary: true, slow: false }), [['small']])
  assert.deepEqual(drain(backlog, { ordinary: false, slow: false }), [])
  assert.deepEqual(drain(backlog), [['big'], ['big too']])
})

test('suspects travel alone, in the lane of what may take long; what was not begun comes first', () => {
  const backlog = createBacklog()
  backlog.add([task('c', 1), task('d', 1)])
  backlog.putBack([task('a', 1), task('b', 1)])
  backlog.putBack([
    { ...task('x', 1), isSuspect: true },
    { ...task('y', 1), isSuspect: true },
  ])
  assert.deepEqual(backlog.waiting(), { ordinary: 1, slow: 2 })
  assert.deepEqual(drain(backlog, { ordinary: true, slow: false }), [['a', 'b', 'c', 'd']])
  assert.deepEqual(drain(backlog), [['x'], ['y']])
})

test('suspects and big files come by turns, so that neither waits for all of the others', () => {
  const backlog = createBacklog()
  backlog.add(['big', 'big too', 'big three'].map((name) => task(name, BIG_FILE_BYTES)))
  backlog.putBack(['x', 'y'].map((name) => ({ ...task(name, 1), isSuspect: true })))
  assert.deepEqual(drain(backlog), [['x'], ['big'], ['y'], ['big too'], ['big three']])
})

test('only a message of small files that are no suspects is soon done', () => {
  const quick = (one: Task) => {
    const backlog = createBacklog()
    backlog.add([one])
    return backlog.take(ALL)?.isQuick
  }
  assert.equal(quick(task('small', 1)), true)
  assert.equal(quick(task('large', MIB + 1)), false)
  assert.equal(quick({ ...task('suspect', 1), isSuspect: true }), false)
})

test('what is tried alone comes by turns with the others, and never keeps them waiting', () => {
  const backlog = createBacklog()
  backlog.putBack(['x', 'y'].map((name) => ({ ...task(name, 1), isAlone: true })))
  backlog.add([task('a', 1), task('large', 2 * MIB), task('b', 1)])
  assert.deepEqual(backlog.waiting(), { ordinary: 3, slow: 0 })
  assert.deepEqual(drain(backlog), [['x'], ['a'], ['y'], ['large'], ['b']])
})
