/** Shows when the status is written and what is in it. Mocked timers and clock, and a list in place of the table. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { status } from '@drive-feed/shared/schema.ts'
import { VERSION } from '@drive-feed/shared/version.ts'
import { type Progress, startStatusKeeper } from './status-keeper.ts'

const START_MS = 1_000_000
const RESTING: Progress = {
  state: 'watching',
  isInitialScanComplete: true,
  listed: 5,
  foldersWaiting: 0,
  filesHashed: 3,
  rescans: 1,
  overflows: 2,
  placesFailing: 0,
  foldersKnown: 6,
  unwatched: 4,
  limits: { watches: { allowed: 100 }, instances: { allowed: 10 } },
  oldestHintMs: null,
}

/** A keeper with a mocked clock. */
function keeping(t: TestContext) {
  t.mock.timers.enable({ apis: ['setInterval', 'Date'], now: START_MS })
  const saved: Omit<typeof status.$inferInsert, 'id'>[] = []
  let progress = RESTING
  let stepMs = 0
  let problemsKept = 0
  const keeper = startStatusKeeper({
    save: (row) => {
      assert.ok(problemsKept > saved.length, 'problems are written before the row')
      saved.push(row)
    },
    keepProblems: () => {
      problemsKept += 1
    },
    counts: () => ({ waiting: 7, failed: 8 }),
    progress: () => progress,
    nowMs: Date.now,
    wallMs: () => Date.now() + stepMs,
  })
  return {
    saved,
    keeper,
    set: (next: Partial<Progress>) => {
      progress = { ...RESTING, ...next }
    },
    setClock: (byMs: number) => {
      stepMs += byMs
    },
    pass: (ms: number) => t.mock.timers.tick(ms),
  }
}

test('the first row, after a second, has everything', (t) => {
  const { saved, pass } = keeping(t)
  pass(1_000)
  const { listed, foldersWaiting, filesHashed, rescans, overflows, state } = RESTING
  assert.deepEqual(saved, [
    {
      ...{ state, foldersListed: listed, foldersWaiting, filesHashed, rescans, overflows },
      version: VERSION,
      startedMs: START_MS,
      heartbeatMs: START_MS + 1_000,
      filesWaiting: 7,
      filesFailed: 8,
      foldersPerSecond: 0,
      filesPerSecond: 0,
      lagMs: 0,
      foldersKnown: 6,
      placesFailing: 0,
      isInitialScanComplete: true,
      foldersUnwatched: 4,
      watchesAllowed: 100,
      instancesAllowed: 10,
    },
  ])
})

test('a resting indexer writes once a minute', (t) => {
  const { saved, pass } = keeping(t)
  for (let second = 0; second < 181; second += 1) pass(1_000)
  assert.deepEqual(
    saved.map(({ heartbeatMs }) => (heartbeatMs - START_MS) / 1_000),
    [1, 61, 121, 181],
  )
})

test('a clock that was set, or went on while the machine slept, shows in the row within a second', (t) => {
  const { saved, setClock, pass } = keeping(t)
  const stepsMs = [3_600_000, -7_200_000, -1_001, 900, 900]
  pass(1_000)
  for (const byMs of stepsMs) {
    setClock(byMs)
    pass(1_000)
  }
  pass(10_000)
  assert.deepEqual(
    saved.map(({ heartbeatMs, startedMs }) => [heartbeatMs - START_MS, startedMs - START_MS]),
    [
      [1_000, 0],
      [3_602_000, 0],
      [-3_597_000, 0],
      [-3_597_001, 0],
      [-3_593_201, 0],
    ],
  )
})

test('a busy one writes every second, and once more when it comes to rest', (t) => {
  const { saved, set, pass } = keeping(t)
  for (let listed = 1; listed <= 3; listed += 1) {
    set({ state: 'scanning', listed })
    pass(1_000)
  }
  set({ listed: 4 })
  for (let second = 0; second < 10; second += 1) pass(1_000)
  assert.deepEqual(
    saved.map(({ state, foldersListed }) => [state, foldersListed]),
    [
      ['scanning', 1],
      ['scanning', 2],
      ['scanning', 3],
      ['watching', 4],
    ],
  )
})

test('the row has the rates of listing and reading while folders and files wait', (t) => {
  const { saved, set, pass } = keeping(t)
  for (const second of [0, 1, 2]) {
    set({ state: 'scanning', foldersWaiting: 5, listed: second * 300, filesHashed: second * 40 })
    pass(1_000)
  }
  set({ listed: 900, filesHashed: 120 })
  pass(1_000)
  assert.deepEqual(
    saved.map(({ foldersPerSecond, filesPerSecond }) => [foldersPerSecond, filesPerSecond]),
    [
      [0, 0],
      [300, 40],
      [300, 40],
      [0, 40],
    ],
  )
})

test('the lag is the age of the oldest place that waits, and never negative', (t) => {
  const { saved, set, pass } = keeping(t)
  set({ oldestHintMs: START_MS + 400 })
  pass(1_000)
  set({ oldestHintMs: START_MS + 99_000 })
  pass(1_000)
  assert.deepEqual(
    saved.map(({ lagMs }) => lagMs),
    [600, 0],
  )
})

test('the end is written immediately, and nothing after it', (t) => {
  const { saved, keeper, pass } = keeping(t)
  keeper.stop('orderly')
  pass(120_000)
  assert.deepEqual(
    saved.map(({ state, heartbeatMs }) => [state, heartbeatMs]),
    [['stopped', START_MS]],
  )
})
