/**
 * Shows when waiting clients wake, and that nothing runs while nobody waits. Commits on a real database, watched by the
 * real kernel; timers of the test where a delay matters.
 */
import assert from 'node:assert/strict'
import { renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { lockPath } from '@drive-feed/shared/database-note.ts'
import pino from 'pino'
import { openFeedWriter } from '../../../../test/support/feed-writer.ts'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { until } from '../../../../test/support/until.ts'
import { createDatabaseSource, DatabaseUnavailableError, type Reading } from '../feed/database-source.ts'
import { createFeedWatch, type Seat } from './feed-watch.ts'
import { watchCommits } from './watch-commits.ts'

const NEVER = new AbortController().signal
const LONG_MS = 20_000

function watching(t: TestContext, { seats = 10, isBlind = false } = {}) {
  const path = join(temporaryFolder(t), 'feed.db')
  const writer = openFeedWriter(path)
  const database = createDatabaseSource(path, pino({ level: 'silent' }))
  let [events, open] = [0, 0]
  const watch = createFeedWatch(path, database, seats, (onEvent, onFailure) => {
    if (isBlind) return null
    const watcher = watchCommits(
      path,
      () => {
        events += 1
        onEvent()
      },
      onFailure,
    )
    if (watcher === null) return null
    open += 1
    return {
      close: () => {
        open -= 1
        watcher.close()
      },
    }
  })
  t.after(() => {
    watch.close()
    database.close()
    writer.close()
  })
  const seen = () => {
    const reading = database.open()
    return { reading, head: reading.read((queries) => queries.head()) }
  }
  const seat = () => watch.takeSeat() as Seat
  return { path, writer, database, watch, seen, seat, events: () => events, open: () => open }
}

/** Whether it has come, without waiting for it. */
function settled(promise: Promise<unknown>): () => boolean {
  let isSettled = false
  promise.then(() => {
    isSettled = true
  })
  return () => isSettled
}

test('a commit wakes everyone who waits', async (t) => {
  const { writer, seen, seat } = watching(t)
  const waits = [1, 2, 3].map(() => seat().changed(seen(), { timeoutMs: LONG_MS, signal: NEVER }))
  writer.put({ id: 'a' })
  await Promise.all(waits)
  assert.equal(seen().head, 1)
})

test('an event alone is enough: no timer has to end', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { writer, seen, seat, open } = watching(t)
  const isAwake = settled(seat().changed(seen(), { timeoutMs: LONG_MS, signal: NEVER }))
  t.mock.timers.tick(1)
  assert.deepEqual([open(), isAwake()], [1, false])
  writer.put({ id: 'a' })
  await until('the event', isAwake)
})

test('a client that waits for a change and gets it costs two looks, and what moves no head costs none', async (t) => {
  const { writer, database, seen, seat, events } = watching(t)
  const looks = t.mock.method(database, 'open')
  for (const id of ['a', 'b', 'c']) {
    const { reading, head } = seen()
    looks.mock.resetCalls()
    const waits = seat().changed({ reading, head }, { timeoutMs: LONG_MS, signal: NEVER })
    await until('the look at its arrival', () => looks.mock.callCount() > 0)
    for (let ctime = 0; ctime < 100; ctime += 1) writer.sqlite.exec(`UPDATE nodes SET ctime = ${ctime}`)
    writer.put({ id })
    await waits
    assert.equal(looks.mock.callCount(), 2)
  }
  assert.equal(events(), 3)
})

test('a lock file that is made anew is watched anew', async (t) => {
  const { path, writer, seen, seat, open } = watching(t)
  const before = seen()
  const waits = seat().changed(before, { timeoutMs: LONG_MS, signal: NEVER })
  await until('its watch', () => open() === 1)
  writer.close()
  rmSync(lockPath(path))
  await until('the end of its watch', () => open() === 0)
  const again = openFeedWriter(path)
  t.after(() => again.close())
  await until('the next watch', () => open() === 1)
  again.put({ id: 'a' })
  await waits
})

test('without events it looks now and then', async (t) => {
  const { writer, seen, seat } = watching(t, { isBlind: true })
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const isAwake = settled(seat().changed(seen(), { timeoutMs: LONG_MS, signal: NEVER }))
  for (let ms = 0; ms < 1_000; ms += 50) t.mock.timers.tick(50)
  writer.put({ id: 'a' })
  t.mock.timers.tick(100)
  await nextTurn()
  assert.equal(isAwake(), true)
})

