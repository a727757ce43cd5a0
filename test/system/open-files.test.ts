/**
 * Shows I6 for files that are written while they are read, that stay open for long, or that take long to read. Both
 * services run as processes.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  globSync,
  openSync,
  readFileSync,
  readlinkSync,
  renameSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { assertAllEqual } from '../support/convergence.ts'
import { hashJobs, hashOfName, idAt, md5, sizeOfName } from '../support/observations.ts'
import { createPair, type Pair } from '../support/pair.ts'
import { createRandom, type Random } from '../support/random.ts'
import { until } from '../support/until.ts'

test('a recording is listed immediately, not read while it goes on, and read when it is closed', async (t) => {
  const pair = await createPair(t)
  await Promise.all([pair.startIndexer(), pair.startApi()])
  const fd = openSync(pair.path('recording.ts'), 'w')
  writeSync(fd, 'beginning')
  await until('the recording to be listed', () => idAt(pair, 'media/recording.ts'))
  for (let second = 0; second < 30; second += 1) {
    writeSync(fd, `second ${second}`)
    await sleep(50)
  }
  assert.equal(await hashJobs(pair), 0)
  assert.equal(hashOfName(pair, 'recording.ts'), '')
  closeSync(fd)
  await assertAllEqual(pair)
  await t.test('an open file that nobody writes to is read, and read again when more is written', async () => {
    const quiet = openSync(pair.path('quiet.ts'), 'w')
    writeSync(quiet, 'all of it')
    await until('the file to be read', () => hashOfName(pair, 'quiet.ts') === md5('all of it'))
    writeSync(quiet, ', or not')
    await until('the new size in the feed', () => sizeOfName(pair, 'quiet.ts') === 17)
    closeSync(quiet)
    await assertAllEqual(pair)
  })
})

test('with one worker two files of 64 GiB keep no other waiting', async (t) => {
  const pair = await createPair(t, { config: { metadata_workers: 1 } })
  const sparse = ['sparse-1', 'sparse-2']
  for (const name of sparse) {
    writeFileSync(pair.path(name), '')
    truncateSync(pair.path(name), 64 * 1024 ** 3)
    utimesSync(pair.path(name), 1, 1)
  }
  await pair.startIndexer()
  await until('one of the two to be read', () => sparse.some((name) => isOpenSomewhere(pair.path(name))))
  for (let n = 0; n < 100; n += 1) writeFileSync(pair.path(`small-${n}`), `${n}`)
  await until('all small ones to be hashed', () =>
    pair.read((q) =>
      q.prepare("SELECT count(*) = 100 FROM nodes WHERE name LIKE 'small-%' AND hash <> ''").pluck().get(),
    ),
  )
  for (const name of sparse) assert.equal(hashOfName(pair, name), '')
  const exit = await pair.endIndexer()
  assert.deepEqual([exit.code, exit.tookMs < 2_000], [0, true], JSON.stringify(exit))
})

/** Whether some process has the file open, proc(5). */
function isOpenSomewhere(path: string): boolean {
  return globSync('/proc/[0-9]*/fd/*').some((link) => {
    try {
      return readlinkSync(link) === path
    } catch {
      // The process has ended, or closed the file.
      return false
    }
  })
}

/** The hashes of a file's contents, by inode, size and mtime in µs. Several contents may share all of these. */
type Record = Map<string, Set<string>>

const ROUNDS = 100
const PATIENCE_MAX = 32
const BYTES_MAX = 8 * 1024 * 1024

test('I6: files that are written, cut, grown and replaced while they are read never get a wrong hash', async (t) => {
  const pair = await createPair(t, { config: { settle_ms: 5, metadata_workers: 2 } })
  await Promise.all([pair.startIndexer(), pair.startApi()])
  const random = createRandom(7)
  const record: Record = new Map()
  const names = ['file-1', 'file-2', 'file-3']
  for (const name of names) writeFileSync(pair.path(name), Buffer.alloc(BYTES_MAX, name))
  for (const name of names) note(pair.path(name), record)
  let matched = 0
  // On a busy machine the pauses between two disturbances grow, until some files were read.
  let patience = 1
  for (let round = 0; round < ROUNDS; round += 1) {
    // Closed, and so read soon.
    for (const name of names) closeSync(disturb(pair.path(name), random, record))
    await sleep(patience * (10 + random.below(30)))
    // Changed while they are read, and left open: no further event would correct a wrong hash.
    const open = names.map((name) => disturb(pair.path(name), random, record))
    await sleep(40)
    const found = assertHashes(pair, record)
    matched += found
    patience = found > 0 ? 1 : Math.min(patience * 2, PATIENCE_MAX)
    for (const fd of open) closeSync(fd)
  }
  await assertAllEqual(pair)
  t.diagnostic(`${matched} hashes were found beside the bytes they belong to, among ${record.size} contents`)
  assert.ok(matched > 10, 'some were read between two disturbances')
})

/** Changes a file by one system call, and notes its content. Gives a descriptor to close it by. */
function disturb(path: string, random: Random, record: Record): number {
  if (random.chance(0.2)) {
    // The temporary name is excluded, so the file appears with the rename.
    const fd = openSync(`${path}.__tmp__`, 'w+')
    writeSync(fd, Buffer.alloc(1 + random.below(BYTES_MAX), random.below(256)))
    renameSync(`${path}.__tmp__`, path)
    note(path, record)
    return fd
  }
  const fd = openSync(path, 'r+')
  const chunk = Buffer.alloc(1 + random.below(64 * 1024), random.below(256))
  const { size } = fstatSync(fd)
  const act = random.below(4)
  if (act === 0) ftruncateSync(fd, Math.floor(size / 2) + random.below(size / 2 + 1))
  else if (act === 1 && size < BYTES_MAX) writeSync(fd, chunk, 0, chunk.length, size)
  else writeSync(fd, chunk, 0, chunk.length, random.below(size))
  note(path, record)
  return fd
}

function note(path: string, record: Record): void {
  const fd = openSync(path, 'r')
  const { ino, size, mtimeNs } = fstatSync(fd, { bigint: true })
  const hash = createHash('md5').update(readFileSync(fd)).digest('hex')
  closeSync(fd)
  const key = `${ino}:${size}:${mtimeNs / 1_000n}`
  record.set(key, (record.get(key) ?? new Set()).add(hash))
}

/**
 * Asserts that every hash belongs to bytes that the file had with the row's size and time. Gives the number of hashes.
 */
function assertHashes(pair: Pair, record: Record): number {
  const rows = pair.read((sqlite) =>
    sqlite
      .prepare<[], { key: string; hash: string; name: string }>(
        "SELECT inode || ':' || size || ':' || mtime AS key, hash, name FROM nodes WHERE name LIKE 'file-%' AND hash <> ''",
      )
      .all(),
  )
  for (const { key, hash, name } of rows) {
    assert.ok(record.get(key)?.has(hash), `${name} (${key}) never held what ${hash} is of`)
  }
  return rows.length
}
