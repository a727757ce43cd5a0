/**
 * Shows what happens if the database's disk is full or read-only, or its file locked, damaged or taken away: one clear
 * line, then a wait that heals by itself or a non-zero exit, a sound file afterwards, and an api that answers 503 and
 * stays. Both services run as processes.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  copyFileSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import Database from 'better-sqlite3'
import { landlockVersion } from '../../services/indexer/src/sandbox/landlock.ts'
import { assertAllEqual } from '../support/convergence.ts'
import { headOf } from '../support/observations.ts'
import { enterOwnMounts } from '../support/own-mounts.ts'
import { createPair, type Pair } from '../support/pair.ts'
import { createRandom } from '../support/random.ts'
import { until } from '../support/until.ts'

const needsMounts = { skip: enterOwnMounts() }
const MIB = 1024 * 1024

/** Lines of the indexer's log that have this text. */
function lines(pair: Pair, text: string): string[] {
  return pair
    .indexer()
    .stdout()
    .split('\n')
    .filter((line) => line.includes(text))
}

async function untilSaid(pair: Pair, text: string): Promise<void> {
  await until(`the indexer to log "${text}"`, () => {
    assert.ok(!pair.indexer().exited(), `the indexer ended: ${pair.indexer().stderr()}`)
    return lines(pair, text).length > 0
  })
}

/** I15: the api reports the problem, since it can't be in the database. */
async function untilProblem(pair: Pair, expected: { text: string; fix: string } | null): Promise<void> {
  await until(`the status to say ${expected?.text}`, async () => {
    const { state, problems } = (await (await fetch(`${pair.url}/api/v1/status`)).json()) as {
      state: string
      problems: { code: string; text: string; fix: string }[]
    }
    if (expected === null) return problems.length === 0 && state === 'watching'
    const [first] = problems
    return first?.code === 'database' && first.text === expected.text && first.fix === expected.fix
  })
}

function assertWhole(pair: Pair): void {
  assert.equal(
    pair.read((sqlite) => sqlite.pragma('integrity_check', { simple: true })),
    'ok',
  )
}

/** Files that give the database something to write. */
function makeFiles(pair: Pair, folder: string, count: number): void {
  mkdirSync(pair.path(folder))
  for (let n = 0; n < count; n += 1)
    writeFileSync(pair.path(folder, `${'long name '.repeat(15)} ${n}`), `${folder} ${n}`)
}

/** A pair whose database is on a disk of its own. */
async function createPairOnDisk(t: TestContext, bytes: number): Promise<Pair> {
  let disk = ''
  // Before the pair's own clean-up, which can't remove a mount point.
  t.after(() => execFileSync('umount', ['--lazy', disk]))
  const pair = await createPair(t)
  disk = dirname(pair.databasePath)
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'drive-feed-test', disk])
  return pair
}

test('a full disk: one line, no exit, the api goes on, and all is well once there is room', needsMounts, async (t) => {
  const pair = await createPairOnDisk(t, 24 * MIB)
  makeFiles(pair, 'before', 20)
  await Promise.all([pair.startIndexer(), pair.startApi()])
  await assertAllEqual(pair)
  const head = headOf(pair)
  const ballast = join(dirname(pair.databasePath), 'ballast')
  const fill = () => {
    const { bavail, bsize } = statfsSync(dirname(pair.databasePath))
    writeFileSync(ballast, Buffer.alloc(Math.max(0, bavail * bsize - 64 * 1024)))
  }
  fill()
  makeFiles(pair, 'meanwhile', 400)
  await untilSaid(pair, 'waiting: the disk of the database is full; make room')
  await untilProblem(pair, { text: 'the disk of the database is full', fix: 'make room' })
  assertWhole(pair)
  await t.test('also when it was full only for a part of the work', async () => {
    rmSync(ballast)
    await untilSaid(pair, 'the database can be written again')
    await assertAllEqual(pair)
    assert.ok(headOf(pair) > head, 'I5')
    await untilProblem(pair, null)
  })
  await t.test('until then the api answers with what was there, and stopping is as quick as ever', async () => {
    fill()
    rmSync(pair.path('before'), { recursive: true })
    makeFiles(pair, 'more', 400)
    await until('the problem to be logged again', () => lines(pair, 'waiting: the disk').length === 2)
    assert.equal((await fetch(`${pair.url}/api/v1/changes`)).status, 200)
    const exit = await pair.endIndexer()
    assert.deepEqual([exit.code, exit.tookMs < 2_000], [0, true], JSON.stringify(exit))
    assertWhole(pair)
  })
  await t.test('started on the full disk it waits as well', async () => {
    pair.launchIndexer()
    await untilSaid(pair, 'waiting: the disk of the database is full; make room')
    rmSync(ballast)
    await assertAllEqual(pair)
    assertWhole(pair)
    assert.equal(lines(pair, 'waiting:').length, 1)
  })
})

