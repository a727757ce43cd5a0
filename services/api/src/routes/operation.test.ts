/**
 * Shows the routes for operators: status, health, readiness and metrics. Requests go to the app, on databases with
 * chosen statuses.
 */
import assert from 'node:assert/strict'
import { closeSync, openSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { writeNote } from '@drive-feed/shared/database-note.ts'
import { PROBLEM_CODES } from '@drive-feed/shared/problem.ts'
import { assertProblem } from '../../../../test/support/assert-problem.ts'
import { serveFeed } from '../../../../test/support/serve-feed.ts'
import { smallFeed } from '../../../../test/support/small-feed.ts'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import type { Answer } from '../wire/answers.ts'

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

const CODES = Object.keys(PROBLEM_CODES)

test('the state is degraded while something is not well, which says what, where, since when and what to do', async (t) => {
  const { url, write, feed, top } = await served(t)
  const state = async () => {
    const status = (await (await fetch(`${url}/status`)).json()) as Answer<'Status'>
    return [status.state, ...status.problems.map(({ code, root }) => `${code} ${root}`)]
  }
  const strict = async (word: string) => (await fetch(`${top}readyz?strict=${word}`)).status
  const ready = async () => (await fetch(`${top}readyz`)).status
  write('watching', NOW_MS)
  assert.deepEqual([await state(), await strict('1'), await ready()], [['watching'], 200, 200])
  const away = ['root_offline', 'media', '/mnt/media is not there', 'mount it', NOW_MS - 1_500]
  feed.sqlite.prepare('INSERT INTO problems (code, root, text, fix, since_ms) VALUES (?, ?, ?, ?, ?)').run(away)
  assert.deepEqual(await state(), ['degraded', 'root_offline media'])
  const { problems } = (await (await fetch(`${url}/status`)).json()) as Answer<'Status'>
  assert.deepEqual(problems, [
    {
      ...{ code: 'root_offline', root: 'media', text: '/mnt/media is not there', fix: 'mount it' },
      since: '1970-01-12T13:46:38.500000+00:00',
    },
  ])
  assert.deepEqual([await strict('1'), await strict('true'), await strict('0'), await ready()], [503, 503, 200, 200])
  const { detail } = await assertProblem(await fetch(`${top}readyz?strict=1`), 503)
  assert.equal(detail, 'Not all is well (root_offline); /api/v1/status says what is wrong and what to do.')
  assert.equal(await strict('yes'), 400)
  await t.test('a scan under way is told as one', async () => {
    write('scanning', NOW_MS)
    assert.deepEqual(await state(), ['scanning', 'root_offline media'])
  })
  await t.test('one that is gone is a problem itself, and does nothing of what it last said', async () => {
    write('stopped', NOW_MS)
    assert.deepEqual(await state(), ['stopped', 'indexer_stopped null', 'root_offline media'])
    for (const last of ['watching', 'scanning']) {
      write(last, NOW_MS - 151_000)
      assert.deepEqual(await state(), ['degraded', 'indexer_silent null', 'root_offline media'], last)
    }
    assert.equal(await ready(), 503)
  })
})

test('what keeps the indexer from writing is told though it can not be in the database', async (t) => {
  const { url, path, write, top } = await served(t)
  write('watching', NOW_MS)
  const fd = openSync(`${path}.lock`, 'w')
  t.after(() => closeSync(fd))
  writeNote(fd, { text: 'the disk of the database is full', fix: 'make room', sinceMs: NOW_MS })
  const status = (await (await fetch(`${url}/status`)).json()) as Answer<'Status'>
  assert.deepEqual(
    [status.state, status.problems.map(({ code, fix }) => [code, fix])],
    ['degraded', [['database', 'make room']]],
  )
  assert.deepEqual([(await fetch(`${top}readyz?strict=true`)).status, (await fetch(`${top}readyz`)).status], [503, 200])
  writeNote(fd, null)
  assert.equal((await fetch(`${top}readyz?strict=true`)).status, 200)
})

test('whether the first scan is complete is told with the readiness, and in the status', async (t) => {
  const { url, feed, write, top } = await served(t)
  write('scanning', NOW_MS)
  const told = async () => {
    const status = (await (await fetch(`${url}/status`)).json()) as Answer<'Status'>
    return [await (await fetch(`${top}readyz`)).json(), status.initial_scan_complete]
  }
  assert.deepEqual(await told(), [{ ok: true, initial_scan_complete: false }, false])
  feed.sqlite.exec('UPDATE status SET initial_scan_complete = 1')
  assert.deepEqual(await told(), [{ ok: true, initial_scan_complete: true }, true])
})

test('there is a number for each kind of problem at all times, and one of all files of each root', async (t) => {
  const { path, feed, write, top } = await served(t)
  write('watching', NOW_MS)
  feed.sqlite.exec(`
    INSERT INTO problems (code, root, text, fix, since_ms) VALUES
      ('disk_away', 'media', 'a', 'b', 0), ('disk_away', 'media', 'c', 'd', 0);
    INSERT INTO root_totals (node_id, files, bytes) VALUES ('media', 3, '9007199254740993')`)
  const scrape = async () => (await fetch(`${top}metrics`)).text()
  const problemsIn = (text: string) =>
    new Map(
      Array.from(text.matchAll(/^drive_feed_problems\{code="(\w+)"\} (\d+)$/gm), ([, code, count]) => [
        code,
        Number(count),
      ]),
    )
  const text = await scrape()
  assert.deepEqual(problemsIn(text), new Map(CODES.map((code) => [code, code === 'disk_away' ? 2 : 0])))
  assert.match(text, /^drive_feed_files\{root="media"\} 3$/m)
  assert.match(text, /^drive_feed_bytes\{root="media"\} 9007199254740992$/m)
  assert.match(text, /^drive_feed_initial_scan_complete 0$/m)
  assert.equal(Number(/^drive_feed_wal_bytes (\d+)$/m.exec(text)?.[1]), statSync(`${path}-wal`).size)
  rmSync(path)
  const without = problemsIn(await scrape())
  assert.deepEqual([without.size, without.get('database'), without.get('disk_away')], [CODES.length, 1, 0])
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
