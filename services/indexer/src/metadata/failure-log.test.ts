/** Shows how failures are logged: a line each, or one a second that counts them. Mocked timers. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { createFailureLog } from './failure-log.ts'
import type { MetadataResult } from './metadata-job.ts'

function failed(name: string): MetadataResult {
  const job = { nodeId: name, root: '/r', path: `/r/${name}`, deviceNumber: '', inode: '1', size: 1, mtime: 1 }
  return { kind: 'failed', job, problem: 'why' }
}

function begin(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] })
  const lines: object[] = []
  const log = createFailureLog({ log: { warn: (fields) => lines.push(fields) }, nowMs: Date.now })
  return { lines, log, pass: (ms: number) => t.mock.timers.tick(ms) }
}

test('a file that failed is one line, immediately', (t) => {
  const { lines, log, pass } = begin(t)
  log.take(failed('a'))
  assert.deepEqual(lines, [{ path: '/r/a', problem: 'why' }])
  pass(5_000)
  assert.equal(lines.length, 1)
})

test('a thousand failed files are a line a second, which names ten and says how many more there are', (t) => {
  const { lines, log, pass } = begin(t)
  for (let n = 0; n < 1000; n += 1) log.take(failed(`${n}`))
  assert.equal(lines.length, 1)
  pass(1_000)
  const files = (...names: readonly (string | number)[]) =>
    names.map((name) => ({ path: `/r/${name}`, problem: 'why' }))
  assert.deepEqual(lines.slice(1), [{ files: files(1, 2, 3, 4, 5, 6, 7, 8, 9, 10), more: 989 }])
  for (const name of ['x', 'y']) log.take(failed(name))
  pass(1_000)
  assert.deepEqual(lines.slice(2), [{ files: files('x', 'y') }])
  log.take(failed('last'))
  log.stop()
  assert.deepEqual(lines.slice(3), files('last'))
})

test('a file that was read, or is asked for again, is not logged', (t) => {
  const { lines, log } = begin(t)
  const { job } = failed('a')
  const metadata = { hash: '', mimeType: '', isImage: false, isVideo: false, width: 0, height: 0, msDuration: 0 }
  for (const kind of ['changed', 'gone'] as const) log.take({ kind, job })
  log.take({ kind: 'busy', job, problem: 'EAGAIN' })
  log.take({ kind: 'done', job, metadata, problem: null })
  assert.deepEqual(lines, [])
  log.take({ kind: 'done', job, metadata, problem: 'a library crashed' })
  assert.equal(lines.length, 1)
})
