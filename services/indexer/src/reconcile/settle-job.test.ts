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
import { type Job, type JobTools, makeLimboJob, takeHintJob } from './looking/jobs.ts'
import { readSights, type SightReaderTools } from './looking/sight-reader.ts'
import { createPending } from './pending/pending.ts'
import { removalTools } from './removal/tools.ts'
import { type SettleJobTools, settleJob } from './settle-job.ts'
import { createFolderAnswers, type FolderAnswersTools } from './settling/folder-answers.ts'
import { type SettleTools, settle } from './settling/settle.ts'
import type { SettlingTools } from './settling/tools.ts'

const top = folderRow(1, '', '')
const row = fileRow(2, top.nodeId, 'a')
const GRACE_MS = 500

/** All that the settling of a job is made from. A test puts in its own parts. */
type Parts = JobTools & SightReaderTools & SettleTools & Pick<SettlingTools, 'clock' | 'coverage'>

/** An empty folder on disk in which a file is known. `onDrained` is what happened by the time the queue is drained. */
function folderThatWasEmptied({ onDrained = () => {} } = {}) {
  const rows: KnownNode[] = [row]
  const decisions: Decision[] = []
  const tree = createTree()
  const folder = tree.addRoot(rootFolder(), top)
  const clock = { nowMs: () => GRACE_MS, wallMs: () => GRACE_MS }
  const pending = createPending(tree, clock.nowMs)
  // The jobs need no more than this.
  const parts = {
    ...{ pending, clock, disksAway: { isBack: () => {} } },
    layout: {
      tree,
      trust: { isCurrent: () => true, tells: () => true, carriesHash: () => true },
      devices: { numberKind: () => 'lasting', numberOf: () => DEVICE, nameOf: () => DEVICE },
      roots: { isOnline: () => true, isDiscovering: () => false, isScanning: () => false },
    },
    known: {
      childAt: (_parentId: string, name: string) => rows.find((one) => one.name === name),
      byId: (nodeId: string) => rows.find((one) => one.nodeId === nodeId),
      inodesWithNames: () => new Set(),
    },
    apply: (some: readonly Decision[]) => decisions.push(...some),
    look: async (requests: readonly LookRequest[]) => nothingAt(requests),
  } as unknown as Parts
  pending.limbo.put(row, { blocks: false, isAfterScan: false, nowMs: 0 })
  /** Settles a job; gives what was decided. `other`: instead of parts. */
  const settleIt = async (job: Job | null, other: Partial<Parts> = {}): Promise<string[]> => {
    assert.ok(job !== null, 'there is something to do')
    await settleJob(
      jobTools({ ...parts, ...other }, async () => onDrained()),
      job,
    )
    return decisions.splice(0).map(({ kind, nodeId }) => `${kind} ${nodeId}`)
  }
  /** Looks at the row's place, as when its time is over; gives what was decided. */
  const endTime = (other: Partial<Parts> = {}) =>
    settleIt(makeLimboJob({ ...parts, ...other }, pending.limbo.due(GRACE_MS)), other)
  return { parts, pending, rows, folder, settleIt, endTime }
}

/** Put together as in the pipeline. */
function jobTools(parts: Parts, drained: () => Promise<void>): SettleJobTools {
  const { pending, coverage, look } = parts
  const settling: SettlingTools = {
    ...parts,
    folderAnswers: createFolderAnswers({ pending, coverage, nowMs: () => GRACE_MS } as unknown as FolderAnswersTools),
    readSights: (raws) => readSights(parts, raws),
    settle: (observations, ends, waitsForScan) => settle(parts, observations, ends, waitsForScan),
    newFiles: {
      due: () => ({ changedBeforeMs: 0, awaiting: { state: 'fresh', dueMs: 0 } }),
      add: () => assert.fail('no file is plain'),
    },
  }
  return { settling, removal: removalTools(settling, { look, drained }), onExhausted: () => {} }
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
  const { pending, endTime } = folderThatWasEmptied()
  assert.deepEqual(await endTime(), [`remove ${row.nodeId}`])
  assert.equal([...pending.limbo.entries()].length, 0)
})

test('a row that is no longer known at its place by then leaves limbo, and nothing is removed', async () => {
  for (const now of [[], [{ ...row, name: 'moved to' }]]) {
    const { pending, rows, endTime } = folderThatWasEmptied()
    rows.splice(0, 1, ...now)
    assert.deepEqual(await endTime(), [])
    assert.equal([...pending.limbo.entries()].length, 0)
  }
})

test('what happened while its places were looked at is settled before a row goes', async () => {
  let onDrained = () => {}
  const { pending, folder, endTime } = folderThatWasEmptied({ onDrained: () => onDrained() })
  onDrained = () => pending.hints.add({ folder, name: 'moved to', cause: 'touched' }, GRACE_MS, GRACE_MS)
  assert.deepEqual(await endTime(), [])
  assert.ok(pending.limbo.has(row.nodeId))
  onDrained = () => {}
  pending.hints.done(pending.hints.take(GRACE_MS, 1))
  assert.deepEqual(await endTime(), [`remove ${row.nodeId}`])
})

