/**
 * Proves what becomes of each row after a look at the places of rows in limbo. A table has the verdicts of `judge`. The other
 * tests make up answers, run the settling with the real limbo, and compare what it hands to `settle`; `settle-job.test.ts` shows
 * what `settle` does with that.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rootFolder } from '../../../../../test/support/root-folder.ts'
import { fileRow, fileSight, folderRow, GONE } from '../../../../../test/support/rows.ts'
import { createTree } from '../../model/folder-tree.ts'
import type { KnownNode } from '../../model/known-node.ts'
import type { Observation, PlacedSight } from '../../model/observation.ts'
import { createSightsBuilder, type SightsBuilder } from '../../model/sights.ts'
import type { LookAnswer } from '../../scan/look.ts'
import type { Ends } from '../deciding/plan.ts'
import type { LimboPlace } from '../looking/jobs.ts'
import { createLimbo, type Limbo, type LimboEntry } from '../pending/limbo.ts'
import type { DeferReason } from '../pending/limbo-times.ts'
import { judge, settleLimbo, type Verdict } from './settle-limbo.ts'
import type { RemovalTools } from './tools.ts'

const top = folderRow(1, '', '')
const row = fileRow(2, top.nodeId, 'a')
const other = fileRow(3, top.nodeId, 'b')
const folder = createTree().addRoot(rootFolder(), top)
const HEIR = { parentId: top.nodeId, name: 'heir' }

type Case = {
  readonly what: string
  readonly isDue?: boolean
  readonly doubt?: DeferReason
  /** What is known at the row's place; the row itself if not given. */
  readonly known?: KnownNode | undefined
  /** Whether something waits for the row's id. */
  readonly isInherited?: boolean
  /** Whether the search met the row's place, or could not look everywhere. */
  readonly search?: 'met' | 'impossible'
  readonly expected: Verdict
}

const CASES: readonly Case[] = [
  { what: 'a row whose place was looked at and that is due may be removed', expected: { kind: 'removable' } },
  { what: 'one that is not due waits', isDue: false, expected: { kind: 'waits' } },
  { what: 'one that is known elsewhere by now has moved', known: other, expected: { kind: 'moved' } },
  { what: 'so has one that is known nowhere', known: undefined, expected: { kind: 'moved' } },
  { what: 'and one that is not due', isDue: false, known: other, expected: { kind: 'moved' } },
  {
    what: 'I7: a row whose place could not be looked at is deferred',
    doubt: 'unknown',
    expected: { kind: 'deferred', reason: 'unknown' },
  },
  {
    what: 'I7: also one that is not due',
    isDue: false,
    doubt: 'moving',
    expected: { kind: 'deferred', reason: 'moving' },
  },
  {
    what: 'a row whose place the search met below a folder that waits may be removed',
    doubt: 'moving',
    search: 'met',
    expected: { kind: 'removable' },
  },
  {
    what: 'a row whose id is another thing’s by now may be removed without a look at its place',
    doubt: 'unmet',
    isInherited: true,
    expected: { kind: 'removable' },
  },
  {
    what: 'but not before it is due',
    doubt: 'unmet',
    isInherited: true,
    isDue: false,
    expected: { kind: 'deferred', reason: 'unmet' },
  },
  {
    what: 'nothing is removed where the search could not look everywhere',
    search: 'impossible',
    expected: { kind: 'deferred', reason: 'unknown' },
  },
  {
    what: 'not even a row whose id is another thing’s',
    doubt: 'moving',
    isInherited: true,
    search: 'impossible',
    expected: { kind: 'deferred', reason: 'moving' },
  },
  {
    what: 'one that is not due waits there, whatever the look says of its place',
    doubt: 'moving',
    isDue: false,
    search: 'impossible',
    expected: { kind: 'waits' },
  },
]

for (const { what, isDue = true, doubt, isInherited = false, search, expected, ...rest } of CASES) {
  test(what, () => {
    const known = 'known' in rest ? rest.known : row
    const [entry] = entriesOf(createLimbo(), row, { heir: isInherited ? HEIR : null })
    // Nothing was seen at a place that tells nothing.
    const observation = doubt === undefined ? seenAt('a', known, GONE) : null
    const met = search === 'impossible' ? null : new Set(search === 'met' ? [row.nodeId] : [])
    assert.deepEqual(judge({ entry, isDue, doubt: doubt ?? null, observation }, met), expected)
  })
}

function seenAt(name: string, known: KnownNode | undefined, sight: PlacedSight): Observation {
  return { parentId: top.nodeId, name, known, sight, cause: 'touched' }
}

function entriesOf(limbo: Limbo, one: KnownNode, { heir = null as typeof HEIR | null } = {}): [LimboEntry] {
  limbo.put(one, { blocks: heir !== null, isAfterScan: false, nowMs: 0, heir })
  return [limbo.get(one.nodeId) ?? assert.fail('it was put in')]
}

const SEEN = { kind: 'seen', folder: {}, from: 0, watch: { kind: 'not-asked' } }

