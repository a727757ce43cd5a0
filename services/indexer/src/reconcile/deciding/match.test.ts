/** Which row a sight is, and which id it gets if it is none: sights go in, the plan of `decide` comes out. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plainNodeId } from '@drive-feed/shared/node-id.ts'
import { DEVICE, fileRow, fileSight, folderRow, folderSight, GONE } from '../../../../../test/support/rows.ts'
import type { Observation } from '../../model/observation.ts'
import { rowsToLookAt } from './match.ts'
import {
  a,
  againOf,
  at,
  b,
  beside,
  EMPTY,
  folder,
  fresh,
  idOf,
  knowledgeOf,
  link,
  OTHER,
  planOf,
  short,
  TOP,
  type World,
} from './test-support/plans.ts'

// Hard links.

test('a further name of an inode gets an id of its own and shares what is known of the first', () => {
  const plan = planOf({ rows: [a], presence: () => 'present' }, fresh(TOP, 'further', fileSight(10, { links: 2 })))
  const [decision] = plan.decisions
  assert.ok(decision?.kind === 'create')
  assert.deepEqual([decision.nodeId, decision.copyOf], [link('further'), a.nodeId])
  assert.deepEqual(plan.toLimbo, [])
})

test('several names of a new inode: the first seen keeps the plain id', () => {
  const observations = ['x', 'y', 'z'].map((name) => fresh(TOP, name, fileSight(10, { links: 3 })))
  const ids = planOf({}, ...observations).decisions.map(({ nodeId }) => nodeId)
  assert.deepEqual(ids, [plainNodeId(DEVICE, '10'), link('y'), link('z')])
})

test('nothing is shared with a name whose bytes are not known, or other ones', () => {
  for (const other of [{ hash: '' }, { size: 99 }]) {
    const row = { ...a, ...other }
    const plan = planOf({ rows: [row], presence: () => 'present' }, fresh(TOP, 'further', fileSight(10, { links: 2 })))
    const [decision] = plan.decisions
    assert.ok(decision?.kind === 'create')
    assert.equal(decision.copyOf, null)
  }
})

test('the plain id is used again by a further name when the first name is gone', () => {
  const further = { ...a, nodeId: link('b'), name: 'b' }
  const world: World = { rows: [further], presence: () => 'present' }
  const [decision] = planOf(world, fresh(TOP, 'c', fileSight(10, { links: 2 }))).decisions
  assert.equal(decision?.nodeId, plainNodeId(DEVICE, '10'))
})

test('the id of a name that was linked here and renamed since is not given a second time', () => {
  const renamed = { ...a, nodeId: link('x'), name: 'renamed' }
  const world: World = { rows: [a, renamed], presence: () => 'present' }
  const [decision] = planOf(world, fresh(TOP, 'x', fileSight(10, { links: 3 }))).decisions
  assert.equal(decision?.nodeId, link('x', 1))
})

test('a linked file that is renamed moves: its old name is looked at and found absent', () => {
  const plan = planOf({ rows: [a], presence: () => 'absent' }, fresh(TOP, 'A', fileSight(10, { links: 2 })))
  assert.deepEqual(short(plan), [`move ${idOf(a)} A`])
})

test('of two absent names the plain one moves', () => {
  const further = { ...a, nodeId: link('b'), name: 'b' }
  const world: World = { rows: [further, a], presence: () => 'absent' }
  assert.deepEqual(short(planOf(world, fresh(TOP, 'new', fileSight(10)))), [`move ${idOf(a)} new`])
})

test('when it can not be told whether the other name is still there, the place is looked at again', () => {
  const observation = fresh(TOP, 'A', fileSight(10, { links: 2 }))
  const plan = planOf({ rows: [a], presence: () => 'unknown' }, observation)
  assert.deepEqual(plan, { ...EMPTY, again: [observation] })
})

// Inode numbers that are used again.

test('a new file under the inode number of a removed one is another node, and the old one is gone for good', () => {
  const plan = planOf({ rows: [a] }, fresh(TOP, 'new', fileSight(10, { birthTime: 2 })))
  assert.deepEqual(short(plan), [`remove ${idOf(a)}`, `create ${idOf(a)} new`])
})

test('I1: where a row stood whose inode lives again elsewhere, what waited for it to leave is looked at', () => {
  const plan = planOf({ rows: [a] }, fresh(TOP, 'new', fileSight(10, { birthTime: 2 }), 'written'))
  assert.deepEqual(plan.lookAt, [{ place: a, cause: 'touched' }])
  const seen = planOf({ rows: [a] }, at(a, GONE), fresh(TOP, 'new', fileSight(10, { birthTime: 2 }), 'written'))
  assert.deepEqual(seen.lookAt, [], 'its place was seen just now')
})

test('a new file under the same name and number as before is another node', () => {
  const plan = planOf({ rows: [a] }, at(a, fileSight(10, { birthTime: 2 })))
  assert.deepEqual(short(plan), [`remove ${idOf(a)}`, `create ${idOf(a)} a`])
})

test('a folder under the number of a removed file', () => {
  const plan = planOf({ rows: [a] }, at(a, GONE), fresh(TOP, 'new', folderSight(10, { birthTime: 0 })))
  assert.deepEqual(short(plan), [`remove ${idOf(a)}`, `create ${idOf(a)} new`])
})

test('a number that two things have at once: both stay, the second under an id beside that of the first', () => {
  const found = fresh(OTHER, 'new', fileSight(10, { birthTime: 2 }))
  const plan = planOf({ rows: [a], presence: () => 'present' }, found)
  assert.deepEqual(
    plan.decisions.map(({ kind, nodeId }) => [kind, nodeId]),
    [['create', beside(10, 'new')]],
  )
})

test('I7: a row whose place can not be read stays, though something else has its number', () => {
  const found = fresh(OTHER, 'new', fileSight(10, { birthTime: 2 }))
  const [decision, ...others] = planOf({ rows: [a], presence: () => 'unreadable' }, found).decisions
  assert.deepEqual([decision?.kind, decision?.nodeId, others], ['create', beside(10, 'new'), []])
})

test('all names of a number that is used again are gone', () => {
  const further = { ...a, nodeId: link('b'), name: 'b' }
  const plan = planOf({ rows: [a, further] }, fresh(TOP, 'new', fileSight(10, { birthTime: 2 })))
  assert.deepEqual(short(plan), [`remove ${idOf(a)}`, `remove ${further.nodeId.slice(0, 4)}`, `create ${idOf(a)} new`])
})

test('a folder and a file that were seen with one number get two ids: the sights were not of one moment', () => {
  const plan = planOf({}, fresh(TOP, 'file', fileSight(10, { links: 2 })), fresh(TOP, 'folder', folderSight(10)))
  const ids = plan.decisions.map((decision) => [decision.kind === 'create' && decision.name, decision.nodeId])
  assert.deepEqual(new Map(ids as [string, string][]).get('folder'), plainNodeId(DEVICE, '10'))
  assert.equal(new Set(plan.decisions.map(({ nodeId }) => nodeId)).size, 2)
})

test('a new file with one name that was seen at two gets one node: it moved while it was looked at', () => {
  const plan = planOf({}, fresh(TOP, 'old', fileSight(10)), fresh(OTHER, 'new', fileSight(10)))
  assert.deepEqual(short(plan), [`create ${idOf(a)} old`])
  assert.deepEqual(againOf(plan), ['new'])
})

test('a file with one name that was seen elsewhere too keeps its id: which look was first shows at another one', () => {
  const elsewhere = fresh(OTHER, 'new', fileSight(10))
  for (const observations of [
    [at(a, fileSight(10)), elsewhere],
    [elsewhere, at(a, fileSight(10))],
  ]) {
    const plan = planOf({ rows: [a] }, ...observations)
    assert.deepEqual([short(plan), againOf(plan)], [[], ['new']])
  }
  const plan = planOf(
    { rows: [a] },
    at(a, GONE),
    fresh(OTHER, 'one', fileSight(10)),
    fresh(OTHER, 'two', fileSight(10)),
  )
  assert.deepEqual([short(plan), againOf(plan)], [[`move ${idOf(a)} one`], ['two']])
})

test('a file under the number of something that was seen too waits for another look', () => {
  const found = fresh(OTHER, 'new', fileSight(20))
  for (const observations of [
    [at(folder, folderSight(20)), found],
    [at(folder, GONE), fresh(OTHER, 'moved', folderSight(20)), found],
  ]) {
    assert.deepEqual(againOf(planOf({ rows: [folder] }, ...observations)), ['new'])
  }
})

test('a file with one name that its old place still holds has two, whatever the filesystem counts', () => {
  const found = fresh(OTHER, 'new', fileSight(10))
  const [decision] = planOf({ rows: [a], presence: () => 'present' }, found).decisions
  assert.deepEqual([decision?.kind, decision?.nodeId], ['create', beside(10, 'new')])
  for (const presence of ['absent', 'unknown', 'unreadable'] as const) {
    assert.deepEqual(short(planOf({ rows: [a], presence: () => presence }, found)), [`move ${idOf(a)} new`], presence)
  }
})

test('a hard link whose other name can not be read is a further name', () => {
  const found = fresh(OTHER, 'new', fileSight(10, { links: 2 }))
  const [decision] = planOf({ rows: [a], presence: () => 'unreadable' }, found).decisions
  assert.deepEqual([decision?.kind, decision?.nodeId], ['create', beside(10, 'new')])
})

// Rows in a root that is away, whose inode numbers others have by now (I7).

test('I7: a row in a root that is away stays; what has its number now is another file, which shares nothing with it', () => {
  const plan = planOf({ rows: [a], away: [a] }, fresh(OTHER, 'new', fileSight(10, { birthTime: 2 })))
  const [decision] = plan.decisions
  assert.ok(decision?.kind === 'create' && plan.decisions.length === 1)
  assert.deepEqual([decision.nodeId, decision.copyOf], [beside(10, 'new'), null])
})

test('I7: a folder in a root that is away stays with what is in it; what has its number now is another folder, to move into', () => {
  const inside = fileRow(21, folder.nodeId, 'inside')
  const world: World = { rows: [folder, inside, a], away: [folder, inside] }
  const moved: Observation = { ...fresh(OTHER, 'A', fileSight(10)), parentId: beside(20, 'new') }
  const plan = planOf(world, moved, fresh(OTHER, 'new', folderSight(20, { birthTime: 2 })))
  const [create, move] = plan.decisions
  assert.ok(create?.kind === 'create' && move?.kind === 'move' && plan.decisions.length === 2)
  assert.deepEqual([create.nodeId, create.parentId], [beside(20, 'new'), OTHER.nodeId])
  assert.deepEqual([move.nodeId, move.parentId], [a.nodeId, create.nodeId])
  assert.deepEqual(plan.toLimbo, [])
})

test('I7: a folder with an id beside that of a row which is away is followed by its own row, whatever becomes of the other', () => {
  const own = { ...folderRow(20, OTHER.nodeId, 'new', { birthTime: 2 }), nodeId: beside(20, 'new') }
  const world: World = { rows: [folder, own], away: [folder], presence: () => 'absent' }
  const sight = folderSight(20, { birthTime: 2 })
  assert.deepEqual(short(planOf(world, fresh(TOP, 'renamed', sight))), [`move ${idOf(own)} renamed`])
  const back: World = { ...world, away: [] }
  assert.deepEqual(short(planOf(back, fresh(TOP, 'renamed', sight))), [`move ${idOf(own)} renamed`])
  assert.deepEqual(planOf(world, at(own, sight)).decisions, [])
})

test('a folder that moved out of a root that is away takes what is in it along', () => {
  const world: World = { rows: [folder], away: [folder], presence: () => 'absent' }
  assert.deepEqual(short(planOf(world, fresh(OTHER, 'out', folderSight(20)))), [`move ${idOf(folder)} out`])
})

test('nothing is shared with a file that had the number before', () => {
  const plan = planOf({ rows: [a] }, fresh(TOP, 'new', fileSight(10, { birthTime: 2, links: 2 })))
  assert.deepEqual(
    plan.decisions.map((decision) => (decision.kind === 'create' ? decision.copyOf : undefined)),
    [undefined, null],
  )
})

// Folders.

test('a folder that moved is moved, not listed anew', () => {
  const plan = planOf({ rows: [folder], presence: () => 'absent' }, fresh(OTHER, 'moved', folderSight(20)))
  assert.deepEqual(short(plan), [`move ${idOf(folder)} moved`])
  assert.deepEqual(plan.lookAt, [{ place: folder, cause: 'touched' }])
})

test('a folder that is still at its place is mounted a second time: it is listed at the first', () => {
  const second = fresh(OTHER, 'bound', folderSight(20))
  const plan = planOf({ rows: [folder], presence: () => 'present' }, second)
  assert.deepEqual(plan, { ...EMPTY, twins: [second] })
})

test('a folder seen at both places in one batch stays at the first', () => {
  const observations = [at(folder, folderSight(20)), fresh(OTHER, 'bound', folderSight(20))]
  for (const order of [observations, observations.toReversed()]) {
    assert.deepEqual(planOf({ rows: [folder], presence: () => 'present' }, ...order).decisions, [])
  }
})

test('a new folder seen at two places in one batch is listed once', () => {
  const observations = [fresh(TOP, 'one', folderSight(30)), fresh(OTHER, 'two', folderSight(30))]
  assert.deepEqual(short(planOf({}, ...observations)), [`create ${plainNodeId(DEVICE, '30').slice(0, 4)} one`])
})

// Which rows have to be looked at first.

test('what turns up elsewhere needs a look at where it was', () => {
  const rows = [a, b, folder]
  const rowsOf = knowledgeOf({ rows }).rowsOf
  const ask = (...observations: Observation[]) => rowsToLookAt(observations, rowsOf).map(({ name }) => name)
  assert.deepEqual(ask(fresh(OTHER, 'A', fileSight(10))), ['a'])
  assert.deepEqual(ask(fresh(OTHER, 'A', fileSight(10)), at(a, GONE)), [], 'its place was just seen')
  assert.deepEqual(ask(fresh(OTHER, 'f', folderSight(20))), ['folder'])
  assert.deepEqual(ask(fresh(OTHER, 'f', folderSight(20)), at(folder, GONE)), [], 'its place was just seen')
  assert.deepEqual(ask(at(folder, folderSight(20))), [], 'it is where it was')
  assert.deepEqual(ask(fresh(OTHER, 'f', folderSight(20, { birthTime: 9 }))), ['folder'], 'it has the same id')
  assert.deepEqual(ask(fresh(OTHER, 'x', GONE), fresh(OTHER, 'y', folderSight(99))), [])
})

// Filesystems whose inode numbers do not last.

test('a file that the kernel forgot and gave another number stays the same node, and is read again', () => {
  const world = { rows: [a], due: [a], numbersPass: true }
  const plan = planOf(world, at(a, fileSight(77)))
  assert.deepEqual(short(plan), [`renumber ${idOf(a)}`, `recheck ${idOf(a)}`])
  const grown = planOf(world, at(a, fileSight(77, { size: 99 })))
  assert.deepEqual(short(grown), [`renumber ${idOf(a)}`, `rewrite ${idOf(a)}`])
  const early = planOf({ ...world, due: [] }, at(a, fileSight(77)))
  assert.deepEqual(short(early), [], 'it may turn up elsewhere')
  const other = planOf({ ...world, rows: [a, b] }, at(a, fileSight(11)), at(b, GONE))
  assert.deepEqual(short(other), [`move ${idOf(b)} a`, `remove ${idOf(a)}`], 'another known file took its name')
})

test('a new file does not get the id of a node that had its number under an earlier mount', () => {
  const plan = planOf({ rows: [{ ...a, inode: '55' }], numbersPass: true }, fresh(OTHER, 'new', fileSight(10)))
  assert.equal(plan.decisions[0]?.kind, 'create')
  assert.notEqual(plan.decisions[0]?.nodeId, a.nodeId)
})
