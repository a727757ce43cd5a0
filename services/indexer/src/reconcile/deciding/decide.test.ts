/**
 * A file or folder appears, moves or vanishes: sights and rows go into `decide`, the plan comes out. The tests of `match`,
 * `feasible` and `content` ask `decide` in the same way about their part.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plainNodeId } from '@drive-feed/shared/node-id.ts'
import { DEVICE, factsOf, fileRow, fileSight, folderSight, GONE } from '../../../../../test/support/rows.ts'
import { decide } from './decide.ts'
import {
  AWAITING,
  a,
  at,
  b,
  EMPTY,
  folder,
  fresh,
  idOf,
  knowledgeOf,
  OTHER,
  planOf,
  short,
  TOP,
} from './test-support/plans.ts'

test('a new file is created under its plain id', () => {
  const plan = planOf({}, fresh(TOP, 'new', fileSight(30)))
  const about = { nodeId: plainNodeId(DEVICE, '30'), parentId: TOP.nodeId, name: 'new', isDirectory: false }
  const create = { kind: 'create', ...about, facts: factsOf(30), awaiting: AWAITING, copyOf: null } as const
  assert.deepEqual(plan, { ...EMPTY, decisions: [create] })
})

test('a new folder is created and waits for no metadata', () => {
  const [decision] = planOf({}, fresh(TOP, 'new', folderSight(30))).decisions
  assert.ok(decision?.kind === 'create' && decision.isDirectory)
  assert.deepEqual(decision.awaiting, { state: 'ready', dueMs: 0 })
})

for (const sight of [GONE, { kind: 'unlisted' }, { kind: 'unreadable' }] as const) {
  test(`I12: where nothing is known and the place is ${sight.kind}, nothing happens`, () => {
    assert.deepEqual(planOf({}, fresh(TOP, 'x', sight)), EMPTY)
  })
}

test('I12: what is as it is known is only told to be there', () => {
  const observations = [
    at(a, fileSight(10)),
    at(b, fileSight(11, { ctime: 9_999 })),
    at(folder, folderSight(20, { mtime: 9 })),
  ]
  const plan = planOf({ rows: [a, b, folder] }, ...observations)
  assert.deepEqual(plan.decisions, [])
  assert.deepEqual(plan.found, [a.nodeId, b.nodeId, folder.nodeId])
  assert.deepEqual(
    plan.present.map(({ nodeId }) => nodeId),
    [folder.nodeId],
  )
})

test('I7: where nothing can be said, nothing happens, though its time is over', () => {
  const plan = planOf({ rows: [a], due: [a] }, at(a, { kind: 'unreadable' }))
  assert.deepEqual(plan, EMPTY)
})

test('a file that is missing goes to limbo and stays visible', () => {
  const plan = planOf({ rows: [a] }, at(a, GONE))
  assert.deepEqual(plan, { ...EMPTY, toLimbo: [{ row: a, blocks: false, heir: null }] })
})

for (const sight of [GONE, { kind: 'unlisted' }] as const) {
  test(`a row whose time is over and whose place is ${sight.kind} is removed`, () => {
    const plan = planOf({ rows: [a], due: [a] }, at(a, sight))
    assert.deepEqual(plan, { ...EMPTY, decisions: [{ kind: 'remove', nodeId: a.nodeId }] })
  })
}

test('a row whose time is over is back where it was', () => {
  const plan = planOf({ rows: [a], due: [a] }, at(a, fileSight(10)))
  assert.deepEqual(plan, { ...EMPTY, found: [a.nodeId] })
})

test('a file found at another place moved, keeps its id, and its old place is looked at', () => {
  const plan = planOf({ rows: [a] }, fresh(OTHER, 'A', fileSight(10, { ctime: 2_000 })))
  const place = { parentId: OTHER.nodeId, name: 'A' }
  assert.deepEqual(plan, {
    ...EMPTY,
    decisions: [{ kind: 'move', nodeId: a.nodeId, ...place, isDirectory: false, ctime: 2_000 }],
    found: [a.nodeId],
    lookAt: [{ place: a, cause: 'touched' }],
  })
})

test('a file seen to be gone and to be elsewhere moved, whichever was seen first', () => {
  const observations = [at(a, GONE), fresh(OTHER, 'A', fileSight(10))]
  for (const order of [observations, observations.toReversed()]) {
    const plan = planOf({ rows: [a] }, ...order)
    assert.deepEqual(short(plan), [`move ${idOf(a)} A`])
    assert.deepEqual([plan.lookAt, plan.toLimbo], [[], []])
  }
})

test('a file that moved and was written is moved and then rewritten', () => {
  const plan = planOf({ rows: [a] }, at(a, GONE), fresh(OTHER, 'A', fileSight(10, { size: 99 })))
  assert.deepEqual(short(plan), [`move ${idOf(a)} A`, `rewrite ${idOf(a)}`])
})

test('moves come before removals: what moved out of a removed folder is spared', () => {
  const inside = fileRow(21, folder.nodeId, 'inside')
  const rows = [folder, inside]
  const plan = planOf({ rows, due: [folder] }, at(folder, GONE), fresh(TOP, 'out', fileSight(21)))
  assert.deepEqual(short(plan), [`move ${idOf(inside)} out`, `remove ${idOf(folder)}`])
})

test('a file that moved and is still where its id is due is not removed', () => {
  const plan = planOf({ rows: [a], due: [a] }, at(a, GONE), fresh(OTHER, 'A', fileSight(10)))
  assert.deepEqual(short(plan), [`move ${idOf(a)} A`])
})

test('a plan has room for more new nodes than a call takes arguments', () => {
  // As below a copy of hard links, `cp -al`, that a search finds as a whole.
  const observations = Array.from({ length: 150_000 }, (_, n) => fresh(TOP, `${n}`, fileSight(100 + n)))
  const knowledge = { ...knowledgeOf({ rows: [TOP] }), rowsOf: () => [] }
  assert.equal(decide(observations, knowledge).decisions.length, observations.length)
})
