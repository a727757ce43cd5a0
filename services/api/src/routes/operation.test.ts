/** What operators ask: status, health, readiness, metrics. */
import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { temporaryFolder } from '../../../../shared/test-support/temporary-folder.ts'
import { assertProblem } from '../test-support/assert-problem.ts'
import { serveFeed } from '../test-support/serve-feed.ts'
import { smallFeed } from '../test-support/small-feed.ts'

const NOW_MS = 1_000_000_000

async function served(t: TestContext) {
  const small = await smallFeed(t, { nowMs: () => NOW_MS })
  const write = (state: string, heartbeatMs: number) =>
    small.feed.sqlite
      .prepare(
        `INSERT OR REPLACE INTO status (id, state, version, started_ms, heartbeat_ms, files_waiting, files_per_second)
         VALUES (1, ?, '1.2.3', 1000, ?, 30, 20)`,
      )
      .run(state, heartbeatMs)
  return { ...small, write, top: new URL('/', small.url).href }
}

test('the status is the indexer’s, with what this process adds', async (t) => {
  const { url, epoch, write } = await served(t)
  await assertProblem(await fetch(`${url}/status`), 503)
  write('watching', NOW_MS - 5_000)
  const response = await fetch(`${url}/status`)
  assert.equal(response.headers.get('cache-control'), 'no-store')
  const status = (await response.json()) as Record<string, unknown>
  assert.deepEqual([status.state, status.epoch, status.head, status.heartbeat_age_seconds], ['watching', epoch, 6, 5])
  const metadata = { files_hashed: 0, files_waiting: 30, files_failed: 0, files_per_second: 20, remaining_seconds: 2 }
  assert.deepEqual(status.metadata, metadata)
  assert.equal((status.roots as { path: string }[])[0]?.path, '/mnt/media')
})

test('the process is healthy whatever the database does', async (t) => {
  const { url } = await serveFeed(t, join(temporaryFolder(t), 'feed.db'))
  const response = await fetch(new URL('/healthz', url))
  assert.deepEqual([response.status, await response.json()], [200, { ok: true }])
})

test('it is ready while the database can be read and the indexer is heard of', async (t) => {
  const { top, path, write } = await served(t)
  const detail = async () => (await assertProblem(await fetch(`${top}readyz`), 503)).detail
  assert.match(await detail(), /not started yet/)
  write('scanning', NOW_MS - 149_000)
  assert.equal((await fetch(`${top}readyz`)).status, 200)
  write('watching', NOW_MS - 151_000)
  assert.match(await detail(), /silent for 151 s/)
  write('watching', NOW_MS + 60_000)
  assert.equal((await fetch(`${top}readyz`)).status, 200)
  write('watching', NOW_MS + 3_600_000)
  assert.match(await detail(), /3600 s ahead of now/)
  write('stopped', NOW_MS)
  assert.match(await detail(), /was stopped/)
  rmSync(path)
  assert.match(await detail(), /can not be read/)
})

test('a process has one start, however often it is asked and whatever its clock says', async (t) => {
  let nowMs = NOW_MS
  const { url } = await smallFeed(t, { nowMs: () => nowMs })
  const starts = new Set<number>()
  for (let scrapes = 0; scrapes < 5; scrapes += 1) {
    nowMs += 777
    const text = await (await fetch(new URL('/metrics', url))).text()
    starts.add(Number(/\nprocess_start_time_seconds (\S+)\n/.exec(text)?.[1]))
  }
  assert.equal(starts.size, 1, String([...starts]))
  const [seconds] = starts
  const expected = Date.now() / 1_000 - process.uptime()
  assert.ok(Math.abs((seconds ?? 0) - expected) < 60, `${seconds} is not ${expected}`)
})

test('the metrics are numbers of the indexer and of this process', async (t) => {
  const { url, top, path, write } = await served(t)
  write('watching', NOW_MS - 5_000)
  await (await fetch(`${url}/cursor`)).text()
  await (await fetch(`${url}/nodes/nothing/path`)).text()
  const scrape = async () => {
    const response = await fetch(`${top}metrics`)
    assert.equal(response.status, 200)
    assert.match(response.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/)
    return response.text()
  }
  const text = await scrape()
  for (const line of [
    'drive_feed_database_up 1',
    'drive_feed_head 6',
    'drive_feed_heartbeat_age_seconds 5',
    'drive_feed_files_waiting 30',
    'drive_feed_root_online{root="media",state="watching"} 1',
    'drive_feed_http_requests_total{route="/api/v1/cursor",status="200"} 1',
    'drive_feed_http_requests_total{route="/api/v1/nodes/:id/path",status="404"} 1',
  ]) {
    assert.ok(text.includes(`\n${line}\n`), `${line} is not in\n${text}`)
  }
  assert.match(text, /\nprocess_resident_memory_bytes [1-9]/)
  rmSync(path)
  const without = await scrape()
  assert.match(without, /\ndrive_feed_database_up 0\n/)
  assert.doesNotMatch(without, /drive_feed_head/)
})
