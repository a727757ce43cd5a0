/**
 * Each assert fires on a plan that is broken in its way. First a table of plans made by hand. Then plans of `decide` are
 * broken at random and carried out on a copy of the rows: `checkPlan` refuses whatever harms the copy. That it refuses no
 * plan of `decide` is shown by the model feed, which checks each of them here and in `decide-property.test.ts`.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plainNodeId } from '@drive-feed/shared/node-id.ts'
import fc from 'fast-check'
import { type Choice, ModelDisk } from '../../../../../test/support/model-disk.ts'
import { createRandom, type Random } from '../../../../../test/support/random.ts'
import { DEVICE, factsOf, fileRow, fileSight, folderRow, folderSight, GONE } from '../../../../../test/support/rows.ts'
import type { Decision } from '../../model/decision.ts'
import type { KnownNode } from '../../model/known-node.ts'
import { type Observation, placeKey } from '../../model/observation.ts'
import { checkPlan } from './check-plan.ts'
import type { Plan } from './plan.ts'
import { type MadePlan, ModelFeed } from './test-support/model-feed.ts'
import { AWAITING, a, at, b, EMPTY, folder, fresh, knowledgeOf, OTHER, planOf, TOP } from './test-support/plans.ts'

const inner = folderRow(21, folder.nodeId, 'inner')
const inside = fileRow(22, inner.nodeId, 'inside')
const ROWS = [TOP, OTHER, folder, inner, inside, a, b]
const { parentOf } = knowledgeOf({ rows: ROWS })

function create(inode: number, parent: string, name: string, isDirectory = false): Decision {
  const about = { nodeId: plainNodeId(DEVICE, String(inode)), parentId: parent, name, isDirectory }
  return { kind: 'create', ...about, facts: factsOf(inode), awaiting: AWAITING, copyOf: null }
}

function move({ nodeId, isDirectory, ctime }: KnownNode, parent: string, name: string): Decision {
  return { kind: 'move', nodeId, parentId: parent, name, isDirectory, ctime }
}

function remove({ nodeId }: KnownNode): Decision {
  return { kind: 'remove', nodeId }
}

const newFolder = create(30, TOP.nodeId, 'new', true)
const recheckOfA: Decision = { kind: 'recheck', nodeId: a.nodeId, awaiting: AWAITING }

const BROKEN: readonly [what: string, refusal: RegExp, plan: Partial<Plan>, ...seens: Observation[]][] = [
  [
    'two new nodes at one place',
    /one place \(I11\)/,
    { decisions: [create(31, TOP.nodeId, 'x'), create(32, TOP.nodeId, 'x')] },
  ],
  [
    'a new node and a moved one at one place',
    /one place \(I11\)/,
    { decisions: [move(a, OTHER.nodeId, 'x'), create(31, OTHER.nodeId, 'x')] },
  ],
  [
    'a new node where a row stays',
    /which stays there \(I11\)/,
    { decisions: [create(31, TOP.nodeId, 'a')] },
    at(a, fileSight(31)),
  ],
  [
    'a move to where a row stays',
    /which stays there \(I11\)/,
    { decisions: [move(b, TOP.nodeId, 'a')] },
    at(a, fileSight(11)),
  ],
  [
    'a new node where a row waits in limbo',
    /which stays there \(I11\)/,
    { decisions: [create(31, TOP.nodeId, 'a')], toLimbo: [{ row: a, blocks: true, heir: null }] },
  ],
  ['a new node in an unknown folder', /no folder \(I3\)/, { decisions: [create(31, 'unknown', 'x')] }],
  ['a new node before its folder', /no folder \(I3\)/, { decisions: [create(31, newFolder.nodeId, 'x'), newFolder] }],
  [
    'a move before the new folder that it goes into',
    /no folder \(I3\)/,
    { decisions: [move(a, newFolder.nodeId, 'a'), newFolder] },
  ],
  [
    'a new node in a removed folder',
    /no folder \(I3\)/,
    { decisions: [remove(folder), create(31, folder.nodeId, 'x')] },
  ],
  [
    'a new node below a removed folder',
    /no folder \(I3\)/,
    { decisions: [remove(folder), create(31, inner.nodeId, 'x')] },
  ],
  [
    'a move into a folder that is then removed',
    /no folder \(I3\)/,
    { decisions: [move(a, folder.nodeId, 'a'), remove(folder)] },
  ],
  [
    'a move to below a folder that is then removed',
    /no folder \(I3\)/,
    { decisions: [move(a, inner.nodeId, 'a'), remove(folder)] },
  ],
  [
    'a new node in what went with a folder whose id is used again',
    /no folder \(I3\)/,
    { decisions: [remove(folder), create(20, TOP.nodeId, 'again', true), create(31, inner.nodeId, 'x')] },
  ],
  [
    'a move into a folder that is removed and made again',
    /no folder \(I3\)/,
    { decisions: [move(a, folder.nodeId, 'a'), remove(folder), create(20, TOP.nodeId, 'again', true)] },
  ],
  ['a folder that moves into itself', /below itself/, { decisions: [move(folder, folder.nodeId, 'x')] }],
  ['a folder that moves below itself', /below itself/, { decisions: [move(folder, inner.nodeId, 'x')] }],
  [
    'two folders that move into each other',
    /below itself/,
    { decisions: [move(folder, OTHER.nodeId, 'x'), move(OTHER, inner.nodeId, 'y')] },
  ],
  [
    'a folder that moves below itself on the way to a good end',
    /below itself/,
    { decisions: [move(folder, inner.nodeId, 'x'), move(inner, TOP.nodeId, 'y')] },
  ],
  ['a folder that is created above itself', /though it is there/, { decisions: [create(20, inner.nodeId, 'x', true)] }],
  ['a node that is moved and removed', /removed and kept/, { decisions: [move(a, OTHER.nodeId, 'x'), remove(a)] }],
  ['a node that is read again and removed', /removed and kept/, { decisions: [recheckOfA, remove(a)] }],
  ['a node that is found and removed', /removed and kept/, { decisions: [remove(a)], found: [a.nodeId] }],
  [
    'a node that waits in limbo and is removed',
    /removed and kept/,
    { decisions: [remove(a)], toLimbo: [{ row: a, blocks: false, heir: null }] },
  ],
  [
    'a folder that is where it was and removed',
    /removed and kept/,
    { decisions: [remove(folder)], present: [{ nodeId: folder.nodeId, place: folder, facts: factsOf(20) }] },
  ],
  [
    'a folder that is another one under its id and removed',
    /removed and kept/,
    { decisions: [remove(folder)], reborn: [folder.nodeId] },
  ],
  [
    'a node that is created and removed',
    /created and then removed/,
    { decisions: [newFolder, { kind: 'remove', nodeId: newFolder.nodeId }] },
  ],
  [
    'a move out of a folder that is removed before',
    /may take the node along/,
    { decisions: [remove(folder), move(inside, TOP.nodeId, 'x')] },
  ],
  [
    'a file that is read again after the removal of a folder that it may be in',
    /may take the node along/,
    { decisions: [remove(folder), recheckOfA] },
  ],
]

for (const [what, refusal, plan, ...observations] of BROKEN) {
  test(`refused: ${what}`, () => {
    assert.throws(() => checkPlan({ ...EMPTY, ...plan }, observations, parentOf), refusal)
  })
}

test('the refusal says that it is a bug, and tells the decisions with names that can not write on a terminal', () => {
  const decisions = [create(31, TOP.nodeId, 'x\u001b'), move(a, TOP.nodeId, 'x\u001b')]
  const message =
    'a bug in deciding: two nodes get one place (I11), so the plan is not written: ' +
    `create ${plainNodeId(DEVICE, '31')} as "x\\u001b" in ${TOP.nodeId}; move ${a.nodeId} as "x\\u001b" in ${TOP.nodeId}`
  assert.throws(() => checkPlan({ ...EMPTY, decisions }, [], parentOf), { message })
})

test('no refusal: a swap, an id that is used again, a move out of a removed folder, folders that change places', () => {
  const plans: readonly (readonly [Plan, ...Observation[]])[] = [
    [at(a, fileSight(11)), at(b, fileSight(10))],
    [at(a, fileSight(10, { birthTime: 2 }))],
    [at(folder, GONE), fresh(TOP, 'out', fileSight(22))],
    [at(inner, GONE), fresh(inner, 'was above', folderSight(20)), at(folder, folderSight(21))],
  ].map((observations) => [
    planOf({ rows: [folder, inner, inside, a, b], due: [folder] }, ...observations),
    ...observations,
  ])
  for (const [plan, ...observations] of plans) {
    assert.ok(plan.decisions.length > 1)
    checkPlan(plan, observations, parentOf)
  }
})

test('each folder is asked for once, however many nodes come into it', () => {
  const asked: string[] = []
  const decisions = Array.from({ length: 1_000 }, (_, n) => create(100 + n, inner.nodeId, `${n}`))
  checkPlan({ ...EMPTY, decisions }, [], (folderId) => {
    asked.push(folderId)
    return parentOf(folderId)
  })
  assert.deepEqual(asked, [inner.nodeId, folder.nodeId, TOP.nodeId, 'above'])
})

test('nothing is asked for where nothing comes to a place or leaves it', () => {
  checkPlan({ ...EMPTY, decisions: [recheckOfA], found: [a.nodeId] }, [at(a, fileSight(10))], () => assert.fail())
})

// Plans of `decide` that are broken at random.

/** Adds, drops, moves or swaps a decision. */
function breakPlan({ decisions }: Plan, { seens: observations, rows }: MadePlan, random: Random): Decision[] {
  const broken = [...decisions]
  const [one, other] = [random.below(broken.length), random.below(broken.length)]
  const [decision, another] = [broken[one], broken[other]]
  if (decision === undefined || another === undefined) return broken
  const places = [...observations, ...decisions].flatMap((its) => ('parentId' in its ? [its] : []))
  const place = random.pick(places)
  const folders = [...rows.values(), ...decisions].filter((its) => 'isDirectory' in its && its.isDirectory)
  const parentId = random.pick([...folders.map(({ nodeId }) => nodeId), 'unknown'])
  const placing = decision.kind === 'create' || decision.kind === 'move' ? decision : undefined
  switch (random.below(6)) {
    case 0:
      broken.splice(one, 1)
      break
    case 1:
      ;[broken[one], broken[other]] = [another, decision]
      break
    case 2:
      if (placing !== undefined && place !== undefined) {
        broken[one] = { ...placing, parentId: place.parentId, name: place.name }
      }
      break
    case 3:
      // No row is there, so only the folder may be wrong.
      if (placing !== undefined && parentId !== undefined) broken[one] = { ...placing, parentId, name: 'nowhere else' }
      break
    case 4:
      broken.splice(other, 0, { kind: 'remove', nodeId: decision.nodeId })
      break
    default:
      if (parentId !== undefined) broken.splice(other, 0, { kind: 'remove', nodeId: parentId })
  }
  return broken
}