test('on a read-only disk the indexer ends with a message, and the api reads on', needsMounts, async (t) => {
  const pair = await createPairOnDisk(t, 24 * MIB)
  makeFiles(pair, 'before', 5)
  await pair.startIndexer()
  await pair.endIndexer()
  execFileSync('mount', ['-o', 'remount,ro', dirname(pair.databasePath)])
  await pair.startApi()
  assert.equal((await pair.launchIndexer().exit()).code, 1)
  assert.match(
    pair.indexer().stderr(),
    /^drive-feed indexer: database_url: [^\n]*read-only[^\n]*; check its permissions and mount\n$/,
  )
  assert.equal((await fetch(`${pair.url}/api/v1/changes`)).status, 200)
  assertWhole(pair)
})

test('a file that another program holds locked is waited for, also at the start', async (t) => {
  const pair = await createPair(t)
  await Promise.all([pair.startIndexer(), pair.startApi()])
  const other = new Database(pair.databasePath)
  t.after(() => other.close())
  const LOCKED = 'waiting: another program holds the database locked'
  other.exec('BEGIN IMMEDIATE')
  makeFiles(pair, 'meanwhile', 20)
  await untilSaid(pair, LOCKED)
  assert.equal((await fetch(`${pair.url}/api/v1/changes`)).status, 200)
  other.exec('ROLLBACK')
  await assertAllEqual(pair)
  await pair.endIndexer()
  other.exec('BEGIN IMMEDIATE')
  pair.launchIndexer()
  await untilSaid(pair, LOCKED)
  makeFiles(pair, 'later', 20)
  other.exec('COMMIT')
  await assertAllEqual(pair)
  assert.equal(lines(pair, LOCKED).length, 1)
  assertWhole(pair)
})

test('a file that is taken away or replaced under the indexer is noticed, and the indexer begins anew', async (t) => {
  const pair = await createPair(t)
  makeFiles(pair, 'before', 20)
  await Promise.all([pair.startIndexer(), pair.startApi()])
  await assertAllEqual(pair)
  const copy = join(pair.folder, 'copy.db')
  pair.read((sqlite) => sqlite.exec(`VACUUM INTO '${copy}'`))
  const { ino } = statSync(pair.databasePath)
  await t.test('removed', async () => {
    rmSync(pair.databasePath)
    makeFiles(pair, 'meanwhile', 20)
    await untilSaid(pair, 'the database can be written again')
    assert.notEqual(statSync(pair.databasePath).ino, ino)
    await assertAllEqual(pair)
  })
  await t.test('an older copy put there, with the former -wal beside it', async () => {
    makeFiles(pair, 'later', 20)
    renameSync(copy, pair.databasePath)
    await until('the copy to be taken up', () => lines(pair, 'the database can be written again').length === 2)
    await assertAllEqual(pair)
    assertWhole(pair)
  })
})

test('a copy put into the very file under the indexer ends it immediately, and the next start uses the copy', async (t) => {
  const pair = await createPair(t)
  const path = pair.databasePath
  makeFiles(pair, 'before', 20)
  await Promise.all([pair.startIndexer(), pair.startApi()])
  await assertAllEqual(pair)
  const copy = await backUp(pair)
  const bytes = readFileSync(copy)
  /** Puts a copy into the same file. What the indexer wrote since is still in its -wal. */
  const overwrite = async (folder: string) => {
    makeFiles(pair, folder, 300)
    await assertAllEqual(pair)
    copyFileSync(copy, path)
    for (const ending of ['-wal', '-shm']) rmSync(path + ending)
  }
  const assertEnds = async () => {
    assert.equal((await pair.indexer().exit()).code, 75, 'which a service manager starts again')
    assert.equal(lines(pair, 'was overwritten, or its -wal or -shm removed, while it was open').length, 1)
    assert.equal(lines(pair, 'check that disk, and that it has room').length, 0, 'it is not the disk')
  }
  const assertGoesOn = async () => {
    await pair.startIndexer()
    await assertAllEqual(pair)
    assertWhole(pair)
  }
  await t.test('nothing from before gets into the copy', async () => {
    await overwrite('meanwhile')
    await assertEnds()
    assert.ok(readFileSync(path).equals(bytes))
    await assertGoesOn()
  })
  await t.test('also if the indexer has to stop before it has noticed', async () => {
    await overwrite('later')
    assert.equal((await pair.endIndexer()).code, 0)
    assert.ok(readFileSync(path).equals(bytes))
    await assertGoesOn()
  })
  await t.test('also if only -wal and -shm are removed', async () => {
    makeFiles(pair, 'more', 20)
    await assertAllEqual(pair)
    for (const ending of ['-wal', '-shm']) rmSync(path + ending)
    await assertEnds()
    await assertGoesOn()
  })
})

