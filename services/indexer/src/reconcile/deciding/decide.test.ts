import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nameToBytes } from '@drive-feed/shared/entry-name.ts'
import { furtherNodeId, plainNodeId } from '@drive-feed/shared/node-id.ts'
import { DEVICE, factsOf, fileRow, fileSight, folderRow, folderSight, GONE } from '../../../../../test/support/rows.ts'
import type { Known } from '../../model/known-node.ts'
import { type Cause, isSameInode, type PlacedSight, type Seen } from '../../model/seen.ts'
import { decide } from './decide.ts'
import { rowsToLookAt } from './match.ts'
import type { Knowledge, Plan, Vacancy } from './plan.ts'

const TOP = folderRow(1, 'above', 'top')
const OTHER = folderRow(2, 'above', 'other')
const AWAITING = { state: 'fresh', dueMs: 7 } as const

type World = {
  rows?: readonly Known[]
  /** Rows whose time in limbo is over. */
  due?: readonly Known[]
  /** Those of them that waited too long. */
  overdue?: readonly Known[]
  /** Rows in a root that is not there. */
  away?: readonly Known[]
  vacancy?: (row: Known) => Vacancy
  /** Inode numbers do not last. */
  numbersPass?: boolean
  /** Rows whose number was not seen since their filesystem was mounted. */
  doubtful?: readonly Known[]
}

function knowledgeOf(world: World): Knowledge {
  const { rows = [], due = [], overdue = [], away = [], vacancy = () => 'unknown' } = world
  const byId = new Map(rows.map((row) => [row.nodeId, row]))
  return {
    rowsOf: (facts) => rows.filter((row) => isSameInode(row, facts)),
    vacancyOf: vacancy,
    mayRemove: new Set(due.map((row) => row.nodeId)),
    mustRemove: new Set(overdue.map((row) => row.nodeId)),
    parentOf: (folderId) => (folderId === 'above' ? null : byId.get(folderId)?.parentId),
    isAway: (row) => away.includes(row),
    hasChildren: (folderId) => rows.some((row) => row.parentId === folderId),
    numbersLast: () => !world.numbersPass,
    carriesHash: (row) => world.doubtful?.includes(row) !== true,
    isIdTaken: (_device, nodeId) => world.numbersPass === true && byId.has(nodeId),
    awaiting: () => AWAITING,
  }
}

/** What was seen where a row is. */
function at(row: Known, sight: PlacedSight, cause: Cause = 'touched'): Seen {
  return { parentId: row.parentId, name: row.name, known: row, sight, cause }
}

/** What was seen where no row is. */
function fresh(parent: Known, name: string, sight: PlacedSight, cause: Cause = 'touched'): Seen {
  return { parentId: parent.nodeId, name, known: undefined, sight, cause }
}

function planOf(world: World, ...seens: readonly Seen[]): Plan {
  return decide(seens, knowledgeOf({ ...world, rows: [TOP, OTHER, ...(world.rows ?? [])] }))
}

/** Decisions in short: what, and of whom. */
function short(plan: Plan): string[] {
  return plan.decisions.map((decision) => {
    const name = 'name' in decision ? ` ${decision.name}` : ''
    return `${decision.kind} ${decision.nodeId.slice(0, 4)}${name}`
  })
}

function idOf(row: Known): string {
  return row.nodeId.slice(0, 4)
}

function limboOf(plan: Plan): [string, boolean][] {
  return plan.toLimbo.map(({ row, blocks }) => [row.name, blocks])
}

function againOf(plan: Plan): string[] {
  return plan.again.map(({ name }) => name)
}

const EMPTY: Plan = { decisions: [], toLimbo: [], found: [], again: [], lookAt: [], twins: [], reborn: [], present: [] }

