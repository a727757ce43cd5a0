/**
 * Proves when the gate lets rows out of limbo. Limbo and hints are the real ones; the test sets the clock and drains the
 * kernel's queue.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rootFolder } from '../../../../../test/support/root-folder.ts'
import { fileRow, folderRow } from '../../../../../test/support/rows.ts'
import { createTree } from '../../model/folder-tree.ts'
import { createHints } from '../pending/hints.ts'
import { createLimbo } from '../pending/limbo.ts'
import { createLimboGate } from './limbo-gate.ts'

const GRACE_MS = 500
const top = folderRow(1, '', '')
const row = fileRow(2, top.nodeId, 'a')
const later = fileRow(3, top.nodeId, 'b')

/** A gate in front of one row, which is due at `GRACE_MS`. */
function gateOf() {
  const [limbo, hints] = [createLimbo(), createHints()]
  const folder = createTree().addRoot(rootFolder(), top)
  const now = { ms: 0, areVisitsOpen: false, isScanning: false, isDiscovering: false }
  const counts = { drains: 0, wakes: 0 }
  let resolve = () => {}
  const gate = createLimboGate(
    {
      pending: { limbo, hints, visits: { areOpen: () => now.areVisitsOpen } },
      roots: { isScanning: () => now.isScanning, isDiscovering: () => now.isDiscovering },
      nowMs: () => now.ms,
      drained: () => {
        counts.drains += 1
        return new Promise<void>((passed) => {
          resolve = passed
        })
      },
    },
    () => {
      counts.wakes += 1
    },
  )
  const put = (one: typeof row) => limbo.put(one, { blocks: false, isAfterScan: false, nowMs: now.ms })
  put(row)
  return {
    ...{ limbo, hints, folder, now, counts, gate, put },
    taken: () => gate.takeDue().map((entry) => entry.row.name),
    /** The kernel's queue is drained, and whoever waits for that has run. */
    drain: async () => {
      resolve()
      await new Promise(setImmediate)
    },
  }
}

test('a row that is due goes when the kernel’s queue is drained, which is asked for once', async () => {
  const { gate, taken, drain, now, counts } = gateOf()
  assert.equal(gate.nextMs(), GRACE_MS)
  now.ms = GRACE_MS - 1
  assert.deepEqual([taken(), counts.drains], [[], 0], 'nothing is due')
  now.ms = GRACE_MS
  assert.deepEqual([taken(), taken(), counts.drains], [[], [], 1])
  assert.equal(gate.nextMs(), Number.POSITIVE_INFINITY, 'it is woken')
  assert.equal(counts.wakes, 0)
  await drain()
  assert.equal(counts.wakes, 1)
  assert.deepEqual(taken(), ['a'])
  assert.equal(gate.nextMs(), GRACE_MS, 'the row is due until somebody releases or defers it')
})

test('a row that is due only after the queue was asked for waits for the next time', async () => {
  const { taken, drain, now, put } = gateOf()
  now.ms = 1
  put(later)
  now.ms = GRACE_MS
  taken()
  now.ms = GRACE_MS + 1
  await drain()
  assert.deepEqual(taken(), ['a'])
})

test('a hint that was known by then is settled first, but not one that comes later or is tried again', async () => {
  const { taken, drain, now, hints, folder } = gateOf()
  now.ms = GRACE_MS
  taken()
  hints.add({ folder, name: 'seen in the queue', cause: 'touched' }, GRACE_MS, GRACE_MS)
  hints.add({ folder, name: 'tried again', cause: 'touched' }, GRACE_MS, GRACE_MS + 1_000)
  await drain()
  assert.deepEqual(taken(), [])
  const underWay = hints.take(GRACE_MS, 1)
  hints.add({ folder, name: 'new', cause: 'touched' }, GRACE_MS + 1, GRACE_MS + 1)
  assert.deepEqual(taken(), [], 'it is being looked at')
  hints.done(underWay)
  assert.deepEqual(taken(), ['a'])
})

test('what went into a new folder is found by its visit, so visits come first, but for the many of a scan', async () => {
  const { taken, drain, now } = gateOf()
  now.ms = GRACE_MS
  taken()
  await drain()
  now.areVisitsOpen = true
  assert.deepEqual(taken(), [])
  now.isScanning = true
  assert.deepEqual(taken(), ['a'])
})

test('for a moment after a first scan a row waits for all other places, those too that are tried again', async () => {
  const { limbo, taken, drain, now, hints, folder } = gateOf()
  now.isDiscovering = true
  taken()
  now.isDiscovering = false
  hints.add({ folder, name: 'tried again', cause: 'touched' }, 0, 60_000)
  for (const ms of [500, 1_000]) {
    now.ms = ms
    taken()
    await drain()
    assert.deepEqual(taken(), [])
    assert.deepEqual([limbo.due(ms + 499).length, limbo.due(ms + 500).length], [0, 1])
  }
  now.ms = 1_500
  taken()
  await drain()
  assert.deepEqual(taken(), ['a'], 'not for ever')
})

test('a row waits for no place that is tried again when the first scan is over for long, or when there is none', async () => {
  for (const isHinted of [true, false]) {
    const { taken, drain, now, hints, folder, limbo, put } = gateOf()
    now.isDiscovering = true
    taken()
    now.isDiscovering = false
    limbo.release(row.nodeId)
    now.ms = isHinted ? 3_001 - GRACE_MS : 0
    put(row)
    if (isHinted) hints.add({ folder, name: 'tried again', cause: 'touched' }, 0, 60_000)
    now.ms += GRACE_MS
    taken()
    await drain()
    assert.deepEqual(taken(), ['a'])
  }
})