/** Two rows in one folder, in limbo since 0. Both are due at 500 ms, where the clock stands. */
function twoRows({ heir = null as typeof HEIR | null } = {}) {
  const limbo = createLimbo()
  const entries = [row, other].flatMap((one) => entriesOf(limbo, one, { heir: one === row ? heir : null }))
  const clock = { ms: 500 }
  const told: string[] = []
  const settled: { seens: readonly Observation[]; ends: Ends }[] = []
  const rows = [row, other]
  const tools: RemovalTools = {
    limbo,
    nowMs: () => clock.ms,
    isQuiet: async () => true,
    readSights: async (raws) =>
      raws.map(({ name, sight }) => {
        const placed: PlacedSight = sight.kind === 'file' ? fileSight(Number(sight.inode)) : GONE
        return seenAt(
          name,
          rows.find((known) => known.name === name),
          placed,
        )
      }),
    search: async () => [],
    settle: async () => {},
    notFound: (_, { kind }) => told.push(kind),
    unreadable: (_, problem) => told.push(problem),
  }
  /** Settles an answer to a look at the places; gives what is settled. `isLeft`: what may be removed is not. */
  const settleAnswer = async (
    answer: object,
    {
      change = {} as Partial<RemovalTools>,
      places = entries.map((entry): LimboPlace => ({ name: entry.row.name, entry })),
      unmet = [] as readonly LimboEntry[],
      within = folder,
      isLeft = false,
      push = (builder: SightsBuilder, name: string) => builder.pushGone(name),
    } = {},
  ) => {
    const sights = createSightsBuilder()
    for (const { name } of places) push(sights, name)
    const answers = [{ ...SEEN, to: places.length, ...answer } as LookAnswer]
    const reply = { answers, sights: sights.pack(), mountChanges: 0 }
    const job = {
      kind: 'limbo',
      groups: [{ folder: within, places }],
      unmet,
      reply: Promise.resolve(reply),
    } as const
    const settle: RemovalTools['settle'] = async (observations, ends) => {
      settled.push({ seens: observations, ends })
      for (const nodeId of isLeft ? [] : ends.mayRemove) limbo.release(nodeId)
    }
    await settleLimbo({ ...tools, settle, ...change }, job, reply)
    const [{ seens: observations, ends } = assert.fail('it is settled')] = settled.splice(0)
    return { seen: observations.map(({ name }) => name), ends: [...ends.mayRemove], must: [...ends.mustRemove] }
  }
  return { limbo, entries, clock, told, rows, settleAnswer }
}

function stateOf(limbo: Limbo, { nodeId }: KnownNode) {
  return limbo.get(nodeId)?.state
}

test('rows that are at none of their places may be removed, and must be after ten seconds', async () => {
  const { clock, settleAnswer } = twoRows()
  const expected = { seen: ['a', 'b'], ends: [row.nodeId, other.nodeId], must: [] as string[] }
  assert.deepEqual(await settleAnswer({}), expected)
  const late = twoRows()
  late.clock.ms = 10_000
  assert.deepEqual(await late.settleAnswer({}), { ...expected, must: expected.ends })
  assert.equal(clock.ms, 500)
})

test('I7: a place that can not be read is told of, and its row gets more time; the other row goes', async () => {
  const { limbo, told, settleAnswer } = twoRows()
  const push = (builder: SightsBuilder, name: string) => {
    if (name === 'a') builder.pushUnreadable(name, 'EIO: i/o error')
    else builder.pushGone(name)
  }
  assert.deepEqual(await settleAnswer({}, { push }), { seen: ['b'], ends: [other.nodeId], must: [] })
  assert.deepEqual(told, ['EIO: i/o error'])
  assert.deepEqual(stateOf(limbo, row), { kind: 'deferred', was: 'grace', times: 1, dueMs: 1_000 })
})

test('I7: rows of a folder that is on its way wait for it, and after ten seconds as for one that can not be read', async () => {
  const { limbo, clock, told, settleAnswer } = twoRows()
  assert.deepEqual(await settleAnswer({ kind: 'elsewhere' }), { seen: [], ends: [], must: [] })
  assert.deepEqual(stateOf(limbo, row), { kind: 'grace', dueMs: 1_000 })
  clock.ms = 10_000
  await settleAnswer({ kind: 'later', problem: null })
  assert.deepEqual(stateOf(limbo, row), { kind: 'deferred', was: 'grace', times: 1, dueMs: 10_500 })
  assert.deepEqual(told, ['elsewhere'])
})

test('rows whose turn did not come wait in the same way', async () => {
  const { limbo, told, settleAnswer } = twoRows()
  await settleAnswer({ kind: 'later', problem: null })
  assert.deepEqual([stateOf(limbo, row), told], [{ kind: 'grace', dueMs: 1_000 }, []])
})

test('I7: a place of which it is not known which filesystem is there tells nothing of its row', async () => {
  const { settleAnswer, entries } = twoRows()
  const readSights = async () => [seenAt('a', row, { kind: 'unreadable' })]
  const places = entries.slice(0, 1).map((entry) => ({ name: 'a', entry }))
  assert.deepEqual((await settleAnswer({}, { places, change: { readSights } })).ends, [])
})