test('what was written between the read and the wait is news, and a commit that moves no head is none', async (t) => {
  const { writer, seen, seat } = watching(t)
  const before = seen()
  writer.put({ id: 'a' })
  await seat().changed(before, { timeoutMs: LONG_MS, signal: NEVER })
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const isAwake = settled(seat().changed(seen(), { timeoutMs: LONG_MS, signal: NEVER }))
  writer.sqlite.exec('UPDATE nodes SET ctime = 1')
  for (let ms = 0; ms < LONG_MS - 100; ms += 50) t.mock.timers.tick(50)
  await nextTurn()
  assert.equal(isAwake(), false)
  t.mock.timers.tick(100)
  await nextTurn()
  assert.equal(isAwake(), true, 'when its time is over')
})

test('a replaced database wakes, and so does one that is gone; so does what comes after', async (t) => {
  const { path, writer, seen, seat } = watching(t)
  writer.put({ id: 'a' })
  const waits = seat().changed(seen(), { timeoutMs: LONG_MS, signal: NEVER })
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix)
  await waits
  const other = openFeedWriter(`${path}.other`)
  t.after(() => other.close())
  const again = openFeedWriter(path)
  again.put({ id: 'x' })
  const replaced = seat().changed(seen(), { timeoutMs: LONG_MS, signal: NEVER })
  other.put({ id: 'b' })
  again.close()
  for (const suffix of ['', '-wal', '-shm']) renameSync(`${path}.other${suffix}`, path + suffix)
  await replaced
  const last = seat().changed(seen(), { timeoutMs: LONG_MS, signal: NEVER })
  other.put({ id: 'c' })
  await last
  assert.equal(seen().head, 2)
})

test('the writer comes back with another WAL', async (t) => {
  const { path, writer, seen, seat } = watching(t)
  writer.close()
  const waits = seat().changed(seen(), { timeoutMs: LONG_MS, signal: NEVER })
  const again = openFeedWriter(path)
  t.after(() => again.close())
  again.put({ id: 'a' })
  await waits
  assert.equal(seen().head, 1)
})

test('nobody looks for those who only rest, and they hear of the end', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { database, path } = watching(t)
  let looks = 0
  const counted = {
    ...database,
    open: () => {
      looks += 1
      return database.open()
    },
  }
  const watch = createFeedWatch(path, counted, 100)
  const rests = Array.from({ length: 100 }, (_, n) =>
    (watch.takeSeat() as Seat).rest({ timeoutMs: n < 50 ? 1_000 : LONG_MS, signal: NEVER }),
  )
  for (let ms = 0; ms < 1_000; ms += 2) t.mock.timers.tick(2)
  await Promise.all(rests.slice(0, 50))
  assert.equal(looks, 0)
  watch.close()
  await Promise.all(rests)
})

test('nothing runs while nobody waits: who is woken, times out, or goes leaves nothing behind', async (t) => {
  const { writer, seen, seat, open } = watching(t)
  const resources = () => process.getActiveResourcesInfo().filter((one) => one === 'Timeout' || one === 'FSEventWrap')
  const before = resources()
  const gone = new AbortController()
  const waits = [
    seat().changed(seen(), { timeoutMs: 700, signal: NEVER }),
    seat().changed(seen(), { timeoutMs: LONG_MS, signal: gone.signal }),
  ]
  await until('it awaits events', () => open() === 1)
  assert.notDeepEqual(resources(), before)
  await waits[0]
  gone.abort()
  await waits[1]
  const isQuiet = () => open() === 0 && resources().join() === before.join()
  await until('all of it to end', isQuiet)
  const woken = seat().changed(seen(), { timeoutMs: LONG_MS, signal: NEVER })
  writer.put({ id: 'a' })
  await woken
  await until('all of it to end again', isQuiet)
})

test('there are so many seats and no more, each free again when it is left', (t) => {
  const { watch } = watching(t, { seats: 2 })
  const [first, second] = [watch.takeSeat(), watch.takeSeat()]
  assert.ok(first !== null && second !== null)
  assert.equal(watch.takeSeat(), null)
  first.leave()
  first.leave()
  assert.equal(watch.seatsTaken(), 1)
  assert.notEqual(watch.takeSeat(), null)
  assert.equal(watch.takeSeat(), null)
})

test('who comes all the time does not put off the look for those who wait', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { writer, seen, seat } = watching(t)
  const first = seen()
  const isAwake = settled(seat().changed(first, { timeoutMs: LONG_MS, signal: NEVER }))
  writer.put({ id: 'a' })
  for (let ms = 0; ms < 4; ms += 1) {
    t.mock.timers.tick(1)
    seat().changed(seen(), { timeoutMs: LONG_MS, signal: NEVER })
  }
  await nextTurn()
  assert.equal(isAwake(), true)
})

test('closing ends all waiting', async (t) => {
  const { watch, seen, seat } = watching(t)
  const [waits, later] = [seat(), seat()]
  const waiting = waits.changed(seen(), { timeoutMs: LONG_MS, signal: NEVER })
  watch.close()
  await waiting
  await later.changed(seen(), { timeoutMs: LONG_MS, signal: NEVER })
  assert.equal(watch.takeSeat(), null)
})

