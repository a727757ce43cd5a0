/** Shows which folders wait to be listed, and when a root has no visit left. The folders are of a real tree. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rootFolder } from '../../../../../test/support/root-folder.ts'
import { createTree } from '../../model/folder-tree.ts'
import { createVisits } from './visits.ts'

function folders() {
  const tree = createTree()
  const identity = (inode: string) => ({ nodeId: inode, device: '1', inode })
  const top = tree.addRoot(rootFolder('one'), identity('1'))
  const a = tree.add(top, 'a', identity('3'))
  return { tree, top, a, other: tree.addRoot(rootFolder('two'), identity('2')) }
}

test('folders are visited in the order in which they were found, at most so many at a time', () => {
  const { top, a, other } = folders()
  const visits = createVisits()
  visits.add(top, true)
  visits.add(a, false)
  visits.add(other, true)
  assert.equal(visits.size(), 3)
  assert.deepEqual(visits.take(2), [
    { folder: top, isDeep: true },
    { folder: a, isDeep: false },
  ])
  assert.deepEqual(visits.take(2), [{ folder: other, isDeep: true }])
  assert.deepEqual(visits.take(2), [])
})

test('a folder is to be listed until that is settled, however often it was asked for; but not what is below, if only it is', () => {
  const { top, a } = folders()
  const visits = createVisits()
  visits.add(top, true)
  visits.add(a, false)
  assert.deepEqual([visits.isOpen(top), visits.isOpen(a)], [true, false])
  const taken = visits.take(9)
  visits.add(top, true)
  taken.push(...visits.take(9))
  for (const visit of taken) {
    assert.deepEqual([visits.isOpen(top), visits.isOpen(a)], [true, false])
    visits.done(visit)
  }
  assert.ok(!visits.isOpen(top))
})

test('asking twice is one visit, deep if either was', () => {
  const { top } = folders()
  const visits = createVisits()
  visits.add(top, true)
  visits.add(top, false)
  assert.equal(visits.open(top.root), 1)
  assert.deepEqual(visits.take(9), [{ folder: top, isDeep: true }])
  visits.add(top, false)
  visits.add(top, true)
  assert.deepEqual(visits.take(9), [{ folder: top, isDeep: true }])
})

test('a root is through when every visit that was taken is settled', () => {
  const { top, a, other } = folders()
  const visits = createVisits()
  visits.add(top, true)
  const [first] = visits.take(1)
  assert.ok(first !== undefined)
  assert.equal(visits.open(top.root), 1)
  visits.add(a, true)
  visits.done(first)
  assert.equal(visits.open(top.root), 1)
  const [second] = visits.take(1)
  assert.ok(second !== undefined)
  visits.putBack(second)
  assert.equal(visits.open(top.root), 1)
  assert.deepEqual(visits.take(1), [second])
  visits.done(second)
  assert.equal(visits.open(top.root), 0)
  assert.equal(visits.open(other.root), 0)
})

test('a visit put back while it was asked for again is still one', () => {
  const { a } = folders()
  const visits = createVisits()
  visits.add(a, true)
  const [visit] = visits.take(1)
  assert.ok(visit !== undefined)
  visits.add(a, false)
  assert.equal(visits.open(a.root), 2)
  visits.putBack(visit)
  assert.equal(visits.open(a.root), 1)
  assert.deepEqual(visits.take(9), [{ folder: a, isDeep: true }])
})

test('a folder that left the tree is not visited, and its root does not wait for it', () => {
  const { tree, top, a } = folders()
  const visits = createVisits()
  visits.add(a, true)
  tree.remove(a)
  assert.deepEqual(visits.take(9), [])
  assert.equal(visits.open(top.root), 0)
})

test('a root that goes away takes its waiting visits along, not those under way', () => {
  const { top, a, other } = folders()
  const visits = createVisits()
  visits.add(top, true)
  const [under] = visits.take(1)
  visits.add(a, true)
  visits.add(other, true)
  visits.dropRoot(top.root)
  assert.equal(visits.open(top.root), 1)
  assert.ok(under !== undefined)
  visits.done(under)
  assert.equal(visits.open(top.root), 0)
  assert.deepEqual(visits.take(9), [{ folder: other, isDeep: true }])
})
