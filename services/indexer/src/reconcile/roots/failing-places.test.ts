/** Shows when a place that was tried in vain becomes a problem of its root, and when it ends. The clock is given. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import pino from 'pino'
import { openRoots } from '../../../../../test/support/open-roots.ts'
import { createFailingPlaces, type FailingPlace } from './failing-places.ts'

test('what was tried in vain for a minute is said of its root, in the log and as a number, until it is settled', () => {
  const { roots } = openRoots(['a', 'b'])
  const [a, b] = roots.all
  let tried: FailingPlace[] = []
  let [nowMs, aheadMs] = [0, 0]
  const lines: string[] = []
  const messages: string[] = []
  const failing = createFailingPlaces({
    tried: (sinceMs) => tried.filter((place) => place.sinceMs <= sinceMs),
    roots,
    messages: { update: (root) => messages.push(`${root.key}: ${root.gaps.failing?.message ?? null}`) },
    nowMs: () => nowMs,
    wallMs: () => nowMs + aheadMs,
    log: pino({}, { write: (line: string) => void lines.push(line) }),
  })
  tried = ['/a/x', '/a/y\n'].map((path) => ({ path, sinceMs: 5_000 }))
  nowMs = 64_000
  failing.check()
  assert.deepEqual([messages, lines, failing.count()], [[], [], 0])
  nowMs = 65_000
  failing.check()
  failing.check()
  assert.equal(failing.count(), 2)
  assert.equal(messages.length, 1)
  assert.match(a?.gaps.failing?.message ?? '', /^\/a\/x and 1 more has not been up to date since 1970-01-01T00:00:05/)
  assert.equal(lines.length, 1)
  assert.equal(b?.gaps.failing, null)
  tried = []
  failing.check()
  assert.deepEqual([a?.gaps.failing, failing.count(), messages.at(-1)], [null, 0, 'a: null'])
  tried = [{ path: '/b/x', sinceMs: 5_000 }]
  aheadMs = 3_600_000
  failing.check()
  const later = b?.gaps.failing as { message: string } | null | undefined
  assert.match(later?.message ?? '', /since 1970-01-01T01:00:05/, 'by the clock that the owner sees')
})