/** Carries the decisions out as the store does. What is wrong with the rows then; null if nothing is. */
function harmOf(decisions: readonly Decision[], { rows: before, plan }: MadePlan): string | null {
  const rows = new Map(before)
  const [[topId] = ['']] = rows
  const isBelow = (nodeId: string, folderId: string) => {
    let at = rows.get(nodeId)
    for (let steps = 0; at !== undefined && steps < 1_000; steps += 1) {
      if (at.nodeId === folderId) return true
      at = rows.get(at.parentId)
    }
    return false
  }
  for (const decision of decisions) {
    const { kind, nodeId } = decision
    if (kind === 'remove') {
      for (const id of [...rows.keys()].filter((each) => isBelow(each, nodeId))) rows.delete(id)
      continue
    }
    // The store itself refuses an id that is created twice.
    if (kind === 'create' && rows.has(nodeId)) return null
    const row = rows.get(nodeId)
    if (kind !== 'create' && kind !== 'move') {
      if (row === undefined) return `${kind} of a removed node`
      continue
    }
    const { parentId, name, isDirectory } = decision
    if (kind === 'move' && row === undefined) return 'a move of a removed node'
    if (!rows.has(parentId)) return 'no folder'
    if (kind === 'move' && isBelow(parentId, nodeId)) return 'a folder below itself'
    const about = { ...(row ?? fileRow(0, '', '')), nodeId, parentId, name, isDirectory }
    rows.set(nodeId, about)
  }
  const places = new Set<string>()
  for (const row of rows.values()) {
    if (places.has(placeKey(row))) return 'two nodes at one place'
    places.add(placeKey(row))
    if (row.nodeId !== topId && !isBelow(row.nodeId, topId)) return 'a node without its folder'
  }
  // A node that stays in a removed folder goes with it: it was seen there before the folder was seen to be gone.
  const removed = decisions.filter(({ kind }) => kind === 'remove').map(({ nodeId }) => nodeId)
  if (plan.found.some((nodeId) => removed.includes(nodeId))) return 'a node is found and removed'
  const isLost = decisions.some(({ kind, nodeId }) => (kind === 'create' || kind === 'move') && !rows.has(nodeId))
  return isLost ? 'a node is lost with its folder' : null
}