test('a database folder that was made anew is not written to before the next start, and then all is there', {
  skip: landlockVersion() === 0 && 'this kernel has no Landlock',
}, async (t) => {
  const pair = await createPair(t)
  makeFiles(pair, 'before', 20)
  await Promise.all([pair.startIndexer(), pair.startApi()])
  await assertAllEqual(pair)
  const folder = dirname(pair.databasePath)
  renameSync(folder, `${folder}.before`)
  mkdirSync(folder)
  assert.equal((await pair.indexer().exit()).code, 75, 'which a service manager starts again')
  assert.equal(lines(pair, 'was made anew, or its disk was mounted again').length, 1)
  assert.deepEqual(readdirSync(folder), [])
  await pair.startIndexer()
  await assertAllEqual(pair)
})

test('a damaged file: one line, no loop, and a copy put in its place is taken up', async (t) => {
  const pair = await createPair(t)
  makeFiles(pair, 'before', 300)
  await Promise.all([pair.startIndexer(), pair.startApi()])
  await assertAllEqual(pair)
  await pair.endIndexer()
  const copy = join(pair.folder, 'copy.db')
  pair.read((sqlite) => sqlite.exec(`VACUUM INTO '${copy}'`))
  await t.test('in the pages of the nodes', async () => {
    damage(pair)
    pair.launchIndexer()
    makeFiles(pair, 'meanwhile', 300)
    await untilSaid(pair, 'waiting: the database file is damaged')
    const answer = await fetch(`${pair.url}/api/v1/changes`).catch(() => null)
    assert.ok(answer === null || [200, 503].includes(answer.status), 'cut off, or refused, but not a crash')
    for (const ending of ['-wal', '-shm']) rmSync(pair.databasePath + ending)
    copyFileSync(copy, `${copy}.2`)
    renameSync(`${copy}.2`, pair.databasePath)
    await assertAllEqual(pair)
    assert.equal(lines(pair, 'waiting: the database file is damaged').length, 1)
    assertWhole(pair)
    await pair.endIndexer()
  })
  await t.test('anywhere, in -wal too: the api answers from what is whole, or refuses, and stays', () =>
    askDamaged(pair),
  )
  await t.test('in its first page', async () => {
    for (const ending of ['-wal', '-shm']) rmSync(pair.databasePath + ending)
    writeAt(copy, 0, Buffer.alloc(100, 'x'))
    renameSync(copy, pair.databasePath)
    const { code } = await pair.launchIndexer().exit()
    assert.equal(code, 1)
    assert.match(pair.indexer().stderr(), /^[^\n]*not a database; the database file is damaged; [^\n]*\n$/)
    await until('the api to refuse', async () => (await fetch(`${pair.url}/api/v1/changes`)).status === 503)
  })
})

/** Makes a copy as docs/upgrading.md says. */
async function backUp(pair: Pair): Promise<string> {
  const copy = join(pair.folder, 'copy.db')
  const sqlite = new Database(pair.databasePath, { readonly: true })
  await sqlite.backup(copy)
  sqlite.close()
  return copy
}

const VARIANTS = 30

/** Replaces the database by files with random bytes overwritten, and sends the api requests about each. */
async function askDamaged(pair: Pair): Promise<void> {
  const path = pair.databasePath
  await pair.startIndexer()
  makeFiles(pair, 'in -wal', 100)
  await assertAllEqual(pair)
  await pair.endIndexer('SIGKILL')
  const whole = { '': readFileSync(path), '-wal': readFileSync(`${path}-wal`) }
  const statuses = new Set<number>()
  for (let seed = 0; seed < VARIANTS; seed += 1) {
    const random = createRandom(seed)
    rmSync(`${path}-shm`, { force: true })
    const ending = seed % 2 === 0 ? '' : '-wal'
    const damaged = Buffer.from(whole[ending])
    for (let places = 1 + random.below(8); places > 0; places -= 1) {
      const at = random.below(damaged.length)
      damaged.fill(random.below(256), at, Math.min(damaged.length, at + random.below(4096)))
    }
    for (const [end, bytes] of Object.entries({ ...whole, [ending]: damaged }).toReversed()) {
      writeFileSync(`${path}.new`, bytes)
      renameSync(`${path}.new`, path + end)
    }
    for (const question of ['cursor', 'changes', 'changes?max_size=50', 'root']) {
      // If the damage is met late, the answer is cut off.
      await fetch(`${pair.url}/api/v1/${question}`).then(
        ({ status }) => statuses.add(status),
        () => {},
      )
    }
  }
  assert.deepEqual([...statuses].sort(), [200, 503])
}

/** Overwrites every page but the first ones, which have the tables' definitions. */
function damage(pair: Pair): void {
  const { size } = statSync(pair.databasePath)
  const sqlite = new Database(pair.databasePath)
  const leaves = sqlite
    .prepare<[], number>("SELECT pageno FROM dbstat WHERE name = 'nodes' AND pagetype = 'leaf'")
    .pluck()
    .all()
  sqlite.close()
  assert.ok(leaves.length > 1 && size > 0)
  for (const page of leaves) writeAt(pair.databasePath, (page - 1) * 4096, Buffer.alloc(4096, 0xa5))
}

function writeAt(path: string, position: number, bytes: Buffer): void {
  writeSync(openSync(path, 'r+'), bytes, 0, bytes.length, position)
}
