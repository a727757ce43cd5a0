/**
 * Shows how hints of one place merge (a table of two causes), in which order they are taken, and when they are settled.
 * The folders are of a real tree, and time is an argument.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rootFolder } from '../../../../../test/support/root-folder.ts'
import { createTree, type Folder } from '../../model/folder-tree.ts'
import type { Cause } from '../../model/observation.ts'
import { createHints } from './hints.ts'

function folders(): { tree: ReturnType<typeof createTree>; a: Folder; b: Folder; other: Folder } {
  const tree = createTree()
  const identity = (inode: string) => ({ nodeId: inode, device: '1', inode })
  const top = tree.addRoot(rootFolder('one'), identity('1'))
  const other = tree.addRoot(rootFolder('two'), identity('2'))
  return { tree, a: tree.add(top, 'a', identity('3')), b: tree.add(top, 'b', identity('4')), other }
}

const MERGES: readonly [before: Cause, after: Cause, merged: Cause][] = [
  ['touched', 'touched', 'touched'],
  ['touched', 'created', 'created'],
  ['touched', 'written', 'written'],
  ['created', 'touched', 'created'],
  ['created', 'written', 'written'],
  ['written', 'touched', 'written'],
  ['written', 'created', 'created'],
  ['written', 'linked', 'written'],
  ['linked', 'touched', 'touched'],
  ['touched', 'stale', 'touched'],
  ['stale', 'touched', 'touched'],
  ['linked', 'stale', 'linked'],
  ['created', 'stale', 'created'],
  ['modified', 'stale', 'modified'],
  ['scan', 'stale', 'scan'],
  ['stale', 'stale', 'stale'],
  ['stale', 'revisited', 'stale'],
  ['revisited', 'stale', 'stale'],
  ['scan', 'revisited', 'scan'],
  ['touched', 'revisited', 'touched'],
  ['linked', 'revisited', 'linked'],
  ['revisited', 'scan', 'scan'],
  ['revisited', 'touched', 'touched'],
]

for (const [before, after, merged] of MERGES) {
  test(`${before} and then ${after} is one look as ${merged}`, () => {
    const { a } = folders()
    const hints = createHints()
    hints.add({ folder: a, name: 'x', cause: before }, 0, 10)
    hints.add({ folder: a, name: 'x', cause: after }, 1, 10)
    assert.equal(hints.size(), 1)
    assert.deepEqual(hints.take(10, 100), [{ folder: a, name: 'x', cause: merged, addedMs: 0 }])
    assert.equal(hints.size(), 0)
  })
}

test('a hint that could not be looked at is put back as old as it was', () => {
  const { a } = folders()
  const hints = createHints()
  hints.add({ folder: a, name: 'x', cause: 'touched' }, 100, 100)
  const [taken] = hints.take(100, 10)
  assert.ok(taken !== undefined)
  // Another event came meanwhile.
  hints.add({ folder: a, name: 'x', cause: 'touched' }, 200, 210)
  hints.add(taken, taken.addedMs, 200)
  hints.done([taken])
  assert.ok(!hints.areSettled(150), 'what waits for everything noticed by then goes on waiting')
})

test('nothing is taken before it is due', () => {
  const { a } = folders()
  const hints = createHints()
  assert.equal(hints.nextDueMs(), null)
  hints.add({ folder: a, name: 'late', cause: 'touched' }, 0, 200)
  hints.add({ folder: a, name: 'soon', cause: 'touched' }, 0, 100)
  assert.equal(hints.nextDueMs(), 100)
  assert.deepEqual(hints.take(99, 100), [])
  assert.equal(hints.oldestDueSinceMs(99), null)
  assert.deepEqual(
    hints.take(100, 100).map(({ name }) => name),
    ['soon'],
  )
  assert.equal(hints.nextDueMs(), 200)
  assert.equal(hints.size(), 1)
})

test('the earlier due time counts, but an attribute change does not make an open file due', () => {
  const { a } = folders()
  const hints = createHints()
  hints.add({ folder: a, name: 'x', cause: 'created' }, 0, 100)
  hints.add({ folder: a, name: 'x', cause: 'touched' }, 5, 15)
  assert.deepEqual(hints.take(99, 10), [])
  hints.add({ folder: a, name: 'x', cause: 'written' }, 20, 30)
  assert.deepEqual(hints.take(30, 10), [{ folder: a, name: 'x', cause: 'written', addedMs: 0 }])
  hints.add({ folder: a, name: 'y', cause: 'touched' }, 40, 50)
  hints.add({ folder: a, name: 'y', cause: 'touched' }, 45, 55)
  assert.equal(hints.nextDueMs(), 50)
})

test('the longest known are taken first, a folder at a time, and no more than about the limit', () => {
  const { a, b } = folders()
  const hints = createHints()
  hints.add({ folder: b, name: '1', cause: 'touched' }, 0, 0)
  for (const name of ['2', '3', '4']) hints.add({ folder: a, name, cause: 'touched' }, 1, 1)
  hints.add({ folder: b, name: '5', cause: 'touched' }, 2, 2)
  assert.deepEqual(
    hints.take(5, 2).map(({ name }) => name),
    ['1', '5'],
  )
  assert.deepEqual(
    hints.take(5, 2).map(({ name }) => name),
    ['2', '3', '4'],
  )
  assert.deepEqual(hints.take(5, 2), [])
})

test('hints of a folder that left the tree are forgotten', () => {
  const { tree, a, b } = folders()
  const hints = createHints()
  hints.add({ folder: a, name: 'x', cause: 'touched' }, 0, 0)
  hints.add({ folder: b, name: 'y', cause: 'touched' }, 0, 0)
  tree.remove(a)
  assert.deepEqual(hints.take(0, 10), [{ folder: b, name: 'y', cause: 'touched', addedMs: 0 }])
  assert.equal(hints.size(), 0)
})

test('a root that goes away takes its hints along', () => {
  const { a, other } = folders()
  const hints = createHints()
  hints.add({ folder: a, name: 'x', cause: 'touched' }, 0, 10)
  hints.add({ folder: other, name: 'y', cause: 'touched' }, 0, 20)
  hints.dropRoot(a.root)
  assert.equal(hints.size(), 1)
  assert.equal(hints.nextDueMs(), 20)
  hints.dropRoot(other.root)
  assert.equal(hints.nextDueMs(), null)
})

test('how long the oldest due hint waits is told', () => {
  const { a, b } = folders()
  const hints = createHints()
  hints.add({ folder: a, name: 'held back', cause: 'created' }, 1, 1_000)
  hints.add({ folder: a, name: 'x', cause: 'touched' }, 20, 30)
  hints.add({ folder: b, name: 'y', cause: 'touched' }, 10, 40)
  assert.equal(hints.oldestDueSinceMs(30), 20)
  assert.equal(hints.oldestDueSinceMs(40), 10)
})

test('limbo waits for hints added by then, but not for those held back for long', () => {
  const { a } = folders()
  const hints = createHints()
  hints.add({ folder: a, name: 'x', cause: 'touched' }, 100, 110)
  assert.ok(hints.areSettled(99))
  assert.ok(!hints.areSettled(100))
  const taken = hints.take(110, 10)
  assert.ok(!hints.areSettled(200), 'it is being looked at')
  hints.done(taken)
  assert.ok(hints.areSettled(200))
  hints.add({ folder: a, name: 'open', cause: 'created' }, 100, 10_000)
  assert.ok(hints.areSettled(200))
})
