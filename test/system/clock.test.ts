/**
 * Shows that neither setting the clock nor a sleep of the machine does harm. Both services run as processes with a
 * shifted clock.
 */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { assertAllEqual } from '../support/convergence.ts'
import { passSentinel, rootState, statusOf } from '../support/observations.ts'
import { createPair } from '../support/pair.ts'
import { runProgram } from '../support/program.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'

const HOUR_MS = 3_600_000
/** Long enough for two looks of the indexer at its clocks, on a busy machine too. */
const SOON_MS = 5_000

/** A module that shifts `Date.now` by the number that is in a file at that moment. The monotonic clock stays. */
const MOVED_CLOCK = `import { readFileSync } from 'node:fs'
const real = Date.now
Date.now = () => real() + Number(readFileSync(process.env.CLOCK_MOVED_BY, 'utf8'))`

/** A pair whose clock can be set. */
async function pairWithClock(t: TestContext, startMovedByMs = 0) {
  const folder = temporaryFolder(t)
  const file = join(folder, 'clock')
  const setClock = (movedByMs: number) => writeFileSync(file, String(movedByMs))
  setClock(startMovedByMs)
  const env = {
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(MOVED_CLOCK)}`,
    CLOCK_MOVED_BY: file,
  }
  const within = ['env', ...Object.entries(env).map(([key, value]) => `${key}=${value}`)]
  const pair = await createPair(t, { within })
  await pair.startIndexer()
  await pair.startApi({ env })
  const readiness = async () => (await fetch(`${pair.url}/readyz`)).status
  const untilReadiness = (status: number) =>
    until(`readiness ${status}`, async () => (await readiness()) === status, SOON_MS)
  return { pair, env, setClock, untilReadiness }
}

test('heartbeats are right by a clock that was an hour off at the start', async (t) => {
  const { pair, untilReadiness } = await pairWithClock(t, HOUR_MS)
  await untilReadiness(200)
  const status = (await (await fetch(`${pair.url}/api/v1/status`)).json()) as Record<string, number | string>
  assert.ok(Math.abs(Date.parse(status.started as string) - HOUR_MS - Date.now()) < 60_000, `started ${status.started}`)
})

test('a clock set forward or back, as after a sleep or by NTP, makes a living indexer look neither dead nor in the future', async (t) => {
  const { pair, setClock, untilReadiness } = await pairWithClock(t)
  for (const movedByMs of [0, 8 * HOUR_MS, -24 * HOUR_MS, 0]) {
    setClock(movedByMs)
    await until(
      'a heartbeat by the new clock',
      () => Math.abs((statusOf(pair)?.heartbeatMs ?? 0) - movedByMs - Date.now()) < SOON_MS,
      SOON_MS,
    )
    await untilReadiness(200)
    await passSentinel(pair)
  }
  await assertAllEqual(pair)
})

test('an indexer that is dead does not look alive after the clock was set back', async (t) => {
  const { pair, env, setClock, untilReadiness } = await pairWithClock(t)
  await untilReadiness(200)
  await pair.endIndexer('SIGKILL')
  setClock(-HOUR_MS)
  await untilReadiness(503)
  const status = (await (await fetch(`${pair.url}/api/v1/status`)).json()) as Record<string, number>
  assert.ok((status.heartbeat_age_seconds ?? 0) > 3_000, `its age is ${status.heartbeat_age_seconds}`)
  assert.match(runProgram(pair, ['accept-empty', 'media'], env).stderr, /nothing to accept/)
})

test('files that wait to be read when the clock is set back while no indexer runs wait a minute at most', async (t) => {
  const { pair, setClock } = await pairWithClock(t, 24 * HOUR_MS)
  await passSentinel(pair)
  await pair.endIndexer()
  setClock(0)
  writeFileSync(pair.path('new'), 'new')
  await pair.startIndexer()
  await passSentinel(pair)
  assert.equal(rootState(pair, 'media'), 'watching')
  await assertAllEqual(pair)
})
