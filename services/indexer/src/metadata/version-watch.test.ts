/**
 * Shows that files are marked when a library or a rule changes, without loss. Mocked timers, and lists in place of the
 * tables.
 */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { createVersionWatch, type NotedVersions, type VersionWatchTools } from './version-watch.ts'

const OLD = { libmagic: '544', magicDatabase: '1@1', mediaInfo: 'v23', rules: '1' }
const DONE = { markedTo: null, marksAllMedia: false }

/** A watch beside a row with these versions, whose marking takes so many slices. */
function watchBeside(t: TestContext, noted: NotedVersions | null, slices: number) {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const seen = { noted, marked: 0, woken: 0, others: 0 }
  const tools: VersionWatchTools = {
    noted: () => seen.noted,
    note: (row) => {
      seen.noted = row
    },
    markSome: () => {
      seen.marked += 1
      return seen.marked < slices
    },
    onMarked: () => {
      seen.woken += 1
    },
    onOther: () => {
      seen.others += 1
    },
  }
  const watch = createVersionWatch(tools)
  t.after(() => watch.stop())
  const pass = () => {
    for (let ms = 0; ms < 1_000; ms += 10) t.mock.timers.tick(10)
  }
  return { watch, seen, pass }
}

test('versions of a new database are noted, and nothing is marked', (t) => {
  const { watch, seen, pass } = watchBeside(t, null, 3)
  assert.equal(watch.isTold(), false)
  watch.tell(OLD)
  pass()
  assert.deepEqual(seen, { noted: { ...OLD, ...DONE }, marked: 0, woken: 0, others: 0 })
  assert.equal(watch.isTold(), true)
})

test('the same versions cost nothing', (t) => {
  const { watch, seen, pass } = watchBeside(t, { ...OLD, ...DONE }, 3)
  watch.tell(OLD)
  pass()
  assert.equal(seen.marked, 0)
})

for (const [what, other, marksAllMedia] of [
  ['libmagic', { libmagic: '546' }, false],
  ["libmagic's database", { magicDatabase: '2@1' }, false],
  ['MediaInfo', { mediaInfo: 'v25' }, false],
  ['the rules', { rules: '2' }, true],
] as const) {
  test(`another version of ${what} has files marked, slice by slice`, (t) => {
    const { watch, seen, pass } = watchBeside(t, { ...OLD, ...DONE }, 3)
    watch.tell({ ...OLD, ...other })
    assert.deepEqual(seen.noted, { ...OLD, ...other, markedTo: 0, marksAllMedia })
    assert.equal(seen.marked, 0, 'not at once')
    pass()
    assert.deepEqual([seen.marked, seen.woken, seen.others], [3, 3, 1])
    watch.tell({ ...OLD, ...other })
    pass()
    assert.equal(seen.marked, 3, 'once')
  })
}

test('an unfinished marking goes on, and keeps which files it was about', (t) => {
  const half = { ...OLD, markedTo: 5_000, marksAllMedia: true }
  const first = watchBeside(t, half, 3)
  first.watch.tell(OLD)
  first.pass()
  assert.deepEqual([first.seen.marked, first.seen.others], [3, 0])
  assert.equal(first.seen.noted, half, 'the marking itself notes how far it came')
})

test('an upgrade in the middle of a marking begins it anew, and forgets nothing', (t) => {
  const { watch, seen } = watchBeside(t, { ...OLD, markedTo: 5_000, marksAllMedia: true }, 3)
  watch.tell({ ...OLD, mediaInfo: 'v25' })
  assert.deepEqual(seen.noted, { ...OLD, mediaInfo: 'v25', markedTo: 0, marksAllMedia: true })
})

test('an upgrade while the program runs is noticed by the next worker', (t) => {
  const { watch, seen, pass } = watchBeside(t, { ...OLD, ...DONE }, 1)
  watch.tell(OLD)
  watch.tell({ ...OLD, libmagic: '546' })
  pass()
  assert.equal(seen.marked, 1)
})

test('a watch that is stopped marks no more', (t) => {
  const { watch, seen, pass } = watchBeside(t, { ...OLD, ...DONE }, 3)
  watch.tell({ ...OLD, libmagic: '546' })
  watch.stop()
  pass()
  assert.equal(seen.marked, 0)
})
