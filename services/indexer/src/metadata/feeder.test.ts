/** Shows which files are given to the workers, and when. Stand-ins for the store and the pool. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { until } from '../../../../test/support/until.ts'
import { createFeeder, type WaitingFile } from './feeder.ts'
import type { MetadataJob } from './metadata-job.ts'
import { HUGE_FILE_BYTES } from './task.ts'

test('a file that becomes due while the feeder looks is not forgotten', async () => {
  const file = { nodeId: 'a', root: '/', path: '/a', device: '1', deviceNumber: '1', inode: '1', size: 1, mtime: 1 }
  const dueMs = 5
  // The clock moves on by a millisecond with each look at it.
  let now = 0
  const submitted = Promise.withResolvers<readonly MetadataJob[]>()
  const feeder = createFeeder({
    pool: { room: 1, bigRoom: 1, hugeRoom: 1, submit: submitted.resolve },
    bigFileBytes: 100,
    waiting: (nowMs) => (dueMs <= nowMs ? [file] : []),
    toAskAgain: () => [],
    nextDueMs: (nowMs) => (dueMs > nowMs ? dueMs : null),
    save: () => {},
    saveAgain: () => {},
    nowMs: () => {
      now += 1
      return now
    },
  })
  feeder.wake()
  const tooLate = new Promise<string>((resolve) => setTimeout(resolve, 2_000, 'never submitted').unref())
  assert.deepEqual(await Promise.race([submitted.promise, tooLate]), [file])
  feeder.stop('orderly')
})

/** A feeder over rows in memory, with a pool of one worker. The test answers what the pool has. */
function createBench(t: TestContext, room = 64) {
  const rows = { fresh: [] as WaitingFile[], again: [] as WaitingFile[] }
  const inPool: MetadataJob[] = []
  const saved = { first: [] as string[], again: [] as string[] }
  const clock = { nowMs: 1 }
  const feeder = createFeeder({
    pool: {
      get room() {
        return room - inPool.length
      },
      bigRoom: 1,
      hugeRoom: 1,
      submit: (jobs) => inPool.push(...jobs),
    },
    bigFileBytes: 100,
    waiting: (_now, limit) => rows.fresh.slice(0, limit),
    toAskAgain: (_now, limit) => rows.again.slice(0, limit),
    nextDueMs: () => null,
    save: (results) => {
      const ids = results.map(({ result }) => result.job.nodeId)
      saved.first.push(...ids)
      rows.fresh = rows.fresh.filter(({ nodeId }) => !ids.includes(nodeId))
    },
    saveAgain: (results) => {
      const ids = results.map(({ result }) => result.job.nodeId)
      saved.again.push(...ids)
      rows.again = rows.again.filter(({ nodeId }) => !ids.includes(nodeId))
    },
    nowMs: () => clock.nowMs,
  })
  t.after(() => feeder.stop('abandon'))
  /** Moves the clock, and mocked timers with it. */
  const pass = (ms: number) => {
    clock.nowMs += ms
    t.mock.timers.tick(ms)
  }
  const wake = async () => {
    feeder.wake()
    await new Promise((resolve) => setImmediate(resolve))
  }
  const answer = (count: number) => {
    const metadata = { hash: '', mimeType: '', isImage: false, isVideo: false, width: 0, height: 0, msDuration: 0 }
    feeder.takeResults(inPool.splice(0, count).map((job) => ({ kind: 'done', job, metadata, problem: null })))
  }
  return { rows, inPool, saved, feeder, wake, answer, pass, clock }
}

const fileNamed = (name: string, inode = name): WaitingFile => {
  return { nodeId: name, root: '/', path: `/${name}`, device: '1', deviceNumber: '1', inode, size: 1, mtime: 1 }
}
const filesNamed = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, at) => fileNamed(`${prefix}${at}`))
const readBefore = (prefix: string, count: number) =>
  filesNamed(prefix, count).map((file) => ({ ...file, knownHash: 'known' }))

test('files that were read before are asked for only when all that wait have been given away', async (t) => {
  const { rows, inPool, wake, answer, saved, feeder } = createBench(t, 8)
  rows.fresh = filesNamed('new', 10)
  rows.again = readBefore('old', 3)
  await wake()
  assert.deepEqual(inPool, rows.fresh.slice(0, 8))
  answer(4)
  assert.deepEqual(inPool.map(({ nodeId }) => nodeId).slice(4), ['new8', 'new9', 'old0', 'old1'])
  answer(8)
  feeder.stop('orderly')
  assert.deepEqual([saved.first.length, saved.again], [10, ['old0', 'old1']])
  assert.equal(feeder.finished(), 10, 'only files that were hashed')
})