const a = fileRow(10, TOP.nodeId, 'a')
const b = fileRow(11, TOP.nodeId, 'b')
const c = fileRow(12, TOP.nodeId, 'c')
const folder = folderRow(20, TOP.nodeId, 'folder')

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
  const seens = [
    at(a, fileSight(10)),
    at(b, fileSight(11, { ctime: 9_999 })),
    at(folder, folderSight(20, { mtime: 9 })),
  ]
  const plan = planOf({ rows: [a, b, folder] }, ...seens)
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

for (const other of [{ size: 11 }, { mtime: 1_001 }]) {
  test(`another ${Object.keys(other)[0]} is a rewrite`, () => {
    const plan = planOf({ rows: [a] }, at(a, fileSight(10, other)))
    assert.deepEqual(plan.decisions, [
      { kind: 'rewrite', nodeId: a.nodeId, facts: factsOf(10, other), awaiting: AWAITING },
    ])
  })
}

const RECHECKS: readonly [what: string, row: Partial<Known>, ctime: number, cause: Cause, isRechecked: boolean][] = [
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
  const seens = [at(a, GONE), fresh(OTHER, 'A', fileSight(10))]
  for (const order of [seens, seens.toReversed()]) {
    const plan = planOf({ rows: [a] }, ...order)
    assert.deepEqual(short(plan), [`move ${idOf(a)} A`])
    assert.deepEqual([plan.lookAt, plan.toLimbo], [[], []])
  }
})

test('a file that moved and was written is moved and then rewritten', () => {
  const plan = planOf({ rows: [a] }, at(a, GONE), fresh(OTHER, 'A', fileSight(10, { size: 99 })))
  assert.deepEqual(short(plan), [`move ${idOf(a)} A`, `rewrite ${idOf(a)}`])
})

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

test('a row found at a place that is not free yet is not removed, though its time is over', () => {
  const plan = planOf({ rows: [a, b], due: [a] }, at(a, GONE), at(b, fileSight(10)))
  assert.deepEqual(plan.decisions, [])
  assert.deepEqual(limboOf(plan), [
    ['a', false],
    ['b', true],
  ])
})

test('a place is free when its row goes at last, though the row was found where it can not be placed', () => {
  const seens = [at(b, fileSight(10)), at(a, fileSight(30))]
  const plan = planOf({ rows: [a, b], due: [a], overdue: [a] }, ...seens)
  assert.deepEqual(short(plan), [`remove ${idOf(a)}`, `create ${plainNodeId(DEVICE, '30').slice(0, 4)} a`])
  assert.deepEqual(limboOf(plan), [['b', true]])
})

test('what waits for something else than the row at its place is looked at again', () => {
  const inside = fresh(folder, 'inside', fileSight(30))
  const plan = planOf({ rows: [folder], due: [folder] }, at(folder, GONE), inside)
  assert.deepEqual(short(plan), [`remove ${idOf(folder)}`])
  assert.deepEqual(plan.again, [inside])
})

// Hard links.

const link = (name: string, attempt = 0) => furtherNodeId(DEVICE, '10', TOP.nodeId, nameToBytes(name), attempt)

test('a further name of an inode gets an id of its own and shares what is known of the first', () => {
  const plan = planOf({ rows: [a], vacancy: () => 'holds' }, fresh(TOP, 'further', fileSight(10, { links: 2 })))
  const [decision] = plan.decisions
  assert.ok(decision?.kind === 'create')
  assert.deepEqual([decision.nodeId, decision.copyOf], [link('further'), a.nodeId])
  assert.deepEqual(plan.toLimbo, [])
})

test('several names of a new inode: the first seen keeps the plain id', () => {
  const seens = ['x', 'y', 'z'].map((name) => fresh(TOP, name, fileSight(10, { links: 3 })))
  const ids = planOf({}, ...seens).decisions.map(({ nodeId }) => nodeId)
  assert.deepEqual(ids, [plainNodeId(DEVICE, '10'), link('y'), link('z')])
})

