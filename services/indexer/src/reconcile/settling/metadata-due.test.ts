/** Shows when the metadata of a file is due: tables, with a clock of the test. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { factsOf, fileRow, fileSight } from '../../../../../test/support/rows.ts'
import type { MetadataDue } from '../../model/decision.ts'
import { type Cause, isPresent, type Observation, type PlacedSight } from '../../model/observation.ts'
import { createSchedule, type Schedule, type ScheduleTools } from './metadata-due.ts'

const NOW_MS = 1_000_000
/** The wall clock was set forward since the start. */
const WALL_MS = NOW_MS + 3_600_000
const QUIET_MS = 2_000
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
  /** It is known, and waits to be read; as another inode number if it is not this. */
  readonly waitsAs?: number
  /** How long ago what is known there was made, where that is another file under its number. */
  readonly rowBornMs?: number
  /** How often in a row writes to it were looked at. */
  readonly writes?: number
  readonly areWritesReported?: boolean
  /** Before when what a first scan finds is skipped; null where nothing is. */
  readonly skipsBeforeMs?: number | null
  readonly expected: MetadataDue
}

const AFTER_QUIET: MetadataDue = { state: 'fresh', dueMs: NOW_MS + QUIET_MS }
const HELD_BACK: MetadataDue = { state: 'fresh', dueMs: NOW_MS + OPEN_QUIET_MS }

const WRITTEN_ONCE: MetadataDue = { state: 'fresh', dueMs: NOW_MS + 1_500 }

const CASES: readonly Case[] = [
  {
    what: 'a recording that has gone on for ten minutes is held back for one',
    cause: 'stale',
    ageMs: 0,
    waitsAs: 1,
    bornMs: 600_000,
    expected: { state: 'fresh', dueMs: NOW_MS + 60_000 },
  },
  {
    what: 'an old file that somebody writes to and does not close is held back for ten minutes',
    cause: 'stale',
    ageMs: 0,
    waitsAs: 1,
    bornMs: 10 * 365 * 86_400_000,
    expected: { state: 'fresh', dueMs: NOW_MS + 600_000 },
  },
  {
    what: 'a file that listings find growing is held back like one that events tell of',
    cause: 'scan',
    ageMs: 5_000,
    waitsAs: 1,
    expected: HELD_BACK,
  },
  {
    what: 'a file that waited and changed again long ago is read at once',
    cause: 'scan',
    ageMs: 60_000,
    waitsAs: 1,
    expected: { state: 'fresh', dueMs: NOW_MS },
  },
  {
    what: 'a file that listings find growing, where writes would be told of, is nobody’s any more',
    cause: 'scan',
    ageMs: 500,
    waitsAs: 1,
    areWritesReported: true,
    expected: AFTER_QUIET,
  },
  {
    what: 'a file that has the name of one that waited did not grow',
    cause: 'scan',
    ageMs: 5_000,
    waitsAs: 2,
    expected: { state: 'fresh', dueMs: NOW_MS },
  },
  {
    what: 'a new file to which nobody is seen to write is quiet in a moment',
    cause: 'created',
    ageMs: 0,
    expected: AFTER_QUIET,
  },
  { what: 'a new file to which somebody writes', cause: 'created', ageMs: 0, writes: 1, expected: WRITTEN_ONCE },
  {
    what: 'a new file to which somebody goes on writing is held back',
    cause: 'created',
    ageMs: 0,
    writes: 3,
    expected: HELD_BACK,
  },
  { what: 'a size that is set by path', cause: 'modified', ageMs: 0, writes: 1, expected: WRITTEN_ONCE },
  {
    what: 'a file that is written again and again is held back',
    cause: 'modified',
    ageMs: 0,
    writes: 5,
    expected: HELD_BACK,
  },
  { what: 'a chmod of an open file makes nobody close it', cause: 'touched', ageMs: 0, writes: 3, expected: HELD_BACK },
  { what: 'a new hard link is nobody to wait for', cause: 'created', ageMs: 0, links: 2, expected: AFTER_QUIET },
  { what: 'what did not hold still is held back', cause: 'stale', ageMs: 60_000, waitsAs: 1, expected: HELD_BACK },
  {
    what: 'what did not hold still is held back, linked too',
    cause: 'stale',
    ageMs: 0,
    links: 2,
    waitsAs: 1,
    expected: HELD_BACK,
  },
  {
    what: 'what took the place of a file that was being read is quiet in a moment',
    cause: 'stale',
    ageMs: 0,
    bornMs: 600_000,
    waitsAs: 2,
    expected: AFTER_QUIET,
  },
  {
    what: 'so is a new file under its name',
    cause: 'stale',
    ageMs: 0,
    expected: AFTER_QUIET,
  },
  {
    what: 'so is one that has its inode number too',
    cause: 'stale',
    ageMs: 0,
    bornMs: 0,
    waitsAs: 1,
    rowBornMs: 600_000,
    expected: AFTER_QUIET,
  },
  { what: 'a closed file is quiet in a moment', cause: 'written', ageMs: 0, expected: AFTER_QUIET },
  { what: 'a closed file waits though its ctime is old', cause: 'written', ageMs: 60_000, expected: AFTER_QUIET },
  { what: 'a moved file is quiet in a moment', cause: 'touched', ageMs: 0, expected: AFTER_QUIET },
  { what: 'another name of a written file', cause: 'linked', ageMs: 0, links: 2, expected: AFTER_QUIET },
  {
    what: 'an old file that a scan finds is read at once, as backlog',
    cause: 'scan',
    ageMs: QUIET_MS + 1,
    isScanning: true,
    expected: { state: 'backlog', dueMs: NOW_MS },
  },
  {
    what: 'a file that a scan finds just written waits',
    cause: 'scan',
    ageMs: QUIET_MS - 1,
    isScanning: true,
    expected: { state: 'backlog', dueMs: NOW_MS + QUIET_MS },
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
    expected: AFTER_QUIET,
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
    expected: { state: 'backlog', dueMs: NOW_MS + QUIET_MS },
  },
  {
    what: 'nor what an event tells of, however old it is',
    cause: 'touched',
    ageMs: 60_000,
    isScanning: true,
    skipsBeforeMs: WALL_MS - 1_000,
    expected: AFTER_QUIET,
  },
  {
    what: 'nor what is known and other than before',
    cause: 'scan',
    ageMs: 60_000,
    isScanning: true,
    waitsAs: 1,
    skipsBeforeMs: WALL_MS - 1_000,
    expected: { state: 'backlog', dueMs: NOW_MS },
  },
]

