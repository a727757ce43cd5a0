/**
 * Shows that the pool survives whatever a file or a library does: real worker processes, one of which crashes, hangs or
 * computes for ever on files by their names.
 */
import assert from 'node:assert/strict'
import { type ChildProcess, execFileSync, fork } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  appendFileSync,
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeFileSync,
} from 'node:fs'
import { getPriority } from 'node:os'
import { basename, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { CORPUS, corpusAnswers } from '../../../../test/support/corpus.ts'
import { jobFor } from '../../../../test/support/job-for.ts'
import { temporaryFolder } from '../../../../test/support/temporary-folder.ts'
import { until } from '../../../../test/support/until.ts'
import { BATCH_FILES } from './backlog.ts'
import { openLibmagic } from './libmagic.ts'
import { openMediaInfo } from './libmediainfo.ts'
import type { MetadataJob, MetadataResult } from './metadata-job.ts'
import { createMetadataPool, type MetadataPool, type MetadataPoolOptions } from './pool.ts'
import { type ReaderVersions, readerVersions } from './reader-versions.ts'
import { BIG_FILE_BYTES } from './task.ts'

const FAULTY = join(import.meta.dirname, 'test-support/faulty-worker.ts')
const WITHOUT_LIBRARY = join(import.meta.dirname, 'test-support/worker-without-library.ts')
const POOL_OWNER = join(import.meta.dirname, 'test-support/pool-owner.ts')
const WAIT_MS = 120_000

type Bench = {
  readonly pool: MetadataPool
  readonly results: MetadataResult[]
  readonly problems: string[]
  /** Waits until `count` results have come, and gives them by file name. */
  readonly answered: (count: number) => Promise<Map<string, MetadataResult>>
}

function createBench(context: TestContext, options: Partial<MetadataPoolOptions> = {}): Bench {
  const results: MetadataResult[] = []
  const problems: string[] = []
  const pool = createMetadataPool({
    workers: 2,
    onResults: (some) => results.push(...some),
    onProblem: (problem) => problems.push(problem),
    ...options,
  })
  context.after(() => pool.stop())
  return {
    pool,
    results,
    problems,
    answered: async (count) => {
      await until(`${count} results`, () => results.length >= count, WAIT_MS)
      assert.equal(results.length, count)
      return new Map(results.map((result) => [result.job.path.split('/').at(-1) as string, result]))
    },
  }
}

/** Jobs for new small files of these names. */
function filesNamed(folder: string, names: readonly string[]): MetadataJob[] {
  return names.map((name) => {
    writeFileSync(join(folder, name), `content of ${name}`)
    return jobFor(join(folder, name))
  })
}

function sparseFile(path: string, bytes: number): MetadataJob {
  const fd = openSync(path, 'w')
  ftruncateSync(fd, bytes)
  closeSync(fd)
  return jobFor(path)
}

function hashOf(name: string): string {
  return createHash('md5').update(`content of ${name}`).digest('hex')
}

/** Process ids of the children of a process. */
function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim()
  return text === '' ? [] : text.split(' ').map(Number)
}