const FREQUENT_HARMS = [
  'two nodes at one place',
  'no folder',
  'a node is lost with its folder',
  'a move of a removed node',
]

const choice: fc.Arbitrary<Choice> = fc.tuple(fc.nat(99), fc.nat(), fc.nat(), fc.nat(99))

for (const reusesNumbers of [false, true]) {
  test(`whatever would harm the rows is refused (inode numbers are ${reusesNumbers ? 'used again' : 'new'})`, () => {
    const harms = new Set<string>()
    const property = fc.property(fc.array(choice, { maxLength: 30, size: 'max' }), fc.integer(), (changes, seed) => {
      const random = createRandom(seed)
      const disk = new ModelDisk({ reusesNumbers, keepsBirthTimes: true })
      const feed = new ModelFeed(disk, (made) => {
        const decisions = breakPlan(made.plan, made, random)
        const harm = harmOf(decisions, made)
        if (harm === null) return
        harms.add(harm)
        assert.throws(
          () => checkPlan({ ...made.plan, decisions }, made.seens, made.parentOf),
          /a bug in deciding/,
          harm,
        )
      })
      for (let at = 0; at < 40; at += 1) disk.change([(at * 7) % 30, 0, at * at * 31, at * 3])
      feed.lookAtAll(random.fraction)
      for (const change of changes) disk.change(change)
      feed.lookAtAll(random.fraction)
    })
    fc.assert(property, { numRuns: 200, interruptAfterTimeLimit: 60_000 })
    for (const harm of FREQUENT_HARMS) assert.ok(harms.has(harm), `${harm}: it was tried`)
  })
}