test('what is being looked at because of an event is settled before a row goes, too, but it does not wait for ever', async () => {
  const { pending, folder, endTime } = folderThatWasEmptied()
  pending.hints.add({ folder, name: 'moved to', cause: 'touched' }, 0, 0)
  pending.hints.take(GRACE_MS, 1)
  for (let attempt = 0; attempt < 5; attempt += 1) assert.deepEqual(await endTime(), [])
  assert.deepEqual(await endTime(), [`remove ${row.nodeId}`])
})

test('a hint is under way until its look is settled', async () => {
  const { parts, pending, folder, settleIt } = folderThatWasEmptied()
  pending.hints.add({ folder, name: 'new', cause: 'touched' }, 0, 0)
  const job = takeHintJob(parts)
  assert.ok(!pending.hints.areSettled(GRACE_MS))
  await settleIt(job)
  assert.ok(pending.hints.areSettled(GRACE_MS))
})

test('a place that an event told of and that can not be read is not forgotten: its folder is listed until it can', async () => {
  const { parts, pending, folder, settleIt } = folderThatWasEmptied()
  const told: unknown[] = []
  const look: JobTools['look'] = async () => {
    const builder = createSightsBuilder()
    builder.pushUnreadable('new', 'EIO: i/o error')
    const answer = { kind: 'seen', folder: {}, from: 0, to: 1, watch: { kind: 'not-asked' } }
    return { answers: [answer], sights: builder.pack(), mountChanges: 0 } as unknown as LookReply
  }
  const coverage = { unreadable: (...what: unknown[]) => told.push(what) } as unknown as Parts['coverage']
  pending.hints.add({ folder, name: 'new', cause: 'touched' }, 0, 0)
  await settleIt(takeHintJob({ ...parts, look }), { coverage })
  assert.deepEqual(told, [[folder, { what: 'entry', problem: 'EIO: i/o error' }]])
  const [again = assert.fail('it is looked at again')] = pending.hints.take(GRACE_MS + 20, 1)
  assert.deepEqual([again.name, again.cause], ['new', 'touched'])
  assert.equal(pending.retries.next(folder, 'new'), 40, 'and less often each time')
})

test('I7: a row whose place now has a filesystem that can not be asked gets more time, and more each time', async () => {
  const { parts, pending, endTime } = folderThatWasEmptied()
  const look: JobTools['look'] = async () => {
    const builder = createSightsBuilder()
    const times = { mtime: 1, exactMtime: null, ctime: 1, birthTime: 1 }
    builder.pushStats('a', { kind: 'folder', device: 77n, inode: 5n, size: 0, links: 2, ...times })
    const answer = { kind: 'seen', folder: {}, from: 0, to: 1, watch: { kind: 'not-asked' } }
    return { answers: [answer], sights: builder.pack(), mountChanges: 0 } as unknown as LookReply
  }
  const devices = { numberOf: () => DEVICE, nameOf: () => undefined, resolve: async () => null }
  const layout = { ...parts.layout, devices } as unknown as Parts['layout']
  assert.deepEqual(await endTime({ look, layout }), [])
  const [entry = assert.fail('it is there')] = pending.limbo.entries()
  assert.deepEqual(entry.state, { kind: 'deferred', was: 'grace', times: 1, dueMs: 2 * GRACE_MS })
})

test('a place that was settled is tried again as soon as at first', async () => {
  const { parts, pending, folder, settleIt } = folderThatWasEmptied()
  const { hints, retries } = pending
  for (const name of ['new', 'new', 'new', 'other', 'other']) retries.next(folder, name)
  hints.add({ folder, name: 'new', cause: 'touched' }, 0, 0)
  await settleIt(takeHintJob(parts))
  assert.equal(retries.next(folder, 'new'), 20)
  assert.equal(retries.next(folder, 'other'), 80)
})

test('whether a listed file was made a moment ago goes by the clock of files, which may have been set since the start', async () => {
  const { parts, pending, folder, settleIt } = folderThatWasEmptied()
  const HOUR_MS = 3_600_000
  const other = {
    clock: { nowMs: () => GRACE_MS, wallMs: () => HOUR_MS },
    coverage: { listed: () => {}, stirred: () => {} },
    known: { ...parts.known, listedChildren: () => [] },
    awaiting: () => ({ state: 'fresh', dueMs: 0 }),
  } as unknown as Partial<Parts>
  const builder = createSightsBuilder()
  for (const [name, ctime] of [['new', HOUR_MS * 1_000] as const, ['old', GRACE_MS * 1_000] as const]) {
    const times = { mtime: 1, exactMtime: null, ctime, birthTime: 1 }
    builder.pushStats(name, { kind: 'file', device: 1n, inode: BigInt(ctime), size: 1, links: 1, ...times })
  }
  const seen = { deviceNumber: '1', inode: '1', birthTime: 1, kind: 'folder', mtime: 1, ctime: 1 }
  const answer = { kind: 'seen', folder: seen, from: 0, to: 2, watch: { kind: 'not-asked' } }
  const reply = { answers: [answer], sights: builder.pack(), mountChanges: 0 } as unknown as LookReply
  folder.watch = 1
  pending.visits.add(folder, false)
  await settleIt({ kind: 'visits', visits: pending.visits.take(1), reply: Promise.resolve(reply) }, other)
  assert.deepEqual(
    pending.revisits.take(HOUR_MS).map(({ name }) => name),
    ['new'],
  )
})
