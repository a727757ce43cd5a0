/** Shows what is remembered of files that wait as rows again: tables over the bookkeeping. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { jobNamed } from '../../../../test/support/simulated-workers.ts'
import { createDoubts } from './doubts.ts'
import { newTask, type Task } from './task.ts'

const suspect = (name: string): Task => ({ ...newTask(jobNamed(name)), isSuspect: true, effort: 'type-only' })

test('a file comes back once with what was known of it, and any other is new', () => {
  const doubts = createDoubts()
  doubts.keep(suspect('a'))
  assert.deepEqual(doubts.take(jobNamed('b')), newTask(jobNamed('b')))
  assert.deepEqual(doubts.take(jobNamed('a')), suspect('a'))
  assert.deepEqual(doubts.take(jobNamed('a')), newTask(jobNamed('a')))
})

test('a file with other bytes is a new one, wherever it lies', () => {
  const doubts = createDoubts()
  for (const changed of [{ size: 1 }, { mtime: 1 }, { inode: 'other' }]) {
    doubts.keep(suspect('a'))
    const job = { ...jobNamed('a'), ...changed }
    assert.deepEqual(doubts.take(job), newTask(job))
  }
  doubts.keep(suspect('a'))
  const moved = { ...jobNamed('a'), path: '/elsewhere' }
  assert.deepEqual(doubts.take(moved), { ...suspect('a'), job: moved })
})

test('beyond ten thousand the oldest are forgotten', () => {
  const doubts = createDoubts()
  for (let n = 0; n <= 10_000; n += 1) doubts.keep(suspect(`${n}`))
  assert.equal(doubts.take(jobNamed('0')).isSuspect, false)
  assert.equal(doubts.take(jobNamed('1')).isSuspect, true)
})