test('hundreds that wait with filters are woken by what they see alone, and a change is read once for all of them', async (t) => {
  const { writer, database, seat } = watching(t, { seats: 300 })
  for (const id of ['a', 'b']) writer.put({ id, isDirectory: true })
  let reads = 0
  const open = database.open
  t.mock.method(database, 'open', () => {
    reads += 1
    return open()
  })
  const reading = open()
  const feed = reading.read((queries) => queries.feed())
  const waitUnder = (under: string) => {
    const view = { under, type: null, isSettled: false, hasPaths: true }
    const wants = { view, cursor: feed.head, epoch: feed.epoch }
    return seat().changed({ reading, head: feed.head, wants }, { timeoutMs: LONG_MS, signal: NEVER })
  }
  const inA = Array.from({ length: 200 }, () => waitUnder('a'))
  const inB = waitUnder('b')
  const areAwake = inA.map((wait) => settled(wait))
  for (let n = 0; n < 20; n += 1) writer.put({ id: `b${n}`, parentId: 'b' })
  assert.equal(await inB, feed.head, 'the first of them is news')
  const other = waitUnder('b')
  writer.put({ id: 'last', parentId: 'b' })
  await other
  assert.ok(!areAwake.some((isAwake) => isAwake()))
  writer.put({ id: 'in a', parentId: 'a' })
  const noneUpTo = await Promise.all(inA)
  assert.ok(
    noneUpTo.every((change) => change >= feed.head && change < writer.head()),
    'what is in b was looked at',
  )
  assert.ok(reads < 200, `${reads} reads for 201 clients and 22 changes`)
})

test('who comes right back while many wait is woken after a pause, and who has waited longer is not held up', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const { writer, seen, seat, database } = watching(t, { seats: 300 })
  for (const id of ['a', 'b']) writer.put({ id, isDirectory: true })
  const wait = (under: string | null) => {
    const { reading } = seen()
    const feed = reading.read((queries) => queries.feed())
    const view = { under, type: null, isSettled: false, hasPaths: false }
    const wants = { view, cursor: feed.head, epoch: feed.epoch }
    const waiting = seat().changed({ reading, head: feed.head, wants }, { timeoutMs: LONG_MS, signal: NEVER })
    return settled(waiting)
  }
  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= 2) t.mock.timers.tick(2)
    await nextTurn()
  }
  const inA = Array.from({ length: 50 }, () => wait('a'))
  const inB = wait('b')
  writer.put({ id: 'in a', parentId: 'a' })
  await pass(6)
  assert.ok(inA.every((isAwake) => isAwake()) && !inB())
  const back = inA.map(() => wait('a'))
  writer.put({ id: 'more in a', parentId: 'a' })
  writer.put({ id: 'in b', parentId: 'b' })
  await pass(6)
  assert.ok(inB(), 'it came before the pause')
  await pass(400)
  assert.ok(!back.some((isAwake) => isAwake()), 'half a second for fifty')
  await pass(120)
  assert.ok(back.every((isAwake) => isAwake()))
  database.close()
})

test('rows that can not be read wake everyone, and end nothing', async (t) => {
  const { writer, database, seat } = watching(t)
  writer.put({ id: 'a', isDirectory: true })
  const whole = database.open()
  const visibleChanges = (): never => {
    throw new DatabaseUnavailableError('a bad page')
  }
  // Head and state are still read.
  const reading: Reading = {
    files: whole.files,
    read: (query) => whole.read((queries) => query({ ...queries, visibleChanges })),
  }
  t.mock.method(database, 'open', () => reading)
  const feed = reading.read((queries) => queries.feed())
  const view = { under: 'a', type: null, isSettled: false, hasPaths: false }
  const wants = { view, cursor: feed.head, epoch: feed.epoch }
  const waits = seat().changed({ reading, head: feed.head, wants }, { timeoutMs: LONG_MS, signal: NEVER })
  writer.put({ id: 'b' })
  await waits
})

test('another run is news to whoever waits with a filter', async (t) => {
  const { writer, database, seat } = watching(t)
  writer.put({ id: 'a', isDirectory: true })
  const reading = database.open()
  const feed = reading.read((queries) => queries.feed())
  const view = { under: 'a', type: null, isSettled: false, hasPaths: false }
  const wants = { view, cursor: feed.head, epoch: feed.epoch }
  const waits = seat().changed({ reading, head: feed.head, wants }, { timeoutMs: LONG_MS, signal: NEVER })
  writer.sqlite.transaction(() => {
    writer.sqlite.prepare('INSERT INTO runs VALUES (?, ?)').run(feed.head + 1, 'f'.repeat(16))
    writer.put({ id: 'elsewhere' })
  })()
  await waits
})