for (const one of CASES) {
  const { what, cause, ageMs, links = 1, isScanning = false, bornMs = null, waitsAs, expected } = one
  const { writes = 0, areWritesReported = false, skipsBeforeMs = null, rowBornMs = bornMs } = one
  test(what, () => {
    const birthTime = birthTimeOf(bornMs)
    const facts = factsOf(1, { ctime: (WALL_MS - ageMs) * 1_000, birthTime })
    const known =
      waitsAs === undefined
        ? undefined
        : fileRow(waitsAs, 'p', 'a', { metadataState: 'fresh', birthTime: birthTimeOf(rowBornMs) })
    const sight = fileSight(1, { ...facts, links })
    const observation: Observation = { parentId: 'p', name: 'a', known, cause, sight }
    const made = schedule({
      writes: () => (writes === 0 ? null : { looks: writes, sinceMs: NOW_MS - 60_000 }),
      areWritesReported: () => areWritesReported,
    })
    assert.deepEqual(made.awaiting(observation, facts, isScanning, skipsBeforeMs), expected)
  })
}

for (const isScanning of [true, false]) {
  for (const skipsBeforeMs of [null, WALL_MS - 20_000]) {
    test(`new files have together what each has alone: ${isScanning}, ${skipsBeforeMs}`, () => {
      const made = schedule({})
      const { changedBeforeMs, awaiting } = made.newFiles(isScanning, skipsBeforeMs)
      for (const ctime of [0, changedBeforeMs * 1_000 - 1]) {
        const facts = factsOf(1, { ctime })
        const sight = fileSight(1, facts)
        const observation: Observation = { parentId: 'p', name: 'a', known: undefined, cause: 'scan', sight }
        assert.deepEqual(made.awaiting(observation, facts, isScanning, skipsBeforeMs), awaiting)
      }
    })
  }
}

test('due times are whole milliseconds, as the table keeps them', () => {
  const facts = factsOf(1)
  const observation: Observation = { parentId: 'p', name: 'a', known: undefined, cause: 'written', sight: fileSight(1) }
  const { dueMs } = schedule({ nowMs: () => NOW_MS + 0.7 }).awaiting(observation, facts, false, null)
  assert.equal(dueMs, NOW_MS + QUIET_MS)
})

const TRIED_UNTIL_MS = NOW_MS + 20_000
/** What is at the place of a file with the inode number 1 that was tried in vain, when it is seen to be closed. */
const AFTER_TRIES: readonly [what: string, sight: PlacedSight, dueMs: number][] = [
  ['a file that was tried in vain keeps its pause, however it changes', fileSight(1, { size: 99 }), TRIED_UNTIL_MS],
  ['a file that took the place of one that was tried in vain has none', fileSight(2), AFTER_QUIET.dueMs],
  ['nor has a new one with its inode number', fileSight(1, { birthTime: 2 }), AFTER_QUIET.dueMs],
]

for (const [what, sight, dueMs] of AFTER_TRIES) {
  test(what, () => {
    const known = fileRow(1, 'p', 'a', { metadataState: 'fresh' })
    const { awaiting } = schedule({ notBeforeMs: (nodeId) => (nodeId === known.nodeId ? TRIED_UNTIL_MS + 0.7 : 0) })
    assert.ok(isPresent(sight))
    const observation: Observation = { parentId: 'p', name: 'a', known, cause: 'written', sight }
    assert.deepEqual(awaiting(observation, sight.facts, false, null), { state: 'fresh', dueMs })
  })
}

function birthTimeOf(bornMs: number | null): number {
  return bornMs === null ? 0 : (WALL_MS - bornMs) * 1_000
}

function schedule(other: Partial<ScheduleTools>): Schedule {
  const nothing = { writes: () => null, areWritesReported: () => false, notBeforeMs: () => 0 }
  return createSchedule({ quietMs: QUIET_MS, nowMs: () => NOW_MS, wallMs: () => WALL_MS, ...nothing, ...other })
}
