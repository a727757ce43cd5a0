/** Shows how long the next start of a worker waits after failures. Mocked timers. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createRestartDelay } from './restart-delay.ts'

test('each failure to start doubles the wait, up to a minute, and is reported once', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  const reports: string[] = []
  let over = 0
  const delay = createRestartDelay(
    (problem) => reports.push(problem),
    () => {
      over += 1
    },
  )
  assert.ok(delay.allows(3), 'before any failure all may start together')
  for (const waitMs of [500, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000]) {
    delay.failed('no library')
    assert.ok(!delay.allows(0))
    context.mock.timers.tick(waitMs - 1)
    assert.ok(!delay.allows(0), `${waitMs}`)
    context.mock.timers.tick(1)
    assert.ok(delay.allows(0))
    assert.ok(!delay.allows(1), 'then one at a time')
  }
  assert.equal(over, 9)
  assert.deepEqual(reports, ["metadata workers can't start: no library"])
  delay.failed('another reason')
  assert.equal(reports.length, 2)
})

test('once a worker has started, the failures before it are forgotten', (context) => {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  const reports: string[] = []
  const delay = createRestartDelay(
    (problem) => reports.push(problem),
    () => {},
  )
  delay.failed('no library')
  context.mock.timers.tick(500)
  delay.succeeded()
  assert.ok(delay.allows(2))
  delay.failed('no library')
  context.mock.timers.tick(500)
  assert.ok(delay.allows(0))
  assert.equal(reports.length, 2)
})
