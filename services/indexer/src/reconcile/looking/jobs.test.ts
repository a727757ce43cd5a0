/**
 * Proves at which places limbo's job looks, and what becomes of rows whose place nobody can look at. Limbo and the tree are the
 * real ones; one of two roots is away, and the look only notes the places.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SUPER_ROOT_ID } from '@drive-feed/shared/schema.ts'
import { rootFolder } from '../../../../../test/support/root-folder.ts'
import { DEVICE, fileRow, folderRow } from '../../../../../test/support/rows.ts'
import { createTree, type RootFolder } from '../../model/folder-tree.ts'
import type { KnownNode } from '../../model/known-node.ts'
import { createSightsBuilder } from '../../model/sights.ts'
import type { LookRequest } from '../../scan/look.ts'
import { createLimbo } from '../pending/limbo.ts'
import { type Job, type JobTools, makeLimboJob } from './jobs.ts'

const GRACE_MS = 500
const top = folderRow(1, SUPER_ROOT_ID, 'here')
const awayTop = folderRow(2, SUPER_ROOT_ID, 'away')
/** Known, and not met since the start. */
const unmet = folderRow(3, top.nodeId, 'not met')

function jobsOf() {
  const [limbo, tree] = [createLimbo(), createTree()]
  const [here, away] = [rootFolder('here'), rootFolder('away')]
  tree.addRoot(here, top)
  tree.addRoot(away, awayTop)
  const rows = [top, awayTop, unmet]
  const looked: string[] = []
  let nowMs = GRACE_MS
  // The job needs no more than this.
  const tools = {
    ...{ pending: { limbo }, clock: { nowMs: () => nowMs } },
    layout: { tree, devices: { numberOf: () => DEVICE }, roots: { isOnline: (root: RootFolder) => root === here } },
    known: { byId: (nodeId: string) => rows.find((row) => row.nodeId === nodeId) },
    look: async (requests: readonly LookRequest[]) => {
      for (const { path, names } of requests) looked.push(`${path}: ${names}`)
      return { answers: [], sights: createSightsBuilder().pack(), mountChanges: 0 }
    },
  } as unknown as JobTools
  const put = (row: KnownNode, other: { blocks?: boolean; heir?: { parentId: string; name: string } } = {}) => {
    limbo.put(row, { blocks: false, isAfterScan: false, nowMs: 0, ...other })
  }
  /** Makes a job of the rows that are due; gives it and the looks asked for. */
  const make = (ms = GRACE_MS): { job: Job | null; looked: string[] } => {
    nowMs = ms
    return { job: makeLimboJob(tools, limbo.due(ms)), looked: looked.splice(0) }
  }
  return { limbo, put, make }
}

test('places of rows that are due are looked at folder by folder, with those of rows that something waits for', () => {
  const { limbo, put, make } = jobsOf()
  put(fileRow(10, top.nodeId, 'due'))
  limbo.put(fileRow(11, top.nodeId, 'neither'), { blocks: false, isAfterScan: false, nowMs: 1 })
  limbo.put(fileRow(12, top.nodeId, 'blocks'), { blocks: true, isAfterScan: true, nowMs: 1 })
  assert.deepEqual(make().looked, ['/here: due,blocks'])
})

test('the place is looked at where something waits for the row’s id, once if it is a row’s own', () => {
  const { put, make } = jobsOf()
  put(fileRow(10, top.nodeId, 'a'), { blocks: true, heir: { parentId: top.nodeId, name: 'b' } })
  put(fileRow(11, top.nodeId, 'b'), { blocks: true, heir: { parentId: top.nodeId, name: 'a' } })
  put(fileRow(12, top.nodeId, 'c'), { blocks: true, heir: { parentId: top.nodeId, name: 'd' } })
  const { job, looked } = make()
  assert.deepEqual(looked, ['/here: a,b,c,d'])
  assert.ok(job?.kind === 'limbo')
  const [{ places } = assert.fail('there is one folder')] = job.groups
  assert.deepEqual(
    places.map(({ entry }) => entry?.row.name),
    ['a', 'b', 'c', undefined],
  )
})

test('I7: rows of a root that is away get more time, twice as much each time', () => {
  const { limbo, put, make } = jobsOf()
  const row = fileRow(10, awayTop.nodeId, 'a')
  put(row, { heir: { parentId: awayTop.nodeId, name: 'b' } })
  assert.deepEqual(make(), { job: null, looked: [] })
  make(1_000)
  assert.deepEqual(limbo.get(row.nodeId)?.state, { kind: 'deferred', was: 'grace', times: 2, dueMs: 2_000 })
})

test('a row that went with a folder above it leaves limbo', () => {
  const { limbo, put, make } = jobsOf()
  const row = fileRow(10, 'removed', 'a')
  put(row)
  assert.deepEqual(make(), { job: null, looked: [] })
  assert.ok(!limbo.has(row.nodeId))
})

test('a row in a folder that was not met since the start waits for ten seconds, and then leaves limbo', () => {
  const { limbo, put, make } = jobsOf()
  const row = fileRow(10, unmet.nodeId, 'a')
  put(row)
  assert.deepEqual(make(), { job: null, looked: [] })
  assert.deepEqual(limbo.get(row.nodeId)?.state, { kind: 'grace', dueMs: 2 * GRACE_MS })
  make(10_000)
  assert.ok(!limbo.has(row.nodeId))
})

test('what can be looked at is, and the rows without a place go with that job', () => {
  const { put, make } = jobsOf()
  put(fileRow(10, unmet.nodeId, 'a'))
  put(fileRow(11, top.nodeId, 'b'))
  const { job, looked } = make()
  assert.deepEqual(looked, ['/here: b'])
  assert.ok(job?.kind === 'limbo')
  assert.deepEqual(
    job.unmet.map(({ row }) => row.name),
    ['a'],
  )
})
