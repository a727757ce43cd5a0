/** Shows in which order and in which messages waiting files go to the workers. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BATCH_FILES, createBacklog } from './backlog.ts'
import { BIG_FILE_BYTES, HUGE_FILE_BYTES, type Lane, newTask, type Task } from './task.ts'

const QUICK = new Set<Lane>(['ordinary', 'alone'])
const ALL = new Set<Lane>([...QUICK, 'suspect', 'big', 'huge'])
const MIB = 1024 * 1024

const NONE: Readonly<Record<Lane, number>> = { ordinary: 0, alone: 0, suspect: 0, big: 0, huge: 0 }

function task(name: string, size: number): Task {
  return newTask({ nodeId: name, root: '/', path: `/${name}`, deviceNumber: '', inode: '1', size, mtime: 0 })
}

/** The names in each batch, in the order in which the batches come out. */
function drain(backlog: ReturnType<typeof createBacklog>, open: ReadonlySet<Lane> = ALL): string[][] {
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
  assert.deepEqual(backlog.waiting(), { ...NONE, ordinary: 1, big: 2 })
  assert.deepEqual(drain(backlog, QUICK), [['small']])
  assert.deepEqual(drain(backlog, new Set()), [])
  assert.deepEqual(drain(backlog), [['big'], ['big too']])
})

test('huge files have a lane of their own, suspects or not', () => {
  const backlog = createBacklog()
  backlog.add([task('big', BIG_FILE_BYTES), task('huge', HUGE_FILE_BYTES)])
  backlog.add([{ ...task('huge too', HUGE_FILE_BYTES), isSuspect: true }])
  assert.deepEqual(backlog.waiting(), { ...NONE, big: 1, huge: 2 })
  assert.deepEqual(drain(backlog, new Set<Lane>(['ordinary', 'alone', 'suspect', 'big'])), [['big']])
  assert.deepEqual(drain(backlog), [['huge'], ['huge too']])
})

test('suspects travel alone, in the lane of what may take long; a batch that was not begun comes first', () => {
  const backlog = createBacklog()
  backlog.add([task('c', 1), task('d', 1)])
  backlog.putBack([task('a', 1), task('b', 1)])
  backlog.putBack([
    { ...task('x', 1), isSuspect: true },
    { ...task('y', 1), isSuspect: true },
  ])
  assert.deepEqual(backlog.waiting(), { ...NONE, ordinary: 1, suspect: 2 })
  assert.deepEqual(drain(backlog, QUICK), [['a', 'b', 'c', 'd']])
  assert.deepEqual(drain(backlog), [['x'], ['y']])
})

test('suspects and big files come by turns, so that neither waits for all of the others', () => {
  const backlog = createBacklog()
  backlog.add(['big', 'big too', 'big three'].map((name) => task(name, BIG_FILE_BYTES)))
  backlog.putBack(['x', 'y'].map((name) => ({ ...task(name, 1), isSuspect: true })))
  assert.deepEqual(drain(backlog), [['x'], ['big'], ['y'], ['big too'], ['big three']])
})

test('only a message of small files that are no suspects is quick', () => {
  const quick = (one: Task) => {
    const backlog = createBacklog()
    backlog.add([one])
    return backlog.take(ALL)?.isQuick
  }
  assert.equal(quick(task('small', 1)), true)
  assert.equal(quick(task('large', MIB + 1)), false)
  assert.equal(quick({ ...task('suspect', 1), isSuspect: true }), false)
})

test('files that are tried alone take turns with the others: one after four messages, and immediately if nothing else waits', () => {
  const alone = (name: string) => ({ ...task(name, 1), isAlone: true })
  const backlog = createBacklog()
  backlog.putBack(['x', 'y', 'z'].map(alone))
  backlog.add(Array.from({ length: 9 }, (_, n) => task(`${n}`, 2 * MIB)))
  assert.deepEqual(backlog.waiting(), { ...NONE, ordinary: 1, alone: 3 })
  const order = drain(backlog).flat()
  assert.deepEqual(order, ['0', '1', '2', '3', 'x', '4', '5', '6', '7', 'y', '8', 'z'])
  backlog.add([alone('a'), task('b', 1)])
  assert.deepEqual(drain(backlog, new Set<Lane>(['ordinary'])), [['b']])
})

test('the backlog is bulk if the next message is full', () => {
  const backlog = createBacklog()
  backlog.add(Array.from({ length: BATCH_FILES - 1 }, (_, n) => task(`${n}`, n)))
  assert.equal(backlog.isBulk(), false)
  backlog.add([task('last', 1)])
  assert.equal(backlog.isBulk(), true)
})