test('a row whose folder was not met yet waits for that, and then leaves limbo: the folder’s listing tells of it', async () => {
  const { limbo, clock, entries, settleAnswer } = twoRows()
  const unmet = entries.slice(0, 1)
  const places = entries.slice(1).map((entry) => ({ name: entry.row.name, entry }))
  await settleAnswer({}, { places, unmet })
  assert.deepEqual(stateOf(limbo, row), { kind: 'grace', dueMs: 1_000 })
  clock.ms = 10_000
  await settleAnswer({}, { places: [], unmet })
  assert.equal(stateOf(limbo, row), undefined)
})

test('rows of a folder that left the tree stay due', async () => {
  const { limbo, told, settleAnswer } = twoRows()
  const tree = createTree()
  const within = tree.addRoot(rootFolder(), top)
  tree.remove(within)
  assert.deepEqual(await settleAnswer({ kind: 'elsewhere' }, { within }), { seen: [], ends: [], must: [] })
  assert.deepEqual([limbo.due(500).length, told], [2, []])
})

test('a row that is not known at its place any more leaves limbo, and nothing is searched for its sake', async () => {
  const { limbo, rows, entries, settleAnswer } = twoRows()
  rows.splice(0, 1, { ...row, name: 'moved to' })
  const search = async () => assert.fail('nothing may be removed')
  const places = [{ name: 'a', entry: entries[0] ?? null }]
  assert.deepEqual(await settleAnswer({}, { places, change: { search } }), { seen: ['a'], ends: [], must: [] })
  assert.ok(!limbo.has(row.nodeId))
})

test('a row that was found after its places were looked for has its grace again, and its place counts all the same', async () => {
  const { limbo, settleAnswer } = twoRows()
  limbo.release(row.nodeId)
  assert.deepEqual(await settleAnswer({}), { seen: ['a', 'b'], ends: [other.nodeId], must: [] })
  const again = twoRows()
  again.limbo.release(row.nodeId)
  again.limbo.put(row, { blocks: false, isAfterScan: false, nowMs: 400 })
  await again.settleAnswer({ kind: 'unreadable', problem: 'EIO' })
  assert.deepEqual(stateOf(again.limbo, row), { kind: 'grace', dueMs: 900 }, 'another stay is not deferred for it')
})

test('what waits for a row’s id is looked at with it, and is no row itself', async () => {
  const { entries, settleAnswer } = twoRows({ heir: HEIR })
  const places = [...entries.map((entry) => ({ name: entry.row.name, entry })), { name: 'heir', entry: null }]
  const { seen, ends } = await settleAnswer({}, { places })
  assert.deepEqual(
    [seen, ends],
    [
      ['a', 'b', 'heir'],
      [row.nodeId, other.nodeId],
    ],
  )
})

test('a row that may be removed and is not, since its heir has gone too, gets more time', async () => {
  const { limbo, settleAnswer } = twoRows({ heir: HEIR })
  const { ends } = await settleAnswer({ kind: 'unreadable', problem: 'EIO' }, { isLeft: true })
  assert.deepEqual(ends, [row.nodeId])
  assert.deepEqual(stateOf(limbo, row), { kind: 'deferred', was: 'blocking', times: 1, dueMs: 1_000 })
})

test('where something happened meanwhile, rows are looked at once more, five times at most', async () => {
  const { limbo, settleAnswer } = twoRows()
  const change = { isQuiet: async () => false }
  for (let look = 0; look < 5; look += 1) {
    assert.deepEqual((await settleAnswer({}, { change })).ends, [])
    assert.equal(limbo.due(500).length, 2)
  }
  assert.equal((await settleAnswer({}, { change })).ends.length, 2)
})

test('where the search can not look everywhere, all rows that are due get more time', async () => {
  const { limbo, settleAnswer } = twoRows()
  assert.deepEqual(await settleAnswer({}, { change: { search: async () => null } }), {
    seen: ['a', 'b'],
    ends: [],
    must: [],
  })
  assert.equal(limbo.due(500).length, 0)
})

test('what the search met is settled too, but a place of the job as the job saw it', async () => {
  const { settleAnswer } = twoRows()
  const below = [seenAt('b', other, fileSight(3)), seenAt('in a folder that waits', undefined, fileSight(2))]
  const { seen } = await settleAnswer({}, { change: { search: async () => below } })
  assert.deepEqual(seen, ['b', 'in a folder that waits', 'a'])
})

test('a row that is deferred and to be removed by one look, or judged twice, is a bug and ends the program', async () => {
  const { limbo, entries, settleAnswer } = twoRows()
  const isQuiet = async () => limbo.defer(row.nodeId, 'unknown', 500)
  await assert.rejects(settleAnswer({}, { change: { isQuiet } }), assert.AssertionError)
  const places = [...entries, ...entries].map((entry, at) => ({ name: `${entry.row.name}${at}`, entry }))
  await assert.rejects(settleAnswer({}, { places }), assert.AssertionError)
})