test('a file that a scan found empty needs no worker, and one that was just written to does', async (t) => {
  const { rows, inPool, saved, wake } = createBench(t)
  const empty = filesNamed('empty', 3_000).map((file) => ({ ...file, size: 0, isBacklog: true }))
  rows.fresh = [{ ...fileNamed('written'), size: 0, isBacklog: false }, ...empty]
  await wake()
  await until('all that were found to be stored', () => saved.first.length === 3_000)
  assert.deepEqual(
    inPool.map(({ nodeId }) => nodeId),
    ['written'],
  )
})

test('results are stored as soon as they come, and together while more are to come', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'setImmediate'] })
  const { rows, saved, feeder, answer, pass } = createBench(t)
  rows.fresh = filesNamed('new', 4)
  feeder.wake()
  pass(1)
  answer(1)
  pass(1)
  assert.equal(saved.first.length, 1)
  for (let more = 0; more < 2; more += 1) {
    answer(1)
    pass(24)
  }
  assert.equal(saved.first.length, 1)
  answer(1)
  pass(1)
  assert.equal(saved.first.length, 4, 'nothing else is in work')
  rows.fresh = filesNamed('next', 2)
  feeder.wake()
  pass(1)
  answer(1)
  pass(98)
  assert.equal(saved.first.length, 4)
  pass(1)
  assert.equal(saved.first.length, 5, 'the other one takes long')
})

test('few files that were read before are in work at a time, each once', async (t) => {
  const { rows, inPool, wake, answer, saved, feeder, clock } = createBench(t)
  rows.again = readBefore('old', 50)
  await wake()
  await wake()
  assert.equal(inPool.length, 16, 'a new file waits for so many at most')
  answer(1)
  assert.equal(inPool.length, 15, 'its result is stored first')
  rows.fresh = filesNamed('new', 1)
  await wake()
  assert.equal(inPool.at(-1)?.nodeId, 'new0')
  while (saved.again.length < 50) {
    answer(64)
    // Results are stored some milliseconds later.
    await new Promise((resolve) => setTimeout(resolve, 5))
    clock.nowMs += 5
  }
  assert.deepEqual(new Set(saved.again).size, 50)
  feeder.stop('orderly')
})

test('if no big or no huge file may be read, the files behind it are asked for', async () => {
  const files = [...filesOf(HUGE_FILE_BYTES, 'huge', 2), ...filesOf(100, 'big', 2), ...filesOf(1, 'small', 1)]
  const rooms = { room: 8, bigRoom: 1, hugeRoom: 1 }
  const asked: number[] = []
  const given: string[] = []
  const feeder = createFeeder({
    pool: {
      get room() {
        return rooms.room
      },
      get bigRoom() {
        return rooms.bigRoom
      },
      get hugeRoom() {
        return rooms.hugeRoom
      },
      submit: (jobs) => {
        for (const { nodeId, size } of jobs) {
          given.push(nodeId)
          rooms.room -= 1
          if (size >= HUGE_FILE_BYTES) rooms.hugeRoom -= 1
          else if (size >= 100) rooms.bigRoom -= 1
        }
      },
    },
    bigFileBytes: 100,
    waiting: (_now, _limit, sizeBelow) => {
      asked.push(sizeBelow)
      return files.filter(({ size }) => size < sizeBelow).slice(0, 2)
    },
    toAskAgain: () => [],
    nextDueMs: () => null,
    save: () => {},
    saveAgain: () => {},
    nowMs: () => 1,
  })
  feeder.wake()
  await new Promise((resolve) => setImmediate(resolve))
  feeder.stop('abandon')
  assert.deepEqual(given, ['huge0', 'big0', 'small0'])
  assert.deepEqual(asked.slice(0, 3), [Number.MAX_SAFE_INTEGER, HUGE_FILE_BYTES, 100])
})

function filesOf(size: number, prefix: string, count: number): WaitingFile[] {
  return filesNamed(prefix, count).map((file) => ({ ...file, size }))
}
