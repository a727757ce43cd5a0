/** Shows how often, and with how much effort, a file is tried: each task is led through made-up results. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { afterDeath, type Death } from './after-death.ts'
import type { Metadata, MetadataJob, MetadataResult } from './metadata-job.ts'
import { BIG_FILE_BYTES, HUGE_FILE_BYTES, laneOf, newTask, settle, type Task, trialOf } from './task.ts'
import type { Step } from './work-at.ts'

const CRASH: Death = { reason: 'killed by SIGSEGV', tookTooLong: false, step: null }
const TIMEOUT: Death = { ...CRASH, reason: 'took longer than 60 s', tookTooLong: true }
const LOOP: Death = { ...CRASH, reason: 'computed for too long' }

function job(name: string): MetadataJob {
  return { nodeId: name, root: '/', path: `/${name}`, deviceNumber: '', inode: '1', size: 1, mtime: 0 }
}

/** The efforts with which a file is tried if every process that reads it dies. */
function lifeOf(task: Task, death: Death, wasAlone = true): string[] {
  const efforts: string[] = []
  let next: Task | MetadataResult = task
  while ('effort' in next) {
    efforts.push(next.effort)
    next = afterDeath(next, wasAlone, death)
  }
  return [...efforts, next.kind]
}

/** The next effort for a file on which a process died at a step, and the problem that is reported. */
function nextAt(step: Step | null, before: Partial<Task> = {}): [effort: string, problem: string | null] | null {
  const next = afterDeath({ ...newTask(job('a')), isSuspect: true, ...before }, true, { ...LOOP, step })
  return 'effort' in next ? [next.effort, next.problem] : null
}

test('a file that a process died over is tried once more in full, with more time and where nobody waits for it', () => {
  const task = newTask(job('a'))
  const next = afterDeath(task, false, LOOP) as Task
  assert.deepEqual(next, { ...task, isSuspect: true })
  assert.ok(trialOf(next).computingMs > trialOf(task).computingMs)
  const alone = { ...task, isAlone: true }
  assert.equal(trialOf(alone).computingMs, trialOf(task).computingMs)
  assert.deepEqual(afterDeath(alone, true, CRASH), { ...alone, isSuspect: true })
})

test('a file that kills every process is tried twice in full, then with less and less, then has failed', () => {
  const less = ['without-mediainfo', 'type-only', 'hash-only', 'failed']
  assert.deepEqual(lifeOf(newTask(job('a')), CRASH), ['full', 'full', ...less])
  assert.deepEqual(lifeOf(newTask(job('a')), TIMEOUT), ['full', ...less], 'alone it would take too long again')
  const [first, second] = lifeOf(newTask(job('a')), TIMEOUT, false)
  assert.deepEqual([first, second], ['full', 'full'], 'among others it may have been their fault')
})

test('what is left out is what the process was at, by its name', () => {
  const { reason } = LOOP
  assert.deepEqual(nextAt('mediainfo'), ['without-mediainfo', `MediaInfo: ${reason}; read without MediaInfo`])
  assert.deepEqual(nextAt('measuring'), [
    'type-only',
    `our own parser of pictures: ${reason}; read without its dimensions`,
  ])
  assert.deepEqual(nextAt('libmagic'), ['hash-only', `libmagic: ${reason}; read without libmagic and MediaInfo`])
  assert.deepEqual(nextAt('reading'), ['hash-only', `reading it: ${reason}; read without libmagic and MediaInfo`])
  assert.deepEqual(nextAt(null), ['without-mediainfo', `MediaInfo or libmagic: ${reason}; read without MediaInfo`])
})

test('what is left out is always more than before, until nothing but hashing is left', () => {
  assert.equal(nextAt('measuring', { effort: 'without-mediainfo' })?.[0], 'type-only')
  assert.equal(nextAt('reading', { effort: 'hash-only' }), null)
  assert.deepEqual(lifeOf(newTask(job('a')), { ...LOOP, step: 'libmagic' }), ['full', 'full', 'hash-only', 'failed'])
})

test("a file's lane depends on how long it may take", () => {
  const lane = (size: number, of: Partial<Task> = {}) => laneOf({ ...newTask({ ...job('a'), size }), ...of })
  assert.equal(lane(1), 'ordinary')
  assert.equal(lane(1, { isAlone: true }), 'alone')
  assert.equal(lane(1, { isAlone: true, isSuspect: true }), 'suspect')
  assert.equal(lane(BIG_FILE_BYTES), 'big')
  assert.equal(lane(BIG_FILE_BYTES, { isSuspect: true }), 'suspect')
  for (const doubt of [{}, { isSuspect: true }, { isAlone: true }]) assert.equal(lane(HUGE_FILE_BYTES, doubt), 'huge')
  assert.equal(laneOf(newTask({ ...job('a'), size: HUGE_FILE_BYTES, knownHash: 'h' })), 'ordinary', 'hardly read')
})

test('a result says what was left out, unless the file has no need of it', () => {
  const metadata: Metadata = {
    hash: 'h',
    mimeType: 'image/jpeg',
    isImage: true,
    isVideo: false,
    width: 0,
    height: 0,
    msDuration: 0,
  }
  const task: Task = { ...newTask(job('a')), effort: 'without-mediainfo', problem: 'left out' }
  const image = { kind: 'done', job: task.job, metadata, problem: null } as const
  const text = { ...image, metadata: { ...metadata, mimeType: 'text/plain', isImage: false } }
  assert.deepEqual(settle(task, image), { ...image, problem: 'left out' })
  assert.deepEqual(settle(task, text), text)
  assert.deepEqual(settle({ ...task, effort: 'hash-only' }, text), { ...text, problem: 'left out' })
  assert.deepEqual(settle(newTask(job('a')), image), image)
  const measured = { ...image, metadata: { ...metadata, width: 64 } }
  assert.deepEqual(settle(task, measured), measured, 'its size is known without MediaInfo')
})
