import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Metadata, MetadataJob } from './metadata-job.ts'
import { afterDeath, newTask, settle, type Task, trialOf } from './task.ts'

const CRASH = { reason: 'killed by SIGSEGV', tookTooLong: false, computedTooLong: false }
const TIMEOUT = { reason: 'took longer than 60 s', tookTooLong: true, computedTooLong: false }
const LOOP = { reason: 'computed for too long', tookTooLong: false, computedTooLong: true }

function job(name: string): MetadataJob {
  return { nodeId: name, root: '/', path: `/${name}`, deviceNumber: '', inode: '1', size: 1, mtime: 0 }
}

/** What a single task goes through when every process that reads it dies. */
function lifeOf(task: Task, death: typeof CRASH): string[] {
  const efforts: string[] = []
  for (let tasks = [task]; tasks[0] !== undefined; ) {
    efforts.push(tasks[0].effort)
    const { again, failed } = afterDeath(tasks, death)
    if (failed[0] !== undefined) efforts.push(failed[0].kind)
    tasks = again
  }
  return efforts
}

/** Of two files whose message ended so: how each is tried next. */
function afterTogether(death: typeof CRASH) {
  const { again, failed } = afterDeath([newTask(job('a')), newTask(job('b'))], death)
  assert.deepEqual(failed, [])
  return again.map(({ job: { nodeId }, effort, isAlone, isSuspect }) => ({ nodeId, effort, isAlone, isSuspect }))
}

test('of the files of a message that killed a process each is tried again alone', () => {
  const each = { effort: 'full', isAlone: true, isSuspect: false }
  for (const death of [CRASH, LOOP]) {
    assert.deepEqual(
      afterTogether(death),
      ['a', 'b'].map((nodeId) => ({ nodeId, ...each })),
    )
  }
  const slow = { ...each, isSuspect: true }
  assert.deepEqual(
    afterTogether(TIMEOUT),
    ['a', 'b'].map((nodeId) => ({ nodeId, ...slow })),
    'nobody is to wait for it',
  )
})

test('a file on which a library computes for long gets more time where nobody waits for it, and then less is asked', () => {
  const alone = { ...newTask(job('a')), isAlone: true }
  const { again } = afterDeath([alone], LOOP)
  assert.deepEqual(again, [{ ...alone, isSuspect: true }])
  assert.ok(trialOf(again[0] as Task).computingMs > trialOf(alone).computingMs)
  assert.deepEqual(lifeOf(alone, LOOP), ['full', 'full', 'without-mediainfo', 'hash-only', 'failed'])
  assert.deepEqual(lifeOf(alone, CRASH), ['full', 'without-mediainfo', 'hash-only', 'failed'], 'a crash needs no time')
})

test('a file that kills every process is tried twice in full, then with less and less, then has failed', () => {
  assert.deepEqual(lifeOf(newTask(job('a')), CRASH), ['full', 'full', 'without-mediainfo', 'hash-only', 'failed'])
})

test('a file that takes too long on its own is not tried in full again', () => {
  assert.deepEqual(lifeOf(newTask(job('a')), TIMEOUT), ['full', 'without-mediainfo', 'hash-only', 'failed'])
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