test('nothing is shared with a name whose bytes are not known, or other ones', () => {
  for (const other of [{ hash: '' }, { size: 99 }]) {
    const row = { ...a, ...other }
    const plan = planOf({ rows: [row], vacancy: () => 'holds' }, fresh(TOP, 'further', fileSight(10, { links: 2 })))
    const [decision] = plan.decisions
    assert.ok(decision?.kind === 'create')
    assert.equal(decision.copyOf, null)
  }
})

test('the plain id is used again by a further name when the first name is gone', () => {
  const further = { ...a, nodeId: link('b'), name: 'b' }
  const world: World = { rows: [further], vacancy: () => 'holds' }
  const [decision] = planOf(world, fresh(TOP, 'c', fileSight(10, { links: 2 }))).decisions
  assert.equal(decision?.nodeId, plainNodeId(DEVICE, '10'))
})

test('the id of a name that was linked here and renamed since is not given a second time', () => {
  const renamed = { ...a, nodeId: link('x'), name: 'renamed' }
  const world: World = { rows: [a, renamed], vacancy: () => 'holds' }
  const [decision] = planOf(world, fresh(TOP, 'x', fileSight(10, { links: 3 }))).decisions
  assert.equal(decision?.nodeId, link('x', 1))
})

test('a linked file that is renamed moves: its old name is looked at and found vacant', () => {
  const plan = planOf({ rows: [a], vacancy: () => 'vacant' }, fresh(TOP, 'A', fileSight(10, { links: 2 })))
  assert.deepEqual(short(plan), [`move ${idOf(a)} A`])
})

test('of two vacant names the plain one moves', () => {
  const further = { ...a, nodeId: link('b'), name: 'b' }
  const world: World = { rows: [further, a], vacancy: () => 'vacant' }
  assert.deepEqual(short(planOf(world, fresh(TOP, 'new', fileSight(10)))), [`move ${idOf(a)} new`])
})

test('when it can not be told whether the other name is still there, the place is looked at again', () => {
  const seen = fresh(TOP, 'A', fileSight(10, { links: 2 }))
  const plan = planOf({ rows: [a], vacancy: () => 'unknown' }, seen)
  assert.deepEqual(plan, { ...EMPTY, again: [seen] })
})

test('a write through one name makes the others be looked at, once', () => {
  const further = { ...a, nodeId: link('b'), name: 'b' }
  const world: World = { rows: [a, further] }
  const sight = fileSight(10, { links: 2, size: 99 })
  assert.deepEqual(planOf(world, at(a, sight, 'written')).lookAt, [{ place: further, cause: 'linked' }])
  assert.deepEqual(planOf(world, at(further, sight, 'linked')).lookAt, [])
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
  const plan = planOf({ rows: [a], vacancy: () => 'holds' }, found)
  assert.deepEqual(
    plan.decisions.map(({ kind, nodeId }) => [kind, nodeId]),
    [['create', beside(10, 'new')]],
  )
})

