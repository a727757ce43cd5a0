/**
 * Shows that an `EventSource`, which gives up for good at any status but 200, survives everything that happens to the
 * api. The shipped configuration of the proxy runs in a real Caddy.
 */
import assert from 'node:assert/strict'
import { existsSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { EventSource } from 'eventsource'
import { openFeedWriter } from '../support/feed-writer.ts'
import { freePort } from '../support/free-port.ts'
import { startApi } from '../support/start-api.ts'
import { temporaryFolder } from '../support/temporary-folder.ts'
import { until } from '../support/until.ts'
import { startShippedProxy, withoutProxy } from './run-proxy.ts'

/** Long enough: the proxy itself tries for five seconds. */
const LIMIT_MS = 60_000
const skip = withoutProxy('caddy')

const untilSoon = (what: string, condition: () => boolean | Promise<boolean>) => until(what, condition, LIMIT_MS)

/** An `EventSource`, with what it received. */
function follow(t: TestContext, url: string) {
  const source = new EventSource(url)
  t.after(() => source.close())
  const told: string[] = []
  const seen = { opened: 0, failed: 0, gone: 0, told, isStopped: () => source.readyState === EventSource.CLOSED }
  source.addEventListener('open', () => {
    seen.opened += 1
  })
  source.addEventListener('error', () => {
    seen.failed += 1
  })
  source.addEventListener('changes', ({ data }) => {
    for (const change of JSON.parse(data).changes) told.push(change.removed ? `-${change.node_id}` : change.node.id)
  })
  source.addEventListener('gone', () => {
    seen.gone += 1
  })
  return seen
}

/** Moves the database with its `-wal` and `-shm`: a reader keeps these from being removed when the writer ends. */
function moveDatabase(from: string, to: string): void {
  for (const suffix of ['-wal', '-shm', '']) {
    if (existsSync(from + suffix)) renameSync(from + suffix, to + suffix)
  }
}

test('EventSource comes back by itself: without an api, without a database, and after both were away', {
  skip,
}, async (t) => {
  const folder = temporaryFolder(t)
  const path = join(folder, 'feed.db')
  const port = await freePort()
  const proxy = `http://127.0.0.1:${await startShippedProxy(t, folder, port)}`
  const events = `${proxy}/api/v1/events`

  const answer = await fetch(events, { headers: { origin: 'https://photos.example' } })
  assert.deepEqual([answer.status, answer.headers.get('content-type')], [200, 'text/event-stream'])
  assert.equal(answer.headers.get('access-control-allow-origin'), '*')
  assert.match(await answer.text(), /^retry: \d+\n: .*\n\n$/)
  assert.equal((await fetch(`${proxy}/api/v1/cursor`)).status, 502)

  const all = follow(t, events)
  await untilSoon('the stream to have been without an api', () => all.failed >= 1)
  let api = await startApi(t, folder, { port })
  const failed = all.failed
  await untilSoon('the stream to have been without a database', () => all.failed > failed && all.opened >= 2)
  assert.deepEqual(all.told, [])

  let feed = openFeedWriter(path)
  feed.put({ id: 'a' })
  await untilSoon('the first change', () => all.told.length === 1)
  const epoch = feed.sqlite.prepare('SELECT epoch FROM feed').pluck().get() as string
  const one = follow(t, `${events}?cursor=${feed.head()}&epoch=${epoch}`)
  await untilSoon('the second one to follow', () => one.opened === 1)
  feed.put({ id: 'b' })
  await untilSoon('both to receive the change', () => all.told.length === 2 && one.told.length === 1)

  const opened = all.opened
  feed.close()
  moveDatabase(path, `${path}.away`)
  // Long enough that the api notices.
  await sleep(1_500)
  moveDatabase(`${path}.away`, path)
  feed = openFeedWriter(path)
  feed.put({ id: 'c' })
  await untilSoon('the stream to go on', () => all.told.length === 3 && one.told.length === 2)
  assert.deepEqual([all.opened, one.opened], [opened, 1], 'it was the same connection all the time')

  assert.equal((await api.process.end('SIGTERM')).code, 0)
  feed.put({ id: 'd' })
  api = await startApi(t, folder, { port })
  await untilSoon('both to come back', () => all.told.length === 4 && one.told.length === 3)

  // The database is replaced while the api is away. An answer of 410 would stop the EventSource, and its page would not
  // know why.
  assert.equal((await api.process.end('SIGTERM')).code, 0)
  feed.close()
  moveDatabase(path, `${path}.before`)
  const other = openFeedWriter(path)
  t.after(() => other.close())
  for (const id of ['v', 'w', 'x', 'y', 'z']) other.put({ id })
  await startApi(t, folder, { port })
  await untilSoon('the one that named its database to be refused', () => one.gone >= 1)

  assert.deepEqual([all.told.slice(0, 4).join(''), one.told.join('')], ['abcd', 'bcd'])
  assert.deepEqual([all.isStopped(), one.isStopped()], [false, false])
})
