/**
 * Shows that nothing is lost when the kernel allows too little, and that the status names the right numbers. The
 * indexer runs in a user namespace with limits of its own.
 */
import assert from 'node:assert/strict'
import { appendFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { StatusRow } from '@drive-feed/shared/schema.ts'
import { assertAllEqual, follow } from '../support/convergence.ts'
import { idAt, passSentinel } from '../support/observations.ts'
import { closeDoors, limitsAreRefused, setLimits, withLimits } from '../support/own-limits.ts'
import { createPair, type Pair } from '../support/pair.ts'
import { until } from '../support/until.ts'

const needsNamespace = { skip: limitsAreRefused() }

type Status = Pick<StatusRow, 'foldersKnown' | 'foldersUnwatched' | 'watchesAllowed' | 'instancesAllowed'>

function statusOf(pair: Pair): Status | undefined {
  return pair.read((sqlite) =>
    sqlite
      .prepare<[], Status>(
        `SELECT folders_known AS foldersKnown, folders_unwatched AS foldersUnwatched, watches_allowed AS watchesAllowed,
           instances_allowed AS instancesAllowed FROM status`,
      )
      .get(),
  )
}

function messageOf(pair: Pair, root: string): string | null | undefined {
  return pair.read((sqlite) =>
    sqlite.prepare<[string], string | null>('SELECT message FROM watch_roots WHERE name = ?').pluck().get(root),
  )
}

async function untilStatus(pair: Pair, expected: Partial<Status>): Promise<void> {
  await until(`the status ${JSON.stringify(expected)}`, () => {
    const status = statusOf(pair)
    return Object.entries(expected).every(([key, value]) => status?.[key as keyof Status] === value)
  })
}

function makeFolders(pair: Pair, prefix: string, count: number): void {
  for (let n = 0; n < count; n += 1) {
    mkdirSync(pair.path(`${prefix}-${n}`))
    writeFileSync(pair.path(`${prefix}-${n}`, 'file'), `${prefix} ${n}`)
  }
}

test('max_user_watches is too low from the start, and raised later', needsNamespace, async (t) => {
  const pair = await createPair(t, { within: withLimits({ watches: 10 }) })
  makeFolders(pair, 'folder', 20)
  await Promise.all([pair.startIndexer(), pair.startApi()])
  await assertAllEqual(pair)
  const expected =
    'the kernel allows 10 inotify watches, those of all other programs included; 21 folders need one each, 11 have none \
and are listed again every 1 to 60 minutes instead. In its user namespace: sysctl -w user.max_inotify_watches=32'
  assert.equal(messageOf(pair, 'media'), expected)
  assert.equal(pair.indexer().stdout().split(expected).length, 2, 'said once')
  await untilStatus(pair, { foldersKnown: 21, foldersUnwatched: 11, watchesAllowed: 10 })
  for (let n = 0; n < 20; n += 1) appendFileSync(pair.path(`folder-${n}`, 'file'), ' changed')
  setLimits(pair.indexer().pid, { watches: 32 })
  await assertAllEqual(pair)
  await untilStatus(pair, { foldersUnwatched: 0, watchesAllowed: 32 })
  assert.equal(messageOf(pair, 'media'), null)
  for (let n = 0; n < 20; n += 1) await passSentinel(pair, pair.path(`folder-${n}`))
})

test('max_user_watches is reached midway', needsNamespace, async (t) => {
  const pair = await createPair(t, { within: withLimits({ watches: 10 }) })
  makeFolders(pair, 'folder', 5)
  await Promise.all([pair.startIndexer(), pair.startApi()])
  await assertAllEqual(pair)
  assert.equal(messageOf(pair, 'media'), null)
  const follower = follow(pair)
  makeFolders(pair, 'later', 20)
  await assertAllEqual(pair, follower)
  await until('the message to have the numbers', () =>
    messageOf(pair, 'media')?.includes('26 folders need one each, 16 have none'),
  )
  await t.test(
    'watches of removed folders go to those without one, when the limit is raised by too little',
    async () => {
      rmSync(pair.path('folder-0'), { recursive: true })
      renameSync(pair.path('later-19'), pair.path('renamed'))
      // Watches are counted as soon as more are allowed. A folder that is gone counts until it is settled.
      await assertAllEqual(pair, follower)
      setLimits(pair.indexer().pid, { watches: 20 })
      await until('the message to have the numbers', () =>
        messageOf(pair, 'media')?.includes('25 folders need one each, 5 have none'),
      )
      await assertAllEqual(pair, follower)
    },
  )
  setLimits(pair.indexer().pid, { watches: 100 })
  await until('all to be watched', () => messageOf(pair, 'media') === null)
  await passSentinel(pair, pair.path('renamed'))
  await assertAllEqual(pair, follower)
  await follower.stop()
})

test(
  'max_user_instances is too low: the roots without an instance are scanned again and again',
  needsNamespace,
  async (t) => {
    const pair = await createPair(t, { roots: ['one', 'two'], within: withLimits({ instances: 1 }) })
    const two = (...names: string[]) => join(pair.folder, 'two', ...names)
    mkdirSync(two('folder'))
    writeFileSync(two('folder', 'file'), 'bytes')
    await Promise.all([pair.startIndexer(), pair.startApi()])
    await assertAllEqual(pair)
    assert.match(
      messageOf(pair, 'two') ?? '',
      /^the kernel allows 1 inotify instances, .* every 1 to 60 minutes instead\. In its user namespace: sysctl -w user\.max_inotify_instances=4$/,
    )
    await untilStatus(pair, { instancesAllowed: 1 })
    const id = idAt(pair, 'two/folder/file')
    renameSync(two('folder'), two('renamed'))
    setLimits(pair.indexer().pid, { instances: 4 })
    await until('the instance', () => messageOf(pair, 'two') === null)
    await assertAllEqual(pair)
    assert.equal(idAt(pair, 'two/renamed/file'), id)
    await passSentinel(pair, two('renamed'))
  },
)

test('I7: with too many open files nothing is removed, nothing ends, and all is found when there is room', async (t) => {
  const pair = await createPair(t)
  makeFolders(pair, 'folder', 10)
  await Promise.all([pair.startIndexer(), pair.startApi()])
  await assertAllEqual(pair)
  const follower = follow(pair)
  await follower.catchUp()
  const ids = [0, 1, 2].map((n) => idAt(pair, `media/folder-${n}/file`))
  const open = closeDoors(pair.indexer().pid)
  t.after(() => {
    if (!pair.indexer().exited()) open()
  })
  makeFolders(pair, 'later', 10)
  renameSync(pair.path('folder-0'), pair.path('renamed'))
  rmSync(pair.path('folder-9'), { recursive: true })
  appendFileSync(pair.path('folder-1', 'file'), 'changed')
  await until('the log to say so', () => pair.indexer().stdout().includes('too many files are open'))
  assert.equal(idAt(pair, 'media/folder-0/file'), ids[0])
  open()
  await assertAllEqual(pair, follower)
  assert.deepEqual(
    ['renamed', 'folder-1', 'folder-2'].map((name) => idAt(pair, `media/${name}/file`)),
    ids,
  )
  assert.doesNotMatch(pair.indexer().stdout(), /offline/)
  await follower.stop()
})

test('if the indexer may not open as many files as it needs, it says so in one line', async (t) => {
  const pair = await createPair(t, { within: ['prlimit', '--nofile=50:50'] })
  assert.equal((await pair.launchIndexer().exit()).code, 1)
  assert.match(
    pair.indexer().stderr(),
    /^drive-feed indexer: 64 files can not be open at a time\. [^\n]*ulimit[^\n]*\n$/,
  )
})
