/**
 * Shows the life of one worker process in the pool: its messages, its end, and which file is to blame. A stand-in for
 * the process, and mocked timers.
 */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { jobNamed, VERSIONS } from '../../../../test/support/simulated-workers.ts'
import { createBacklog } from './backlog.ts'
import type { Unanswered } from './blame.ts'
import type { MetadataResult } from './metadata-job.ts'
import { Slot } from './slot.ts'
import { type Lane, newTask } from './task.ts'
import type { Step, WorkAt } from './work-at.ts'
import { encodeAnswers } from './worker-message.ts'
import type { WorkerEvents } from './worker-process.ts'

const IDLE_MS = 30_000

/** A slot whose process and time the test controls. */
function begin(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const calls: string[] = []
  const said: unknown[] = []
  let worker: WorkerEvents | undefined
  const slot = new Slot(
    {
      launch: (_module, events) => {
        worker = events
        return {
          pid: null,
          send: () => calls.push('send'),
          dismiss: () => calls.push('dismiss'),
          kill: () => calls.push('kill'),
          abandon: () => calls.push('abandon'),
        }
      },
      workerModule: '',
      limitMs: () => 60_000,
      idleMs: IDLE_MS,
      nowMs: () => 0,
    },
    {
      onReady: () => {},
      onResults: (results) => said.push(results.map(({ result }) => result.job.nodeId)),
      onStartFailed: (reason) => said.push(`not started: ${reason}`),
      onEnd: ({ reason, step }, unanswered) => said.push({ reason, step, ...namesOf(unanswered) }),
      onStuck: (problem) => said.push(problem),
    },
  )
  t.after(() => slot.abandon())
  slot.start()
  worker?.onReady(VERSIONS)
  const send = (...names: readonly string[]) => {
    const backlog = createBacklog()
    backlog.add(names.map((name) => newTask(jobNamed(name))))
    const batch = backlog.take(new Set<Lane>(['ordinary']))
    assert.ok(batch !== null)
    slot.send(batch)
  }
  const answer = (rows: readonly number[], files: number) => {
    const extraction = { kind: 'changed' } as const
    worker?.onAnswers(
      encodeAnswers(
        rows.map((row) => ({ row, extraction })),
        files,
      ),
    )
  }
  const at = (message: number, row: number, step: Step = 'reading'): WorkAt => ({ message, row, step })
  const die = (where: WorkAt | null) => worker?.onEnd('died', where)
  return { slot, calls, said, send, answer, at, die, pass: (ms: number) => t.mock.timers.tick(ms) }
}

function namesOf({ culprit, wasAlone, neighbours, untouched }: Unanswered) {
  const names = (tasks: readonly { job: MetadataResult['job'] }[]) => tasks.map(({ job }) => job.nodeId)
  return { culprit: culprit?.job.nodeId ?? null, wasAlone, neighbours: names(neighbours), untouched: names(untouched) }
}

test('a process that does not end when it is dismissed is killed, and reported as stuck if it stays all the same', (t) => {
  const { slot, calls, said, pass, die } = begin(t)
  pass(IDLE_MS)
  assert.deepEqual([slot.state, calls], ['leaving', ['dismiss']])
  pass(10_000)
  assert.deepEqual(calls, ['dismiss', 'kill'])
  assert.equal(slot.stuck, null)
  pass(10_000)
  const problem = 'a metadata worker that has nothing to read was killed but stays; restart the indexer'
  assert.deepEqual([slot.stuck, said], [problem, [problem]])
  die(null)
  assert.deepEqual([slot.state, slot.stuck], ['empty', null])
})

test('a retired process that hangs in its end does not hold its slot either', (t) => {
  const { slot, calls, pass } = begin(t)
  slot.retire()
  pass(10_000)
  pass(10_000)
  assert.deepEqual(calls, ['dismiss', 'kill'])
  assert.notEqual(slot.stuck, null)
})

test('a process that ends is not killed', (t) => {
  const { calls, said, pass, die } = begin(t)
  pass(IDLE_MS)
  die(null)
  pass(100_000)
  assert.deepEqual(calls, ['dismiss'])
  assert.equal(said.length, 1, 'only that it ended')
})

test('a process that is killed over a file and stays is reported with that file', (t) => {
  const { slot, said, send, pass } = begin(t)
  send('a')
  pass(60_000)
  pass(10_000)
  assert.match(String(said[0]), /stays, its disk does not answer; it was reading \/r\/a$/)
  assert.equal(slot.stuck, said[0])
})

test('answers may come in parts, and the next message is at work once all are there', (t) => {
  const { slot, said, send, answer } = begin(t)
  send('a', 'b', 'c')
  send('d')
  answer([0, 2], 3)
  assert.equal(slot.batches.length, 2)
  assert.equal(slot.work?.path, '/r/b')
  answer([1], 3)
  assert.equal(slot.work?.path, '/r/d')
  answer([0], 1)
  assert.deepEqual(said, [['a', 'c'], ['b'], ['d']])
  assert.equal(slot.work, null)
  assert.throws(() => answer([0], 1), /not asked/)
})

test('a process that dies names the file it was at and what it did with it', (t) => {
  const { said, send, answer, at, die } = begin(t)
  send('a', 'b', 'c', 'd')
  send('e')
  answer([0], 4)
  die(at(1, 2, 'mediainfo'))
  const rest = { neighbours: ['b', 'd'], untouched: ['e'] }
  assert.deepEqual(said[1], { reason: 'died', step: 'mediainfo', culprit: 'c', wasAlone: false, ...rest })
})

test('messages are counted from the start of each process', (t) => {
  const { slot, said, send, answer, at, die } = begin(t)
  send('a')
  answer([0], 1)
  send('b', 'c')
  die(at(2, 1))
  slot.start()
  assert.deepEqual(said.at(-1), {
    ...{ reason: 'died', step: 'reading', culprit: 'c', wasAlone: false },
    ...{ neighbours: ['b'], untouched: [] },
  })
})

test('files whose answers did not get through are read again, and no file is to blame', (t) => {
  const { said, send, at, die } = begin(t)
  send('a', 'b')
  send('c', 'd')
  die(at(2, 0))
  assert.deepEqual(said[0], {
    ...{ reason: 'died', step: 'reading', culprit: 'c', wasAlone: false },
    ...{ neighbours: ['d'], untouched: ['a', 'b'] },
  })
})

test('whatever a process noted, a file that was alone is to blame for its end, so that no file is tried for ever', (t) => {
  for (const where of [
    null,
    { row: 0, message: 0 },
    { row: 0, message: -7 },
    { row: 9, message: 1 },
    { row: 0, message: 9 },
  ]) {
    const one = begin(t)
    one.send('a', 'b')
    one.die(where === null ? null : one.at(where.message, where.row))
    const alone = { culprit: null, wasAlone: false, neighbours: ['a', 'b'], untouched: [] }
    assert.deepEqual(one.said, [{ reason: 'died', step: where === null ? null : 'reading', ...alone }])
    t.mock.timers.reset()
    const other = begin(t)
    other.send('a')
    other.send('b')
    other.die(where === null ? null : other.at(where.message, where.row))
    t.mock.timers.reset()
    const { culprit, untouched } = other.said[0] as ReturnType<typeof namesOf>
    assert.deepEqual([culprit, untouched], ['a', ['b']], JSON.stringify(where))
  }
})
