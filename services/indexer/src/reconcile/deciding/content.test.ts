/** Which bytes are read anew and which facts a row takes over (I6, I12): sights go in, the plan of `decide` comes out. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { factsOf, fileSight, folderSight, GONE } from '../../../../../test/support/rows.ts'
import type { KnownNode } from '../../model/known-node.ts'
import type { Cause, Observation } from '../../model/observation.ts'
import { AWAITING, a, at, folder, fresh, idOf, link, OTHER, planOf, short, type World } from './test-support/plans.ts'

for (const other of [{ size: 11 }, { mtime: 1_001 }]) {
  test(`another ${Object.keys(other)[0]} is a rewrite`, () => {
    const plan = planOf({ rows: [a] }, at(a, fileSight(10, other)))
    assert.deepEqual(plan.decisions, [
      { kind: 'rewrite', nodeId: a.nodeId, facts: factsOf(10, other), awaiting: AWAITING },
    ])
  })
}

const RECHECKS: readonly [what: string, row: Partial<KnownNode>, ctime: number, cause: Cause, isRechecked: boolean][] =
  [
    ['a closed writer moved the ctime', {}, 2_000, 'written', true],
    ['another name of the inode was written', {}, 2_000, 'linked', true],
    ['a closed writer wrote nothing, as it seems', {}, 1_000, 'written', true],
    ['a chmod moved the ctime', {}, 2_000, 'touched', false],
    ['a scan finds another ctime', {}, 2_000, 'scan', false],
    ['a new name appears where it is known', {}, 2_000, 'created', false],
    ['a file that was held back is closed', { metadataState: 'fresh', hash: '' }, 1_000, 'written', true],
    ['a file of the backlog is closed', { metadataState: 'backlog', hash: '' }, 1_000, 'written', true],
    ['another name of one that is held back is written', { metadataState: 'fresh' }, 2_000, 'linked', false],
    ['an unreadable file is touched', { metadataState: 'unreadable' }, 1_000, 'touched', true],
    ['an unreadable file is scanned', { metadataState: 'unreadable' }, 1_000, 'scan', true],
    ['a failed file is scanned', { metadataState: 'failed' }, 1_000, 'scan', false],
    ['a failed file is written', { metadataState: 'failed' }, 2_000, 'written', true],
  ]

for (const [what, other, ctime, cause, isRechecked] of RECHECKS) {
  test(`with equal size and time ${what}: ${isRechecked ? 'read again' : 'silence (I12)'}`, () => {
    const row = { ...a, ...other }
    const plan = planOf({ rows: [row] }, at(row, fileSight(10, { ctime }), cause))
    const recheck = { kind: 'recheck', nodeId: a.nodeId, awaiting: AWAITING }
    assert.deepEqual(plan.decisions, isRechecked ? [recheck] : [])
  })
}

test('a write through one name makes the others be looked at, once', () => {
  const further = { ...a, nodeId: link('b'), name: 'b' }
  const world: World = { rows: [a, further] }
  const sight = fileSight(10, { links: 2, size: 99 })
  assert.deepEqual(planOf(world, at(a, sight, 'written')).lookAt, [{ place: further, cause: 'linked' }])
  assert.deepEqual(planOf(world, at(further, sight, 'linked')).lookAt, [])
})

test('what was written through a new name before that was listed is looked for at the others', () => {
  const later = (cause: Cause, mtime: number) => fresh(OTHER, 'new', fileSight(10, { links: 2, mtime }), cause)
  const lookedAt = (observation: Observation) => planOf({ rows: [a], presence: () => 'present' }, observation).lookAt
  assert.deepEqual(lookedAt(later('created', a.mtime)), [])
  for (const observation of [later('created', a.mtime + 1), later('written', a.mtime)]) {
    assert.deepEqual(lookedAt(observation), [{ place: a, cause: 'linked' }])
  }
})

test('what was written through a name that is gone by then is looked for at the others', () => {
  const other = { ...a, nodeId: link('other'), name: 'other' }
  const lookedAt = (cause: Cause) => planOf({ rows: [a, other] }, at(a, GONE, cause)).lookAt
  assert.deepEqual(lookedAt('written'), [{ place: other, cause: 'linked' }])
  assert.deepEqual(lookedAt('touched'), [])
})

// Rows of the original program, which know no inode yet.

test("the original's row takes the facts, silently", () => {
  const old = { ...a, device: '', inode: '', ctime: 5 }
  const plan = planOf({ rows: [old] }, at(old, fileSight(10, { mtime: 1_001 }), 'scan'))
  const facts = factsOf(10, { mtime: 1_001, ctime: 5 })
  assert.deepEqual(plan.decisions, [{ kind: 'adopt', nodeId: a.nodeId, facts }])
})

test("the original's folder keeps its times", () => {
  const old = { ...folder, device: '', inode: '', ctime: 5, mtime: 6 }
  const plan = planOf({ rows: [old] }, at(old, folderSight(20), 'scan'))
  const facts = factsOf(20, { size: 0, ctime: 5, mtime: 6 })
  assert.deepEqual(plan.decisions, [{ kind: 'adopt', nodeId: folder.nodeId, facts }])
})

test("the original's row that was written since takes the facts and is rewritten", () => {
  const old = { ...a, device: '', inode: '' }
  const plan = planOf({ rows: [old] }, at(old, fileSight(10, { size: 99 }), 'scan'))
  assert.deepEqual(short(plan), [`adopt ${idOf(a)}`, `rewrite ${idOf(a)}`])
})

test("the original's row that moved while nobody watched is found by its id", () => {
  const old = { ...a, device: '', inode: '' }
  const plan = planOf({ rows: [old] }, at(old, GONE, 'scan'), fresh(OTHER, 'A', fileSight(10), 'scan'))
  assert.deepEqual(short(plan), [`move ${idOf(a)} A`, `adopt ${idOf(a)}`])
})

test('a new folder under a reused inode number takes over what is known of the old one, to be compared', () => {
  const facts = factsOf(20, { size: 0, birthTime: 9, mtime: 9_000, ctime: 9_000 })
  const there = planOf({ rows: [folder] }, at(folder, { kind: 'folder', facts }))
  const silently = { ...facts, mtime: folder.mtime, ctime: folder.ctime }
  assert.deepEqual(there.decisions, [{ kind: 'adopt', nodeId: folder.nodeId, facts: silently }])
  assert.deepEqual(there.reborn, [folder.nodeId])
  const elsewhere = planOf({ rows: [folder] }, at(folder, GONE), fresh(OTHER, 'new', { kind: 'folder', facts }))
  assert.deepEqual(short(elsewhere), [`move ${idOf(folder)} new`, `adopt ${idOf(folder)}`])
  assert.deepEqual(elsewhere.reborn, [folder.nodeId])
})

test('I6: a file that a writer closed is read again, silently, though nothing seems to have changed', () => {
  const plan = (cause: Cause, other = {}) => short(planOf({ rows: [a] }, at(a, fileSight(10, other), cause)))
  assert.deepEqual(plan('written'), [`recheck ${idOf(a)}`], 'mmap(2) may have written to a page that was dirty already')
  assert.deepEqual(plan('touched'), [])
  assert.deepEqual(plan('modified'), [])
  assert.deepEqual(plan('modified', { ctime: 2_000 }), [`recheck ${idOf(a)}`])
  assert.deepEqual(plan('revisited', { ctime: 2_000 }), [`recheck ${idOf(a)}`])
})

test('a file that was never to be read is not read because its status changed a moment after it was listed', () => {
  const skipped: KnownNode = { ...a, metadataState: 'skipped' }
  const observation = at(skipped, fileSight(10, { ctime: 2_000 }), 'revisited')
  assert.deepEqual(short(planOf({ rows: [skipped] }, observation)), [])
  const written = at(skipped, fileSight(10, { mtime: 2_000, ctime: 2_000 }), 'revisited')
  assert.deepEqual(short(planOf({ rows: [skipped] }, written)), [`rewrite ${idOf(a)}`])
})

test('what has the number of a row that was not seen since the mount, and no birth time, is read before it has its hash', () => {
  const plan = planOf({ rows: [a], doubtful: [a], presence: () => 'absent' }, fresh(OTHER, 'A', fileSight(10)))
  assert.deepEqual(short(plan), [`move ${idOf(a)} A`, `recheck ${idOf(a)}`])
  const twin = planOf(
    { rows: [a], doubtful: [a], presence: () => 'present' },
    fresh(OTHER, 'A', fileSight(10, { links: 2 })),
  )
  assert.deepEqual(
    twin.decisions.map((one) => one.kind === 'create' && one.copyOf),
    [null],
  )
})
