/**
 * Shows that no change is missed when the kernel's queue overflows, also during the scan that follows. The indexer is
 * paused until the queue is full.
 */
import assert from 'node:assert/strict'
import {
  appendFileSync,
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { assertAllEqual, follow } from '../support/convergence.ts'
import { idAt, passSentinel } from '../support/observations.ts'
import { createPair, type Pair } from '../support/pair.ts'
import { until } from '../support/until.ts'

const QUEUE = Number(readFileSync('/proc/sys/fs/inotify/max_queued_events', 'utf8'))
const FOLDERS = 400
/** On a host that allows millions, filling the queue would take too long. */
const needsSmallQueue = { skip: QUEUE > 200_000 && `fs.inotify.max_queued_events is ${QUEUE}, too much to overflow` }

type Counts = { readonly overflows: number; readonly rescans: number }

function countsOf(pair: Pair): Counts {
  const counts = pair.read((sqlite) => sqlite.prepare<[], Counts>('SELECT overflows, rescans FROM status').get())
  return counts ?? { overflows: 0, rescans: 0 }
}

/** Pauses the indexer, fills its queue until no further event fits in, does something, and lets the indexer go on. */
async function unseen(pair: Pair, act: () => void): Promise<void> {
  const { pid, signal } = pair.indexer()
  signal('SIGSTOP')
  // A thread that is running stops a little later.
  await until('every thread to stand still', () =>
    readdirSync(`/proc/${pid}/task`).every((task) =>
      /\) T/.test(readFileSync(`/proc/${pid}/task/${task}/stat`, 'latin1')),
    ),
  )
  // In turns: the kernel merges an event with an equal one before it.
  const names = ['filler-1', 'filler-2'].map((name) => pair.path(name))
  for (let n = 0; n <= QUEUE; n += 1) closeSync(openSync(names[n % 2] as string, 'a'))
  act()
  signal('SIGCONT')
}

function makeTree(pair: Pair): void {
  for (let n = 0; n < FOLDERS; n += 1) {
    mkdirSync(pair.path(`folder-${n}`))
    writeFileSync(pair.path(`folder-${n}`, 'file'), `${n}`)
  }
}

test('I1: one scan finds what happens after an overflow, and the watches stay', needsSmallQueue, async (t) => {
  const pair = await createPair(t, { roots: ['media', 'other'] })
  makeTree(pair)
  mkdirSync(pair.path('folder-6', 'inner'))
  for (const name of ['filler-1', 'filler-2']) writeFileSync(pair.path(name), name)
  await Promise.all([pair.startIndexer(), pair.startApi()])
  await assertAllEqual(pair)
  const follower = follow(pair)
  await follower.catchUp()
  const before = countsOf(pair)
  const ids = [1, 3].map((n) => idAt(pair, `media/folder-${n}/file`))
  const innerId = idAt(pair, 'media/folder-6/inner')
  await unseen(pair, () => {
    renameSync(pair.path('folder-1'), pair.path('folder-2', 'renamed'))
    rmSync(pair.path('folder-0'), { recursive: true })
    renameSync(pair.path('folder-3', 'file'), join(pair.folder, 'other', 'file'))
    appendFileSync(pair.path('folder-4', 'file'), ' changed')
    // The scan meets the folder at its new place before the one that it was in.
    writeFileSync(pair.path('folder-6', 'inner', 'new'), 'new')
    renameSync(pair.path('folder-6', 'inner'), pair.path('inner'))
    mkdirSync(pair.path('new', 'deep'), { recursive: true })
    writeFileSync(pair.path('new', 'deep', 'file'), 'new')
  })
  await assertAllEqual(pair, follower)
  assert.deepEqual([idAt(pair, 'media/folder-2/renamed/file'), idAt(pair, 'other/file')], ids)
  assert.equal(idAt(pair, 'media/inner'), innerId)
  await until('one overflow and one scan to be counted', () => {
    const { overflows, rescans } = countsOf(pair)
    return overflows === before.overflows + 1 && rescans === before.rescans + 1
  })
  for (const folder of ['new/deep', 'folder-2/renamed', 'folder-5']) await passSentinel(pair, pair.path(folder))
  await assertAllEqual(pair, follower)
  await follower.stop()
})

test('I1: an overflow during the scan after an overflow causes another scan', needsSmallQueue, async (t) => {
  const pair = await createPair(t)
  makeTree(pair)
  for (const name of ['filler-1', 'filler-2']) writeFileSync(pair.path(name), name)
  await Promise.all([pair.startIndexer(), pair.startApi()])
  await assertAllEqual(pair)
  const follower = follow(pair)
  const scansSaid = () => pair.indexer().stdout().split('"scanning again"').length - 1
  for (let round = 0; round < 2; round += 1) {
    const said = scansSaid()
    await unseen(pair, () => appendFileSync(pair.path(`folder-${FOLDERS - 1}`, 'file'), `${round}`))
    await until('the scan to begin', () => scansSaid() > said)
    // Everywhere: where the scan has been and where it has not.
    await unseen(pair, () => {
      for (let n = 0; n < FOLDERS; n += 20) {
        writeFileSync(pair.path(`folder-${n}`, `late-${round}`), 'late')
        renameSync(pair.path(`folder-${n}`, 'file'), pair.path(`folder-${n}`, 'renamed'))
        renameSync(pair.path(`folder-${n}`, 'renamed'), pair.path(`folder-${n}`, 'file'))
        rmSync(pair.path(`folder-${n + 1}`, `late-${round - 1}`), { force: true })
      }
    })
    await until('the further scan', () => scansSaid() > said + 1)
    await assertAllEqual(pair, follower)
  }
  await until('each to be counted', () => countsOf(pair).overflows === 4)
  await follower.stop()
})
