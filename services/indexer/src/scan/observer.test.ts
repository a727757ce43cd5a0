/**
 * Shows that the progress of the observer thread can be read while it works. A stand-in for the thread answers when the
 * test says so.
 */
import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import type { Worker } from 'node:worker_threads'
import { createSightsBuilder } from '../model/sights.ts'
import type { LookRequest } from './look.ts'
import { createObserver } from './observer.ts'
import type { ObserverReply, ObserverRequest } from './observer-messages.ts'

const NOTHING = { databasePath: '/nowhere/feed.db', logPath: null }

/** A thread that answers when the test says so. */
function slowThread() {
  const requests: ObserverRequest[] = []
  const thread = Object.assign(new EventEmitter(), {
    postMessage: (request: ObserverRequest) => void requests.push(request),
    terminate: async () => 0,
  })
  const observer = createObserver(
    thread as unknown as Worker,
    { excludes: { patterns: [], usesDefaults: true }, watches: [], own: NOTHING },
    assert.fail,
  )
  const [first] = requests
  assert.equal(first?.kind, 'excludes')
  const progress = new Int32Array(first.progress)
  return { observer, progress, answer: (reply: ObserverReply) => thread.emit('message', reply) }
}

function listing(path: string): LookRequest {
  return { path, expected: null, names: null, inotifyFd: null }
}

test('the main thread knows what the observer thread is at, and since when', async () => {
  const { observer, progress, answer } = slowThread()
  assert.equal(observer.atWork(0), null)
  const looked = observer.look([listing('/a'), listing('/b')])
  const signs = observer.signs('/c')
  assert.deepEqual(observer.atWork(10)?.path, '/a')
  assert.equal(observer.atWork(20)?.sinceMs, 10)
  Atomics.store(progress, 0, 1)
  const atB = observer.atWork(30)
  assert.deepEqual([atB?.path, atB?.sinceMs], ['/b', 30])
  assert.equal(observer.atWork(90_000)?.sinceMs, 30)
  Atomics.store(progress, 0, 0)
  answer({ kind: 'look', ticket: 1, answers: [], sights: createSightsBuilder().pack(), mountChanges: 0 })
  await looked
  assert.equal(observer.atWork(90_010)?.path, '/c')
  answer({ kind: 'signs', ticket: 2, signs: null })
  assert.equal(await signs, null)
  assert.equal(observer.atWork(90_020), null)
})
