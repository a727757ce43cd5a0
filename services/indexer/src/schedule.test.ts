import assert from 'node:assert/strict'
import { test } from 'node:test'
import { factsOf, fileRow, fileSight } from '../test-support/rows.ts'
import type { Cause, Seen } from './reconcile/seen.ts'
import { createSchedule } from './schedule.ts'
import type { Awaiting } from './store/store.ts'

const NOW_MS = 1_000_000
/** The wall clock was set forward since the start. */
const WALL_MS = NOW_MS + 3_600_000
const CLOCKS = [() => NOW_MS, () => WALL_MS] as const
const SETTLE_MS = 2_000
const OPEN_QUIET_MS = 30_000

type Case = {
  readonly what: string
  readonly cause: Cause
  /** How long ago the file's ctime is. */
  readonly ageMs: number
  readonly links?: number
  readonly isScanning?: boolean
  /** How long ago it was made; null where that is not known. */
  readonly bornMs?: number | null
  /** It is known, and waits to be read. */
  readonly isWaiting?: boolean
  /** Before when what a first scan finds is skipped; null where nothing is. */
  readonly skipsBeforeMs?: number | null
  readonly expected: Awaiting
}

const SETTLED: Awaiting = { state: 'fresh', dueMs: NOW_MS + SETTLE_MS }
const HELD_BACK: Awaiting = { state: 'fresh', dueMs: NOW_MS + OPEN_QUIET_MS }

const CASES: readonly Case[] = [
  {
    what: 'a recording that has gone on for ten minutes is held back for one',
    cause: 'stale',
    ageMs: 0,
    bornMs: 600_000,
    expected: { state: 'fresh', dueMs: NOW_MS + 60_000 },
  },
  {
    what: 'an old file that somebody writes to and does not close is held back for ten minutes',
    cause: 'stale',
    ageMs: 0,
    bornMs: 10 * 365 * 86_400_000,
    expected: { state: 'fresh', dueMs: NOW_MS + 600_000 },
  },
  {
    what: 'a file that listings find growing is held back like one that events tell of',
    cause: 'scan',
    ageMs: 5_000,
    isWaiting: true,
    expected: HELD_BACK,
  },
  {
    what: 'a file that waited and changed again long ago is read at once',
    cause: 'scan',
    ageMs: 60_000,
    isWaiting: true,
    expected: { state: 'fresh', dueMs: NOW_MS },
  },
  { what: 'a new file that nobody has closed is held back', cause: 'created', ageMs: 0, expected: HELD_BACK },
  { what: 'a new hard link is nobody to wait for', cause: 'created', ageMs: 0, links: 2, expected: SETTLED },
  { what: 'what did not hold still is held back', cause: 'stale', ageMs: 60_000, expected: HELD_BACK },
  { what: 'what did not hold still is held back, linked too', cause: 'stale', ageMs: 0, links: 2, expected: HELD_BACK },
  { what: 'a closed file is quiet in a moment', cause: 'written', ageMs: 0, expected: SETTLED },
  { what: 'a closed file waits though its ctime is old', cause: 'written', ageMs: 60_000, expected: SETTLED },
  { what: 'a moved file is quiet in a moment', cause: 'touched', ageMs: 0, expected: SETTLED },
  { what: 'another name of a written file', cause: 'linked', ageMs: 0, links: 2, expected: SETTLED },
  {
    what: 'an old file that a scan finds is read at once, as backlog',
    cause: 'scan',
    ageMs: SETTLE_MS + 1,
    isScanning: true,
    expected: { state: 'backlog', dueMs: NOW_MS },
  },
  {
    what: 'a file that a scan finds just written waits',
    cause: 'scan',
    ageMs: SETTLE_MS - 1,
    isScanning: true,
    expected: { state: 'backlog', dueMs: NOW_MS + SETTLE_MS },
  },
  {
    what: 'an old file in a new folder, listed while nothing is scanned, is fresh',
    cause: 'scan',
    ageMs: 60_000,
    expected: { state: 'fresh', dueMs: NOW_MS },
  },
  {
    what: 'a ctime in the future keeps nobody waiting',
    cause: 'scan',
    ageMs: -60_000,
    expected: { state: 'fresh', dueMs: NOW_MS },
  },
  {
    what: 'a fresh change is no backlog, though a scan is under way',
    cause: 'written',
    ageMs: 0,
    isScanning: true,
    expected: SETTLED,
  },
  {
    what: 'what a first scan finds is skipped where the config says so',
    cause: 'scan',
    ageMs: 60_000,
    isScanning: true,
    skipsBeforeMs: WALL_MS - 1_000,
    expected: { state: 'skipped', dueMs: 0 },
  },
  {
    what: 'what was made since that scan began is not',
    cause: 'scan',
    ageMs: 500,
    isScanning: true,
    skipsBeforeMs: WALL_MS - 1_000,
    expected: { state: 'backlog', dueMs: NOW_MS + SETTLE_MS },
  },
  {
    what: 'nor what an event tells of, however old it is',
    cause: 'touched',
    ageMs: 60_000,
    isScanning: true,
    skipsBeforeMs: WALL_MS - 1_000,
    expected: SETTLED,
  },
  {
    what: 'nor what is known and other than before',
    cause: 'scan',
    ageMs: 60_000,
    isScanning: true,
    isWaiting: true,
    skipsBeforeMs: WALL_MS - 1_000,
    expected: { state: 'backlog', dueMs: NOW_MS },
  },
]

for (const {
  what,
  cause,
  ageMs,
  links = 1,
  isScanning = false,
  bornMs = null,
  isWaiting,
  skipsBeforeMs = null,
  expected,
} of CASES) {
  test(what, () => {
    const birthTime = bornMs === null ? 0 : (WALL_MS - bornMs) * 1_000
    const facts = factsOf(1, { ctime: (WALL_MS - ageMs) * 1_000, birthTime })
    const known = isWaiting ? fileRow(1, 'p', 'a', { metadataState: 'fresh' }) : undefined
    const sight = fileSight(1, { ...facts, links })
    const seen: Seen = { parentId: 'p', name: 'a', known, cause, sight }
    assert.deepEqual(createSchedule(SETTLE_MS, ...CLOCKS).awaiting(seen, facts, isScanning, skipsBeforeMs), expected)
  })
}

test('due times are whole milliseconds, as the table keeps them', () => {
  const facts = factsOf(1)
  const seen: Seen = { parentId: 'p', name: 'a', known: undefined, cause: 'written', sight: fileSight(1) }
  const { dueMs } = createSchedule(SETTLE_MS, () => NOW_MS + 0.7, CLOCKS[1]).awaiting(seen, facts, false, null)
  assert.equal(dueMs, NOW_MS + SETTLE_MS)
})
