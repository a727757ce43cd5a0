/**
 * Proves what settling a job makes of the observer thread's answers, with hints, limbo, tree and decisions as they are, and
 * a disk, a database and a kernel's queue that the test makes up.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rootFolder } from '../../../../test/support/root-folder.ts'
import { DEVICE, fileRow, folderRow } from '../../../../test/support/rows.ts'
import type { Decision } from '../model/decision.ts'
import { createTree } from '../model/folder-tree.ts'
import type { KnownNode } from '../model/known-node.ts'
import { createSightsBuilder } from '../model/sights.ts'
import type { LookRequest } from '../scan/look.ts'
import type { LookReply } from '../scan/observer.ts'
import { makeLimboJob, takeHintJob } from './looking/jobs.ts'
import { createBackoff } from './pending/backoff.ts'
import { createHints } from './pending/hints.ts'
import { createLimbo } from './pending/limbo.ts'
import { createRevisits } from './pending/revisits.ts'
import { createWriters } from './pending/writers.ts'
import { settleJob } from './settle-job.ts'
import type { SettleJobTools } from './settling/tools.ts'

const top = folderRow(1, '', '')
const row = fileRow(2, top.nodeId, 'a')
const GRACE_MS = 500

/** An empty folder on disk in which a file is known. `onDrained` is what happened by the time the queue is drained. */
function folderThatWasEmptied({ onDrained = () => {}, isUnderWay = false } = {}) {
  const rows: KnownNode[] = [row]
  const decisions: Decision[] = []
  const tree = createTree()
  const root = rootFolder()
  const folder = tree.addRoot(root, top)
  const [hints, limbo, retries] = [
    createHints(),
    createLimbo(),
    createBackoff<typeof folder>({ firstMs: 20, lastMs: 10_000 }, () => GRACE_MS),
  ]
  // The jobs need no more than this.
  const tools = {
    ...{ writers: createWriters(), revisits: createRevisits() },
    ...{ tree, hints, limbo, retries, areHintsUnderWay: () => isUnderWay, disksAway: { isBack: () => {} } },
    trust: { isCurrent: () => true, tells: () => true, carriesHash: () => true },
    devices: { numberKind: () => 'lasting', numberOf: () => DEVICE, nameOf: () => DEVICE },
    known: {
      childAt: (_parentId: string, name: string) => rows.find((one) => one.name === name),
      byId: (nodeId: string) => rows.find((one) => one.nodeId === nodeId),
      inodesWithNames: () => new Set(),
    },
    roots: { isOnline: () => true, isDiscovering: () => false, isScanning: () => false },
    apply: (some: readonly Decision[]) => decisions.push(...some),
    look: async (requests: readonly LookRequest[]) => nothingAt(requests),
    drained: async () => onDrained(),
    nowMs: () => GRACE_MS,
    wallMs: () => GRACE_MS,
  } as unknown as SettleJobTools
  limbo.put(row, { blocks: false, isAfterScan: false, nowMs: 0 })
  /** Looks at the row's place, as when its time is over; gives what was decided. */
  const endTime = async (): Promise<string[]> => {
    const job = makeLimboJob(tools, limbo.due(GRACE_MS))
    assert.ok(job !== null, 'it is due')
    await settleJob(tools, job)
    return decisions.splice(0).map(({ kind, nodeId }) => `${kind} ${nodeId}`)
  }
  return { tools, rows, folder, endTime }
}

function nothingAt(requests: readonly LookRequest[]): LookReply {
  const builder = createSightsBuilder()
  const answers = requests.map(({ names }) => {
    const from = builder.length
    for (const name of names ?? []) builder.pushGone(name)
    return { kind: 'seen', folder: {}, from, to: builder.length, watch: { kind: 'not-asked' } }
  })
  return { answers, sights: builder.pack(), mountChanges: 0 } as unknown as LookReply
}

test('a row that is nowhere is removed when nothing happened meanwhile', async () => {
  const { tools, endTime } = folderThatWasEmptied()
  assert.deepEqual(await endTime(), [`remove ${row.nodeId}`])
  assert.equal([...tools.limbo.entries()].length, 0)
})

test('a row that is no longer known at its place by then leaves limbo, and nothing is removed', async () => {
  for (const now of [[], [{ ...row, name: 'moved to' }]]) {
    const { tools, rows, endTime } = folderThatWasEmptied()
    rows.splice(0, 1, ...now)
    assert.deepEqual(await endTime(), [])
    assert.equal([...tools.limbo.entries()].length, 0)
  }
})

test('what happened while its places were looked at is settled before a row goes', async () => {
  let onDrained = () => {}
  const { tools, folder, endTime } = folderThatWasEmptied({ onDrained: () => onDrained() })
  onDrained = () => tools.hints.add({ folder, name: 'moved to', cause: 'touched' }, GRACE_MS, GRACE_MS)
  assert.deepEqual(await endTime(), [])
  assert.ok(tools.limbo.has(row.nodeId))
  onDrained = () => {}
  tools.hints.take(GRACE_MS, 1)
  assert.deepEqual(await endTime(), [`remove ${row.nodeId}`])
})

