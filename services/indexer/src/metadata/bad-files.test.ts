/**
 * Shows what files that crash or loop cost the others (I14): how many processes die before a photo is read, and how
 * much time goes by on a machine that has nothing else to do. Workers and time are simulated, so each figure is exact.
 */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Behaviour, jobNamed, simulateWorkers } from '../../../../test/support/simulated-workers.ts'
import type { MetadataJob, MetadataResult } from './metadata-job.ts'
import { createMetadataPool, type MetadataPool } from './pool.ts'
import { BIG_FILE_BYTES, HUGE_FILE_BYTES } from './task.ts'

/** MediaInfo loops on `loop…` and libmagic on `magic…`; a film needs MediaInfo. A huge file takes hours. */
const BEHAVIOUR: Behaviour = (path, { effort, computingMs }) => {
  const name = path.replace(/.*\//, '')
  if (name.startsWith('loop') && effort === 'full') return { ms: computingMs, dies: true, step: 'mediainfo' }
  if (name.startsWith('magic') && effort !== 'hash-only') return { ms: computingMs, dies: true, step: 'libmagic' }
  if (name.startsWith('film') && effort === 'full') return { ms: 5, dies: false, step: 'mediainfo' }
  if (name.startsWith('huge')) return { ms: 7_200_000, dies: false, step: 'reading' }
  return { ms: 0, dies: false, step: 'reading' }
}

function begin(t: TestContext, workers: number, knowsWhereItIs = true) {
  const simulation = simulateWorkers(BEHAVIOUR, knowsWhereItIs)
  const results = new Map<string, MetadataResult>()
  const pool: MetadataPool = createMetadataPool({
    workers,
    launch: simulation.launch,
    nowMs: simulation.nowMs,
    onResults: (some) => {
      for (const result of some) {
        assert.ok(result.kind === 'later' || !results.has(result.job.nodeId), `${result.job.nodeId} twice`)
        results.set(result.job.nodeId, result)
      }
    },
    onProblem: assert.fail,
  })
  t.after(() => pool.stop())
  const { counts, nowMs, runUntil } = simulation
  const isRead = (name: string) => results.has(name)
  /** Milliseconds until it is read, and how many processes died in between. */
  const costOf = (name: string) => {
    const before = { ms: nowMs(), died: counts.died }
    runUntil(() => isRead(name))
    assert.ok(isRead(name), `${name} is never read`)
    return { ms: nowMs() - before.ms, died: counts.died - before.died }
  }
  return { pool, results, counts, runUntil, nowMs, isRead, costOf, wait: simulation.wait }
}

const names = (prefix: string, count: number) => Array.from({ length: count }, (_, n) => `${prefix}${n}`)
const jobs = (...all: readonly string[]): MetadataJob[] => all.map((name) => jobNamed(name))

for (const workers of [1, 2, 4]) {
  test(`${workers} worker(s): a photo that comes with six looping files waits for none of them`, (t) => {
    const { pool, costOf } = begin(t, workers)
    pool.submit(jobs(...names('loop', 6), 'photo'))
    const { ms, died } = costOf('photo')
    assert.equal(died, 0)
    assert.ok(ms < 400, `${ms}`)
  })

  test(`${workers} worker(s): photos that come after six looping files are read within a second each`, (t) => {
    for (const afterMs of [0, 100, 400, 700, 900, 1_300, 5_000, 11_000, 30_000]) {
      const { pool, costOf, wait } = begin(t, workers)
      pool.submit(jobs(...names('loop', 6)))
      wait(afterMs)
      for (const name of names('photo', 3)) {
        pool.submit(jobs(name))
        const { ms, died } = costOf(name)
        assert.ok(died <= workers, `${died} processes died first`)
        // Once the bad files are known, the photo waits for the start of a worker at most.
        assert.ok(ms <= (afterMs < 1_300 ? 1_000 : 400), `${name} after ${afterMs} ms waited ${ms} ms`)
      }
    }
  })

  test(`${workers} worker(s): a photo never waits for a second looping file that comes by itself`, (t) => {
    const { pool, costOf, nowMs, wait } = begin(t, workers)
    for (const name of names('loop', 6)) {
      pool.submit(jobs(name))
      wait(nowMs() + 50)
    }
    pool.submit(jobs('photo'))
    const { ms, died } = costOf('photo')
    assert.ok(died <= workers)
    assert.ok(ms <= 1_000, `${ms}`)
  })
}

test('neighbours of a file on which libmagic loops are tried alone, the farthest first, and each has only its own problem', (t) => {
  const { pool, costOf, results, runUntil } = begin(t, 2)
  pool.submit(jobs(...names('magic', 6), 'photo'))
  const { ms, died } = costOf('photo')
  assert.equal(died, 1)
  assert.ok(ms < 1_300, `${ms}`)
  runUntil(() => results.size === 7)
  const problems = [...results.values()].map((result) => ('problem' in result ? result.problem : 'none'))
  const problem = 'libmagic: computed for too long; read without libmagic and MediaInfo'
  assert.deepEqual(problems, [null, ...Array.from({ length: 6 }, () => problem)])
})

test('files that were read before their process died are not read again, and the rest of the message is answered', (t) => {
  const { pool, results, runUntil, counts } = begin(t, 1)
  pool.submit(jobs(...names('photo', 10), 'film0', 'loop0', ...names('text', 10), 'film1'))
  runUntil(() => results.size === 22)
  assert.equal(counts.died, 1)
  assert.equal(results.has('film1'), true)
  runUntil(() => results.size === 23)
  assert.equal(counts.died, 2, 'once among others, and once with more time')
  for (const [name, result] of results) {
    assert.ok(result.kind === 'done')
    assert.equal(result.problem, name === 'loop0' ? 'MediaInfo: computed for too long; read without MediaInfo' : null)
  }
})

test('if nobody knows which file a worker was at, each file of its message is tried alone', (t) => {
  const { pool, results, runUntil } = begin(t, 2, false)
  pool.submit(jobs(...names('magic', 3), ...names('photo', 5)))
  runUntil(() => results.size === 8)
  for (const [name, result] of results) {
    assert.ok(result.kind === 'done')
    assert.equal(result.problem !== null, name.startsWith('magic'), name)
  }
})

test('files that are tried alone never have all workers', (t) => {
  const { pool, costOf, wait } = begin(t, 2, false)
  pool.submit(jobs(...names('magic', 6)))
  // The message has died, and two processes would have begun with a file each.
  wait(1_300)
  pool.submit(jobs('photo'))
  assert.equal(costOf('photo').died, 0)
})

test('bad files take no room, however many there are, and wait as rows if there are too many', (t) => {
  const { pool, results, costOf, runUntil, nowMs, counts } = begin(t, 2)
  const { room } = pool
  // As the feeder does: as many files as there is room for, the oldest first. A file that has to wait is given again
  // when it is due.
  const rows = [...names('loop', 300), 'photo'].map((name) => ({ job: jobNamed(name), dueMs: 0, isGiven: false }))
  let given = 0
  let postponed = 0
  const feed = () => {
    for (const row of rows) {
      const result = results.get(row.job.nodeId)
      if (result?.kind === 'later' && row.isGiven) {
        row.dueMs = nowMs() + result.afterMs
        row.isGiven = false
        postponed += 1
      }
      if (row.isGiven || row.dueMs > nowMs() || pool.room === 0) continue
      results.delete(row.job.nodeId)
      row.isGiven = true
      given += 1
      pool.submit([row.job])
    }
  }
  const until = (isSo: () => boolean) => {
    while (!isSo()) {
      feed()
      let isOver = true
      runUntil(() => {
        isOver = false
        return true
      })
      if (isOver && !isSo()) return
    }
  }
  until(() => results.has('photo'))
  assert.ok(results.has('photo'))
  // One process for each full message, and now and then one for a file that is tried alone.
  assert.ok(counts.died <= 300 / 32 + 6, `${counts.died} died first`)
  assert.ok(nowMs() < 12_000, `${nowMs()}`)
  assert.ok(pool.room <= room)
  until(() => nowMs() > 60_000)
  assert.equal(pool.room, room, 'all that is left is bad')
  assert.ok(given < 1_000, `${given} times given`)
  assert.ok(postponed > 0)
  const inPool = rows.filter(({ job, isGiven }) => isGiven && !results.has(job.nodeId))
  assert.ok(inPool.length <= 128, `${inPool.length} in memory`)
  pool.submit(jobs('photo later'))
  assert.ok(costOf('photo later').ms <= 1_000)
})

test('a huge file leaves every slot to the others, and a second one waits', (t) => {
  for (const workers of [1, 2, 4]) {
    const { pool, costOf, isRead, counts } = begin(t, workers)
    assert.equal(pool.hugeRoom, 1)
    pool.submit([jobNamed('huge', HUGE_FILE_BYTES)])
    assert.equal(pool.hugeRoom, 0)
    const { room, bigRoom } = pool
    pool.submit([jobNamed('huge too', HUGE_FILE_BYTES), jobNamed('big', BIG_FILE_BYTES)])
    assert.ok(costOf('big').ms < 1_000)
    pool.submit(jobs('loop', 'photo'))
    assert.ok(costOf('photo').ms < 1_000)
    assert.ok(costOf('loop').ms < 15_000, 'in the slot for what takes long')
    assert.ok(!isRead('huge'))
    assert.ok(counts.atMost <= Math.max(2, workers) + 2)
    assert.equal(pool.bigRoom, bigRoom)
    assert.ok(room > 0)
    assert.deepEqual(pool.longReads(), [])
    costOf('huge')
    costOf('huge too')
  }
})

test('a file that has been read for over an hour is reported, with its path', (t) => {
  const { pool, costOf, wait } = begin(t, 2)
  pool.submit([jobNamed('huge', HUGE_FILE_BYTES)])
  wait(3_590_000)
  assert.deepEqual(pool.longReads(), [])
  wait(3_610_000)
  assert.deepEqual(
    pool.longReads().map(({ path, forMs }) => [path, Math.floor(forMs / 3_600_000)]),
    [['/r/huge', 1]],
  )
  costOf('huge')
  assert.deepEqual(pool.longReads(), [])
})