test('I7: a row whose place can not be read stays, though something else has its number', () => {
  const found = fresh(OTHER, 'new', fileSight(10, { birthTime: 2 }))
  const [decision, ...others] = planOf({ rows: [a], vacancy: () => 'unreadable' }, found).decisions
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
  for (const seens of [
    [at(a, fileSight(10)), elsewhere],
    [elsewhere, at(a, fileSight(10))],
  ]) {
    const plan = planOf({ rows: [a] }, ...seens)
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
  for (const seens of [
    [at(folder, folderSight(20)), found],
    [at(folder, GONE), fresh(OTHER, 'moved', folderSight(20)), found],
  ]) {
    assert.deepEqual(againOf(planOf({ rows: [folder] }, ...seens)), ['new'])
  }
})

test('a file with one name that its old place still holds has two, whatever the filesystem counts', () => {
  const found = fresh(OTHER, 'new', fileSight(10))
  const [decision] = planOf({ rows: [a], vacancy: () => 'holds' }, found).decisions
  assert.deepEqual([decision?.kind, decision?.nodeId], ['create', beside(10, 'new')])
  for (const vacancy of ['vacant', 'unknown', 'unreadable'] as const) {
    assert.deepEqual(short(planOf({ rows: [a], vacancy: () => vacancy }, found)), [`move ${idOf(a)} new`], vacancy)
  }
})

test('what was written through a new name before that was listed is looked for at the others', () => {
  const later = (cause: Cause, mtime: number) => fresh(OTHER, 'new', fileSight(10, { links: 2, mtime }), cause)
  const lookedAt = (seen: Seen) => planOf({ rows: [a], vacancy: () => 'holds' }, seen).lookAt
  assert.deepEqual(lookedAt(later('created', a.mtime)), [])
  for (const seen of [later('created', a.mtime + 1), later('written', a.mtime)]) {
    assert.deepEqual(lookedAt(seen), [{ place: a, cause: 'linked' }])
  }
})

test('what was written through a name that is gone by then is looked for at the others', () => {
  const other = { ...a, nodeId: link('other'), name: 'other' }
  const lookedAt = (cause: Cause) => planOf({ rows: [a, other] }, at(a, GONE, cause)).lookAt
  assert.deepEqual(lookedAt('written'), [{ place: other, cause: 'linked' }])
  assert.deepEqual(lookedAt('touched'), [])
})

test('a hard link whose other name can not be read is a further name', () => {
  const found = fresh(OTHER, 'new', fileSight(10, { links: 2 }))
  const [decision] = planOf({ rows: [a], vacancy: () => 'unreadable' }, found).decisions
  assert.deepEqual([decision?.kind, decision?.nodeId], ['create', beside(10, 'new')])
})

// What is in a root that is away, and the inode numbers of it that others have by now (I7).

const beside = (inode: number, name: string) => furtherNodeId(DEVICE, String(inode), OTHER.nodeId, nameToBytes(name), 0)

test('I7: a row in a root that is away stays; what has its number now is another file, which shares nothing with it', () => {
  const plan = planOf({ rows: [a], away: [a] }, fresh(OTHER, 'new', fileSight(10, { birthTime: 2 })))
  const [decision] = plan.decisions
  assert.ok(decision?.kind === 'create' && plan.decisions.length === 1)
  assert.deepEqual([decision.nodeId, decision.copyOf], [beside(10, 'new'), null])
})

test('I7: a folder in a root that is away stays with what is in it; what has its number now is another folder, to move into', () => {
  const inside = fileRow(21, folder.nodeId, 'inside')
  const world: World = { rows: [folder, inside, a], away: [folder, inside] }
  const moved: Seen = { ...fresh(OTHER, 'A', fileSight(10)), parentId: beside(20, 'new') }
  const plan = planOf(world, moved, fresh(OTHER, 'new', folderSight(20, { birthTime: 2 })))
  const [create, move] = plan.decisions
  assert.ok(create?.kind === 'create' && move?.kind === 'move' && plan.decisions.length === 2)
  assert.deepEqual([create.nodeId, create.parentId], [beside(20, 'new'), OTHER.nodeId])
  assert.deepEqual([move.nodeId, move.parentId], [a.nodeId, create.nodeId])
  assert.deepEqual(plan.toLimbo, [])
})

test('I7: a folder with an id beside that of a row which is away is followed by its own row, whatever becomes of the other', () => {
  const own = { ...folderRow(20, OTHER.nodeId, 'new', { birthTime: 2 }), nodeId: beside(20, 'new') }
  const world: World = { rows: [folder, own], away: [folder], vacancy: () => 'vacant' }
  const sight = folderSight(20, { birthTime: 2 })
  assert.deepEqual(short(planOf(world, fresh(TOP, 'renamed', sight))), [`move ${idOf(own)} renamed`])
  const back: World = { ...world, away: [] }
  assert.deepEqual(short(planOf(back, fresh(TOP, 'renamed', sight))), [`move ${idOf(own)} renamed`])
  assert.deepEqual(planOf(world, at(own, sight)).decisions, [])
})

test('a folder that moved out of a root that is away takes what is in it along', () => {
  const world: World = { rows: [folder], away: [folder], vacancy: () => 'vacant' }
  assert.deepEqual(short(planOf(world, fresh(OTHER, 'out', folderSight(20)))), [`move ${idOf(folder)} out`])
})

test('nothing is shared with a file that had the number before', () => {
  const plan = planOf({ rows: [a] }, fresh(TOP, 'new', fileSight(10, { birthTime: 2, links: 2 })))
  assert.deepEqual(
    plan.decisions.map((decision) => (decision.kind === 'create' ? decision.copyOf : undefined)),
    [undefined, null],
  )
})

test('nothing is put into a folder that is removed in the same plan: the sights were not of one moment', () => {
  const newInside = { ...fresh(folder, 'inside', fileSight(31)) }
  const reused = fresh(TOP, 'new', fileSight(20, { birthTime: 2 }))
  for (const seens of [
    [newInside, reused],
    [reused, newInside],
  ]) {
    assert.deepEqual(short(planOf({ rows: [folder] }, ...seens)), [
      `remove ${idOf(folder)}`,
      `create ${idOf(folder)} new`,
    ])
  }
  const movedInside = fresh(folder, 'inside', fileSight(10))
  const plan = planOf({ rows: [folder, a], due: [folder] }, at(folder, GONE), movedInside, at(a, GONE))
  assert.deepEqual(short(plan), [`remove ${idOf(folder)}`])
  assert.deepEqual(limboOf(plan), [['a', false]])
})

// Folders.

test('a folder that moved is moved, not listed anew', () => {
  const plan = planOf({ rows: [folder], vacancy: () => 'vacant' }, fresh(OTHER, 'moved', folderSight(20)))
  assert.deepEqual(short(plan), [`move ${idOf(folder)} moved`])
  assert.deepEqual(plan.lookAt, [{ place: folder, cause: 'touched' }])
})

test('a folder that is still at its place is mounted a second time: it is listed at the first', () => {
  const second = fresh(OTHER, 'bound', folderSight(20))
  const plan = planOf({ rows: [folder], vacancy: () => 'holds' }, second)
  assert.deepEqual(plan, { ...EMPTY, twins: [second] })
})

test('a folder seen at both places in one batch stays at the first', () => {
  const seens = [at(folder, folderSight(20)), fresh(OTHER, 'bound', folderSight(20))]
  for (const order of [seens, seens.toReversed()]) {
    assert.deepEqual(planOf({ rows: [folder], vacancy: () => 'holds' }, ...order).decisions, [])
  }
})

test('a new folder seen at two places in one batch is listed once', () => {
  const seens = [fresh(TOP, 'one', folderSight(30)), fresh(OTHER, 'two', folderSight(30))]
  assert.deepEqual(short(planOf({}, ...seens)), [`create ${plainNodeId(DEVICE, '30').slice(0, 4)} one`])
})

test('a folder never moves below itself: the sights were not of one moment', () => {
  const inner = folderRow(21, folder.nodeId, 'inner')
  const seen = fresh(inner, 'moved', folderSight(20))
  const plan = planOf({ rows: [folder, inner] }, at(folder, GONE), seen)
  assert.deepEqual(plan.decisions, [])
  assert.deepEqual(plan.again, [seen])
  assert.deepEqual(limboOf(plan), [['folder', false]])
})

test('I3, I11: a folder that is in the one that took its place moves into it, which is made first', () => {
  const heir = folderSight(30)
  const inner: Seen = { ...fresh(TOP, 'old', folderSight(20)), parentId: plainNodeId(DEVICE, '30') }
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
  const seens = [at(folder, GONE), at(a, fileSight(40))]
  const plan = planOf(world, ...seens)
  assert.deepEqual(plan.decisions, [])
  assert.deepEqual(short(planOf({ ...world, overdue: [folder] }, ...seens)), [`remove ${idOf(folder)}`])
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
  const skipped: Known = { ...a, metadataState: 'skipped' }
  const seen = at(skipped, fileSight(10, { ctime: 2_000 }), 'revisited')
  assert.deepEqual(short(planOf({ rows: [skipped] }, seen)), [])
  const written = at(skipped, fileSight(10, { mtime: 2_000, ctime: 2_000 }), 'revisited')
  assert.deepEqual(short(planOf({ rows: [skipped] }, written)), [`rewrite ${idOf(a)}`])
})

// Which rows have to be looked at first.

test('what turns up elsewhere needs a look at where it was', () => {
  const rows = [a, b, folder]
  const rowsOf = knowledgeOf({ rows }).rowsOf
  const ask = (...seens: Seen[]) => rowsToLookAt(seens, rowsOf).map(({ name }) => name)
  assert.deepEqual(ask(fresh(OTHER, 'A', fileSight(10))), ['a'])
  assert.deepEqual(ask(fresh(OTHER, 'A', fileSight(10)), at(a, GONE)), [], 'its place was just seen')
  assert.deepEqual(ask(fresh(OTHER, 'f', folderSight(20))), ['folder'])
  assert.deepEqual(ask(fresh(OTHER, 'f', folderSight(20)), at(folder, GONE)), [], 'its place was just seen')
  assert.deepEqual(ask(at(folder, folderSight(20))), [], 'it is where it was')
  assert.deepEqual(ask(fresh(OTHER, 'f', folderSight(20, { birthTime: 9 }))), ['folder'], 'it has the same id')
  assert.deepEqual(ask(fresh(OTHER, 'x', GONE), fresh(OTHER, 'y', folderSight(99))), [])
})

// Filesystems whose inode numbers do not last.

test('what has the number of a row that was not seen since the mount, and no birth time, is read before it has its hash', () => {
  const plan = planOf({ rows: [a], doubtful: [a], vacancy: () => 'vacant' }, fresh(OTHER, 'A', fileSight(10)))
  assert.deepEqual(short(plan), [`move ${idOf(a)} A`, `recheck ${idOf(a)}`])
  const twin = planOf(
    { rows: [a], doubtful: [a], vacancy: () => 'holds' },
    fresh(OTHER, 'A', fileSight(10, { links: 2 })),
  )
  assert.deepEqual(
    twin.decisions.map((one) => one.kind === 'create' && one.copyOf),
    [null],
  )
})

test('a file that the kernel forgot and gave another number stays the same node, and is read again', () => {
  const world = { rows: [a], due: [a], numbersPass: true }
  const plan = planOf(world, at(a, fileSight(77)))
  assert.deepEqual(short(plan), [`renumber ${idOf(a)}`, `recheck ${idOf(a)}`])
  const grown = planOf(world, at(a, fileSight(77, { size: 99 })))
  assert.deepEqual(short(grown), [`renumber ${idOf(a)}`, `rewrite ${idOf(a)}`])
  const early = planOf({ ...world, due: [] }, at(a, fileSight(77)))
  assert.deepEqual(short(early), [], 'it may turn up elsewhere')
  const other = planOf({ ...world, rows: [a, b] }, at(a, fileSight(11)), at(b, GONE))
  assert.deepEqual(
    short(other),
    [`move ${idOf(b)} a`, `remove ${idOf(a)}`].reverse().reverse(),
    'another known file took its name',
  )
})

test('a new file does not get the id of a node that had its number under an earlier mount', () => {
  const plan = planOf({ rows: [{ ...a, inode: '55' }], numbersPass: true }, fresh(OTHER, 'new', fileSight(10)))
  assert.equal(plan.decisions[0]?.kind, 'create')
  assert.notEqual(plan.decisions[0]?.nodeId, a.nodeId)
})