function isAlive(pid: number): boolean {
  try {
    // The state follows the name, which may contain anything and ends with the last parenthesis.
    return !/\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch {
    return false
  }
}

function plainFiles(count: number): string[] {
  return Array.from({ length: count }, (_, n) => `plain-${n}`)
}

test('every file of the corpus comes back with what the original program found', async (context) => {
  const { pool, answered } = createBench(context)
  const answers = corpusAnswers()
  const jobs = [...answers.keys()].map((file) => jobFor(join(CORPUS, file)))
  pool.submit(jobs)
  const results = await answered(jobs.length)
  for (const job of jobs) {
    const file = job.path.split('/').at(-1) as string
    assert.deepEqual(results.get(file), { kind: 'done', job, metadata: answers.get(file), problem: null })
  }
})

test('room is two batches a worker, less the files that are not answered yet', async (context) => {
  const { pool, answered } = createBench(context)
  assert.equal(pool.room, 4 * BATCH_FILES)
  pool.submit(filesNamed(temporaryFolder(context), plainFiles(100)))
  assert.equal(pool.room, 4 * BATCH_FILES - 100)
  await answered(100)
  assert.equal(pool.room, 4 * BATCH_FILES)
})

test('a file that crashes MediaInfo loses its dimensions, and the files beside it lose nothing', async (context) => {
  const { pool, answered, problems } = createBench(context, { workerModule: FAULTY })
  const folder = temporaryFolder(context)
  const film = readFileSync(join(CORPUS, 'v.mp4'))
  const jobs = filesNamed(folder, plainFiles(100))
  for (const at of [10, 40]) {
    const path = join(folder, `crash-mediainfo-${at}.mp4`)
    writeFileSync(path, film)
    jobs.splice(at, 0, jobFor(path))
  }
  pool.submit(jobs)
  const results = await answered(102)
  for (const name of plainFiles(100)) {
    const result = results.get(name)
    assert.ok(result?.kind === 'done' && result.problem === null, name)
    assert.equal(result.metadata.hash, hashOf(name))
  }
  for (const at of [10, 40]) {
    const result = results.get(`crash-mediainfo-${at}.mp4`)
    assert.ok(result?.kind === 'done')
    assert.equal(result.problem, 'MediaInfo: killed by SIGSEGV; read without MediaInfo')
    assert.equal(result.metadata.mimeType, 'video/mp4')
    assert.equal(result.metadata.hash, createHash('md5').update(film).digest('hex'))
    assert.equal(result.metadata.width, 0)
  }
  assert.deepEqual(problems, [])
})

test('a file that crashes libmagic keeps its hash; one that can not even be hashed has failed', async (context) => {
  const { pool, answered } = createBench(context, { workerModule: FAULTY })
  const jobs = filesNamed(temporaryFolder(context), ['a', 'crash-libmagic', 'crash-hashing', 'b'])
  pool.submit(jobs)
  const results = await answered(4)
  for (const name of ['a', 'b']) {
    const result = results.get(name)
    assert.ok(result?.kind === 'done' && result.problem === null)
  }
  const crashed = results.get('crash-libmagic')
  assert.ok(crashed?.kind === 'done')
  assert.equal(crashed.metadata.hash, hashOf('crash-libmagic'))
  assert.equal(crashed.metadata.mimeType, 'application/octet-stream')
  assert.equal(crashed.problem, 'libmagic: killed by SIGSEGV; read without libmagic and MediaInfo')
  const [, , job] = jobs
  assert.deepEqual(results.get('crash-hashing'), { kind: 'failed', job, problem: 'hashing: killed by SIGSEGV' })
})

test('what is left out for a bad file is the step at which its worker died', async (context) => {
  const { pool, answered } = createBench(context, { workerModule: FAULTY })
  const folder = temporaryFolder(context)
  const picture = readFileSync(join(CORPUS, 'i.png'))
  const [measuring, sound] = ['crash-measuring.png', 'sound.png'].map((name) => {
    writeFileSync(join(folder, name), picture)
    return jobFor(join(folder, name))
  })
  const [magic] = filesNamed(folder, ['crash-libmagic'])
  pool.submit([magic, measuring, sound].map((job) => job as MetadataJob))
  const found = Array.from(await answered(3), ([name, result]) => {
    assert.ok(result.kind === 'done')
    const { mimeType, width } = result.metadata
    return [name, [mimeType, width, result.problem]] as const
  })
  assert.deepEqual(Object.fromEntries(found), {
    'crash-libmagic': [
      'application/octet-stream',
      0,
      'libmagic: killed by SIGSEGV; read without libmagic and MediaInfo',
    ],
    'crash-measuring.png': [
      'image/png',
      0,
      'our own parser of pictures: killed by SIGSEGV; read without its dimensions',
    ],
    'sound.png': ['image/png', 640, null],
  })
})

test('files that need MediaInfo come last in their message: the others have their answers before a process dies', async (t) => {
  const folder = temporaryFolder(t)
  const bench = createBench(t, { workerModule: FAULTY })
  bench.pool.submit(filesNamed(folder, ['hang-mediainfo-1', 'a', 'hang-mediainfo-2', 'b']))
  await until('both results', () => bench.results.length === 2, WAIT_MS)
  assert.deepEqual(
    bench.results.map(({ job }) => basename(job.path)),
    ['a', 'b'],
  )
  assert.equal(childrenOf(process.pid).length, 1)
})

test('no file loses anything if a worker is killed once, for whatever reason', async (context) => {
  const { pool, answered } = createBench(context, { workerModule: FAULTY })
  const folder = temporaryFolder(context)
  const large = sparseFile(join(folder, 'crash-once-large'), 2 * 1024 * 1024)
  pool.submit([...filesNamed(folder, ['a', 'crash-once', 'b']), large])
  for (const result of (await answered(4)).values()) {
    assert.ok(result.kind === 'done' && result.problem === null, result.job.path)
  }
})

test('files on which a library computes for ever never keep an ordinary one waiting', async (t) => {
  const folder = temporaryFolder(t)
  const bench = createBench(t, { workerModule: FAULTY })
  bench.pool.submit(
    filesNamed(
      folder,
      Array.from({ length: 6 }, (_, n) => `spin-mediainfo-${n}`),
    ),
  )
  for (let n = 0; n < 3; n += 1) {
    bench.pool.submit(filesNamed(folder, [`photo ${n}`]))
    // Before any of the six, each of which may compute for ten seconds.
    await until('one more result', () => bench.results.length === n + 1, WAIT_MS)
  }
  assert.ok(bench.results.every(({ job }) => job.path.includes('photo')))
})

test('a file on which a library computes for too long is read without that library, and the result says so', async (t) => {
  const bench = createBench(t, { workerModule: FAULTY })
  const [job] = filesNamed(temporaryFolder(t), ['spin-mediainfo'])
  bench.pool.submit([job as MetadataJob])
  const result = (await bench.answered(1)).get('spin-mediainfo')
  assert.ok(result?.kind === 'done')
  assert.equal(result.metadata.hash, createHash('md5').update('content of spin-mediainfo').digest('hex'))
})

test('a library that hangs is given up after the time limit of the file', async (context) => {
  const { pool, answered } = createBench(context, { workerModule: FAULTY, limitMs: () => 400 })
  pool.submit(filesNamed(temporaryFolder(context), ['a', 'hang-mediainfo', 'b', 'hang-hashing']))
  const results = await answered(4)
  const hung = results.get('hang-mediainfo')
  assert.ok(hung?.kind === 'done')
  assert.equal(hung.metadata.hash, hashOf('hang-mediainfo'))
  const failed = results.get('hang-hashing')
  assert.ok(failed?.kind === 'failed')
  assert.equal(failed.problem, 'hashing: took longer than 0.4 s')
  for (const name of ['a', 'b']) assert.equal(results.get(name)?.kind, 'done')
})

test('the time limit grows with the bytes of a message', async (context) => {
  const asked: number[] = []
  const limitMs = (bytes: number) => {
    asked.push(bytes)
    return 60_000
  }
  const { pool, answered } = createBench(context, { limitMs })
  const folder = temporaryFolder(context)
  pool.submit([...filesNamed(folder, ['12', '345']), sparseFile(join(folder, 'large'), 3_000_000)])
  await answered(3)
  assert.deepEqual(
    asked.toSorted((a, b) => a - b),
    ['content of 12content of 345'.length, 3_000_000],
  )
})

for (const workers of [1, 2]) {
  test(`with ${workers} worker(s) big files keep no small file waiting, nor each other`, async (context) => {
    const { pool, answered, results } = createBench(context, { workers, workerModule: FAULTY, limitMs: () => 60_000 })
    const folder = temporaryFolder(context)
    assert.equal(pool.bigRoom, 2 * workers)
    const names = Array.from({ length: 2 * workers }, (_, at) => `hang-hashing-${at}`)
    pool.submit(names.map((name) => sparseFile(join(folder, name), BIG_FILE_BYTES)))
    assert.equal(pool.bigRoom, 0)
    for (const all of [60, 120]) {
      pool.submit(filesNamed(folder, plainFiles(60)))
      await answered(all)
    }
    assert.ok(results.every(({ job }) => job.path.includes('plain')))
    assert.equal(
      childrenOf(process.pid).length,
      workers + 1,
      'big files have all workers, and small ones another process',
    )
  })
}

test('a missing library is named with its package, once, and not tried in a loop', async (context) => {
  const { pool, problems, results } = createBench(context, { workerModule: WITHOUT_LIBRARY })
  const seen = new Set<number>()
  pool.submit(filesNamed(temporaryFolder(context), plainFiles(100)))
  const startMs = performance.now()
  const areSeen = () => {
    for (const pid of childrenOf(process.pid)) seen.add(pid)
    return seen.size >= 4
  }
  await until('four workers', areSeen, WAIT_MS)
  assert.ok(performance.now() - startMs > 1500, 'two together, one after half a second, one after another second')
  assert.equal(problems.length, 1)
  assert.match(
    problems[0] ?? '',
    /^metadata workers can't start: .*libnowhere\.so\.7 can't be loaded; install the Debian package libnowhere7 \(.*\)$/,
  )
  assert.deepEqual(results, [])
})

test('a worker whose module is broken says so in a line', async (context) => {
  const folder = temporaryFolder(context)
  const workerModule = join(folder, 'broken.mjs')
  writeFileSync(workerModule, "import './not-there.mjs'\n")
  const { pool, problems } = createBench(context, { workerModule })
  pool.submit(filesNamed(folder, ['a']))
  await until('a problem', () => problems.length > 0, WAIT_MS)
  assert.match(problems[0] ?? '', /can't start: ended with exit code 1: Error.*not-there\.mjs/)
})

test('workers without work end, and are started again on demand', async (context) => {
  const { pool, answered } = createBench(context, { idleMs: 50 })
  const folder = temporaryFolder(context)
  pool.submit(filesNamed(folder, plainFiles(100)))
  assert.equal(childrenOf(process.pid).length, 2)
  await answered(100)
  await until('the workers to end', () => childrenOf(process.pid).length === 0, WAIT_MS)
  pool.submit(filesNamed(folder, ['a', 'b']))
  await answered(102)
  await until('the workers to end', () => childrenOf(process.pid).length === 0, WAIT_MS)
})

test('stop ends the workers within about a second whatever they do, and no result comes after', async (context) => {
  const { pool, results } = createBench(context, { workerModule: FAULTY })
  const folder = temporaryFolder(context)
  pool.submit([sparseFile(join(folder, 'hang-hashing'), 2_000_000), ...filesNamed(folder, plainFiles(100))])
  await until('a worker to hang', () => existsSync(join(folder, 'hang-hashing.hangs')) && results.length > 0, WAIT_MS)
  const before = results.length
  const startMs = performance.now()
  await pool.stop()
  assert.ok(performance.now() - startMs < 1500)
  assert.deepEqual(childrenOf(process.pid), [])
  pool.submit(filesNamed(folder, ['late']))
  assert.deepEqual(childrenOf(process.pid), [])
  assert.equal(results.length, before)
})

test('a stopped pool has room for no file, so that who fills it up comes to an end', async (context) => {
  const { pool } = createBench(context)
  assert.ok(pool.room > 0)
  const stopped = pool.stop()
  assert.deepEqual([pool.room, pool.bigRoom, pool.hugeRoom], [0, 0, 0])
  await stopped
})

test('stop ends workers that are just starting', async (context) => {
  const { pool, problems } = createBench(context)
  pool.submit(filesNamed(temporaryFolder(context), plainFiles(100)))
  assert.equal(childrenOf(process.pid).length, 2)
  await pool.stop()
  assert.deepEqual(childrenOf(process.pid), [])
  assert.deepEqual(problems, [])
})

test('workers take the lowest claims on CPU and disk', async (context) => {
  const { pool, answered } = createBench(context, { workers: 1 })
  pool.submit(filesNamed(temporaryFolder(context), ['a']))
  await answered(1)
  const [pid] = childrenOf(process.pid)
  assert.equal(getPriority(pid), 10)
  assert.equal(execFileSync('ionice', ['-p', `${pid}`]).toString(), 'best-effort: prio 7\n')
})

test('I6: a file that grows while workers read it never gets a hash of other bytes', async (context) => {
  const folder = temporaryFolder(context)
  const path = join(folder, 'growing')
  const chunk = Buffer.alloc(1024 * 1024, 'x')
  writeFileSync(path, Buffer.concat(Array.from({ length: 30 }, () => chunk)))
  const { pool, results } = createBench(context)
  const hashes = new Map<number, string>()
  const md5 = createHash('md5').update(readFileSync(path))
  for (let round = 1; round <= 20; round += 1) {
    const job = jobFor(path)
    hashes.set(job.size, md5.copy().digest('hex'))
    pool.submit([job])
    while (results.length < round) {
      await new Promise((resolve) => setImmediate(resolve))
      if (round % 3 === 0) continue
      // Bytes past the end of the job's file, at any moment of its reading.
      const extra = Buffer.from(`${results.length}${round}`)
      appendFileSync(path, extra)
      md5.update(extra)
    }
  }
  for (const result of results) {
    if (result.kind === 'done') assert.equal(result.metadata.hash, hashes.get(result.job.size))
    else assert.equal(result.kind, 'changed')
  }
  assert.ok(results.some(({ kind }) => kind === 'done') && results.some(({ kind }) => kind === 'changed'))
})

test('workers without work do not survive a parent that is killed', async (context) => {
  const owner = startPoolOwner(context, filesNamed(temporaryFolder(context), ['a']))
  await new Promise((resolve) => owner.once('message', resolve))
  await assertWorkersDieWith(owner)
})

test('workers that hang inside a library do not survive a parent that is killed', async (context) => {
  const folder = temporaryFolder(context)
  const owner = startPoolOwner(context, filesNamed(folder, ['hang-hashing']))
  await until('a worker to hang', () => existsSync(join(folder, 'hang-hashing.hangs')), WAIT_MS)
  await assertWorkersDieWith(owner)
})

test("workers ignore the signals of the terminal and the service manager: when to end is the parent's decision", async (context) => {
  const folder = temporaryFolder(context)
  const { pool, answered } = createBench(context)
  pool.submit(filesNamed(folder, ['a']))
  await answered(1)
  const children = childrenOf(process.pid)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    for (const pid of children) process.kill(pid, signal)
  }
  mkdirSync(join(folder, 'more'))
  pool.submit(filesNamed(join(folder, 'more'), ['b']))
  await answered(2)
  assert.deepEqual(childrenOf(process.pid), children)
})

/** Another process, with a pool that has these jobs. */
function startPoolOwner(context: TestContext, jobs: readonly MetadataJob[]): ChildProcess {
  const owner = fork(POOL_OWNER, { execArgv: [] })
  context.after(() => owner.kill('SIGKILL'))
  owner.send({ jobs, workerModule: FAULTY })
  return owner
}

async function assertWorkersDieWith(owner: ChildProcess): Promise<void> {
  const workers = childrenOf(owner.pid as number)
  assert.ok(workers.length > 0)
  owner.kill('SIGKILL')
  await until('all workers to end', () => !workers.some(isAlive), WAIT_MS)
}

test('a worker that is ready reports its versions, and may be started for that alone', async (context) => {
  const told: ReaderVersions[] = []
  const { pool } = createBench(context, { onVersions: (versions) => told.push(versions) })
  pool.probe()
  pool.probe()
  await until('the versions', () => told.length > 0, WAIT_MS)
  const expected = readerVersions({ libmagic: openLibmagic(), mediaInfo: openMediaInfo() })
  assert.deepEqual(told, [expected], 'one worker')
  assert.match(expected.magicDatabase, /^\d+@\d+/)
  pool.probe()
  assert.equal(told.length, 1, 'it is still there')
})

test('files whose hash is known travel together whatever their size, and take no place of big ones', async (context) => {
  const folder = temporaryFolder(context)
  const { pool, answered } = createBench(context)
  const jobs = Array.from({ length: 8 }, (_, at) => sparseFile(join(folder, `large${at}`), BIG_FILE_BYTES))
  const { bigRoom } = pool
  pool.submit(jobs.map((job) => ({ ...job, knownHash: 'known' })))
  assert.equal(pool.bigRoom, Math.min(bigRoom, pool.room))
  for (const result of (await answered(8)).values()) {
    assert.ok(result.kind === 'done' && result.metadata.hash === 'known')
  }
})