test('what is being looked at because of an event is settled before a row goes, too, but it does not wait for ever', async () => {
  const { endTime } = folderThatWasEmptied({ isUnderWay: true })
  for (let attempt = 0; attempt < 5; attempt += 1) assert.deepEqual(await endTime(), [])
  assert.deepEqual(await endTime(), [`remove ${row.nodeId}`])
})

test('a place that an event told of and that can not be read is not forgotten: its folder is listed until it can', async () => {
  const { tools, folder } = folderThatWasEmptied()
  const told: unknown[] = []
  const look: SettleJobTools['look'] = async () => {
    const builder = createSightsBuilder()
    builder.pushUnreadable('new', 'EIO: i/o error')
    const answer = { kind: 'seen', folder: {}, from: 0, to: 1, watch: { kind: 'not-asked' } }
    return { answers: [answer], sights: builder.pack(), mountChanges: 0 } as unknown as LookReply
  }
  const coverage = { unreadable: (...what: unknown[]) => told.push(what) } as unknown as typeof tools.coverage
  tools.hints.add({ folder, name: 'new', cause: 'touched' }, 0, 0)
  const job = takeHintJob({ ...tools, look })
  assert.ok(job !== null)
  const hint: SettleJobTools['hint'] = ({ name }, cause) => {
    tools.hints.add({ folder, name, cause }, GRACE_MS, GRACE_MS + tools.retries.next(folder, name))
  }
  await settleJob({ ...tools, coverage, hint }, job)
  assert.deepEqual(told, [[folder, { what: 'entry', problem: 'EIO: i/o error' }]])
  const [again = assert.fail('it is looked at again')] = tools.hints.take(GRACE_MS + 20, 1)
  assert.deepEqual([again.name, again.cause], ['new', 'touched'])
  assert.equal(tools.retries.next(folder, 'new'), 40, 'and less often each time')
})

test('I7: a row whose place now has a filesystem that can not be asked gets more time, and more each time', async () => {
  const { tools, endTime } = folderThatWasEmptied()
  const look: SettleJobTools['look'] = async () => {
    const builder = createSightsBuilder()
    const times = { mtime: 1, exactMtime: null, ctime: 1, birthTime: 1 }
    builder.pushStats('a', { kind: 'folder', device: 77n, inode: 5n, size: 0, links: 2, ...times })
    const answer = { kind: 'seen', folder: {}, from: 0, to: 1, watch: { kind: 'not-asked' } }
    return { answers: [answer], sights: builder.pack(), mountChanges: 0 } as unknown as LookReply
  }
  const devices = { numberOf: () => DEVICE, nameOf: () => undefined, resolve: async () => null }
  Object.assign(tools, { look, devices, hint: () => {} })
  assert.deepEqual(await endTime(), [])
  const [entry = assert.fail('it is there')] = tools.limbo.entries()
  assert.deepEqual(entry.state, { kind: 'deferred', was: 'grace', times: 1, dueMs: 2 * GRACE_MS })
})

test('a place that was settled is tried again as soon as at first', async () => {
  const { tools, folder } = folderThatWasEmptied()
  for (const name of ['new', 'new', 'new', 'other', 'other']) tools.retries.next(folder, name)
  tools.hints.add({ folder, name: 'new', cause: 'touched' }, 0, 0)
  const job = takeHintJob(tools)
  assert.ok(job !== null)
  await settleJob(tools, job)
  assert.equal(tools.retries.next(folder, 'new'), 20)
  assert.equal(tools.retries.next(folder, 'other'), 80)
})

test('whether a listed file was made a moment ago goes by the clock of files, which may have been set since the start', async () => {
  const { tools, folder } = folderThatWasEmptied()
  const put: string[] = []
  const HOUR_MS = 3_600_000
  Object.assign(tools, {
    wallMs: () => HOUR_MS,
    revisits: { put: (_: unknown, name: string) => put.push(name) },
    visits: { done: () => {} },
    coverage: { listed: () => {}, stirred: () => {} },
    known: { ...tools.known, listedChildren: () => [] },
    awaiting: () => ({ state: 'fresh', dueMs: 0 }),
  })
  const builder = createSightsBuilder()
  for (const [name, ctime] of [['new', HOUR_MS * 1_000] as const, ['old', GRACE_MS * 1_000] as const]) {
    const times = { mtime: 1, exactMtime: null, ctime, birthTime: 1 }
    builder.pushStats(name, { kind: 'file', device: 1n, inode: BigInt(ctime), size: 1, links: 1, ...times })
  }
  const seen = { deviceNumber: '1', inode: '1', birthTime: 1, kind: 'folder', mtime: 1, ctime: 1 }
  const answer = { kind: 'seen', folder: seen, from: 0, to: 2, watch: { kind: 'not-asked' } }
  const reply = { answers: [answer], sights: builder.pack(), mountChanges: 0 } as unknown as LookReply
  folder.watch = 1
  await settleJob(tools, { kind: 'visits', visits: [{ folder, isDeep: false }], reply: Promise.resolve(reply) })
  assert.deepEqual(put, ['new'])
})
