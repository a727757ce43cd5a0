/** Which moves and new nodes wait, and in which order the others come (I3, I11): sights go in, the plan of `decide` comes out. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plainNodeId } from '@drive-feed/shared/node-id.ts'
import { DEVICE, fileRow, fileSight, folderRow, folderSight, GONE } from '../../../../../test/support/rows.ts'
import type { Observation } from '../../model/observation.ts'
import { a, at, b, c, EMPTY, folder, fresh, idOf, limboOf, planOf, short, TOP } from './test-support/plans.ts'

test('a move to a place that was looked at and is another row waits; that row blocks in limbo', () => {
  const plan = planOf({ rows: [a, b] }, at(a, GONE), at(b, fileSight(10)))
  assert.deepEqual(plan.decisions, [])
  assert.deepEqual(limboOf(plan), [
    ['a', false],
    ['b', true],
  ])
})

test('I11: a new file waits where a row still is', () => {
  const plan = planOf({ rows: [b] }, at(b, fileSight(30)))
  assert.deepEqual(plan, { ...EMPTY, toLimbo: [{ row: b, blocks: true, heir: null }] })
})

test('I11: a row whose time is over leaves, and what waited takes its place, in one plan', () => {
  const moved = planOf({ rows: [a, b], due: [b] }, at(a, GONE), at(b, fileSight(10)))
  assert.deepEqual(short(moved).toSorted(), [`move ${idOf(a)} b`, `remove ${idOf(b)}`])
  const created = planOf({ rows: [b], due: [b] }, at(b, fileSight(30)))
  assert.deepEqual(short(created), [`remove ${idOf(b)}`, `create ${plainNodeId(DEVICE, '30').slice(0, 4)} b`])
})

test('I11: two names are swapped in one plan', () => {
  const plan = planOf({ rows: [a, b] }, at(a, fileSight(11)), at(b, fileSight(10)))
  assert.deepEqual(short(plan), [`move ${idOf(b)} a`, `move ${idOf(a)} b`])
  assert.deepEqual([plan.toLimbo, plan.lookAt, plan.again], [[], [], []])
})

test('I11: three names go round in one plan', () => {
  const plan = planOf({ rows: [a, b, c] }, at(a, fileSight(12)), at(b, fileSight(10)), at(c, fileSight(11)))
  assert.deepEqual(short(plan), [`move ${idOf(c)} a`, `move ${idOf(a)} b`, `move ${idOf(b)} c`])
  assert.deepEqual(plan.toLimbo, [])
})

test('I11: a chain whose end is free moves up by one in one plan', () => {
  const plan = planOf({ rows: [a, b] }, at(a, GONE), at(b, fileSight(10)), fresh(TOP, 'c', fileSight(11)))
  assert.deepEqual(short(plan), [`move ${idOf(a)} b`, `move ${idOf(b)} c`])
})

test('I11: a chain whose end is not free waits as a whole', () => {
  const plan = planOf({ rows: [a, b, c] }, at(a, GONE), at(b, fileSight(10)), at(c, fileSight(11)))
  assert.deepEqual(plan.decisions, [])
  assert.deepEqual(limboOf(plan), [
    ['a', false],
    ['b', true],
    ['c', true],
  ])
  const after = planOf({ rows: [a, b, c], due: [c] }, at(a, GONE), at(b, fileSight(10)), at(c, fileSight(11)))
  assert.deepEqual(short(after).toSorted(), [`move ${idOf(a)} b`, `move ${idOf(b)} c`, `remove ${idOf(c)}`].toSorted())
})

test('a row found at a place that is not free yet is not removed, though its time is over', () => {
  const plan = planOf({ rows: [a, b], due: [a] }, at(a, GONE), at(b, fileSight(10)))
  assert.deepEqual(plan.decisions, [])
  assert.deepEqual(limboOf(plan), [
    ['a', false],
    ['b', true],
  ])
})

test('a place is free when its row goes at last, though the row was found where it can not be placed', () => {
  const observations = [at(b, fileSight(10)), at(a, fileSight(30))]
  const plan = planOf({ rows: [a, b], due: [a], overdue: [a] }, ...observations)
  assert.deepEqual(short(plan), [`remove ${idOf(a)}`, `create ${plainNodeId(DEVICE, '30').slice(0, 4)} a`])
  assert.deepEqual(limboOf(plan), [['b', true]])
})

test('what waits for something else than the row at its place is looked at again', () => {
  const inside = fresh(folder, 'inside', fileSight(30))
  const plan = planOf({ rows: [folder], due: [folder] }, at(folder, GONE), inside)
  assert.deepEqual(short(plan), [`remove ${idOf(folder)}`])
  assert.deepEqual(plan.again, [inside])
})

test('nothing is put into a folder that is removed in the same plan: the sights were not of one moment', () => {
  const newInside = { ...fresh(folder, 'inside', fileSight(31)) }
  const reused = fresh(TOP, 'new', fileSight(20, { birthTime: 2 }))
  for (const observations of [
    [newInside, reused],
    [reused, newInside],
  ]) {
    assert.deepEqual(short(planOf({ rows: [folder] }, ...observations)), [
      `remove ${idOf(folder)}`,
      `create ${idOf(folder)} new`,
    ])
  }
  const movedInside = fresh(folder, 'inside', fileSight(10))
  const plan = planOf({ rows: [folder, a], due: [folder] }, at(folder, GONE), movedInside, at(a, GONE))
  assert.deepEqual(short(plan), [`remove ${idOf(folder)}`])
  assert.deepEqual(limboOf(plan), [['a', false]])
})

test('a folder never moves below itself: the sights were not of one moment', () => {
  const inner = folderRow(21, folder.nodeId, 'inner')
  const observation = fresh(inner, 'moved', folderSight(20))
  const plan = planOf({ rows: [folder, inner] }, at(folder, GONE), observation)
  assert.deepEqual(plan.decisions, [])
  assert.deepEqual(plan.again, [observation])
  assert.deepEqual(limboOf(plan), [['folder', false]])
})

test('I3, I11: a folder that is in the one that took its place moves into it, which is made first', () => {
  const heir = folderSight(30)
  const inner: Observation = { ...fresh(TOP, 'old', folderSight(20)), parentId: plainNodeId(DEVICE, '30') }
  const plan = planOf({ rows: [folder], due: [folder] }, at(folder, heir), inner)
  assert.deepEqual(short(plan), [`create ${inner.parentId.slice(0, 4)} folder`, `move ${idOf(folder)} old`])
  assert.deepEqual(limboOf(plan), [])
})

test('I3, I11: a folder and the one that it was in change places, however deep, from the top', () => {
  const inner = folderRow(21, folder.nodeId, 'inner')
  const plan = planOf(
    { rows: [folder, inner] },
    at(inner, GONE),
    fresh(inner, 'was above', folderSight(20)),
    at(folder, folderSight(21)),
  )
  assert.deepEqual(short(plan), [`move ${idOf(inner)} folder`, `move ${idOf(folder)} was above`])
})

test('a folder is not removed while something in it was found where it can not be placed yet', () => {
  const inner = fileRow(40, folder.nodeId, 'inner')
  const world = { rows: [folder, inner, a], due: [folder] }
  const observations = [at(folder, GONE), at(a, fileSight(40))]
  const plan = planOf(world, ...observations)
  assert.deepEqual(plan.decisions, [])
  assert.deepEqual(short(planOf({ ...world, overdue: [folder] }, ...observations)), [`remove ${idOf(folder)}`])
})

test('something new finds its way up a tree of any depth, and waits where the way goes round in circles', () => {
  const way = [folder]
  for (let depth = 1; depth <= 20_000; depth += 1) way.push(folderRow(100 + depth, idOfRow(way), 'd'))
  const deep = planOf({ rows: way }, fresh(way.at(-1) ?? folder, 'new', fileSight(30)))
  assert.deepEqual(short(deep), [`create ${plainNodeId(DEVICE, '30').slice(0, 4)} new`])
  const [inCircle, other] = [folderRow(51, idOfInode(52), 'one'), folderRow(52, idOfInode(51), 'other')]
  const leading = [folderRow(53, inCircle.nodeId, 'x')]
  for (let depth = 1; depth < 7; depth += 1) leading.push(folderRow(53 + depth, idOfRow(leading), 'x'))
  for (const from of leading) {
    const lost = planOf({ rows: [inCircle, other, ...leading] }, fresh(from, 'new', fileSight(30)))
    assert.deepEqual(short(lost), [])
  }
})

const idOfRow = (way: readonly { nodeId: string }[]) => way.at(-1)?.nodeId ?? ''
const idOfInode = (inode: number) => plainNodeId(DEVICE, String(inode))
