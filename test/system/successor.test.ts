/**
 * Shows that a folder keeps its id when another one takes its place and the folder moves into it, in whatever order
 * this is observed. Both services run as processes.
 */
import assert from 'node:assert/strict'
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { assertAllEqual } from '../support/convergence.ts'
import { changesSince, hashJobs, headOf, idsBelow, statusOf } from '../support/observations.ts'
import { createPair, type Pair } from '../support/pair.ts'

/** What is done to `photos`, and where the content of `photos/2020` is afterwards. */
const CASES: readonly (readonly [what: string, act: (path: Pair['path']) => void, now: string])[] = [
  [
    'a folder moves into its successor',
    (path) => {
      renameSync(path('photos'), path('aside'))
      mkdirSync(path('photos'))
      renameSync(path('aside'), path('photos', 'old'))
    },
    'media/photos/old/2020',
  ],
  [
    'a folder moves deep into its successor',
    (path) => {
      renameSync(path('photos'), path('aside'))
      mkdirSync(path('photos', 'a', 'b'), { recursive: true })
      renameSync(path('aside'), path('photos', 'a', 'b', 'old'))
    },
    'media/photos/a/b/old/2020',
  ],
  [
    'a folder changes places with the one it is in',
    (path) => {
      renameSync(path('photos', '2020'), path('aside'))
      renameSync(path('photos'), path('aside', 'photos'))
      renameSync(path('aside'), path('photos'))
    },
    'media/photos',
  ],
  [
    'the content of a folder moves into the successor, and the folder goes',
    (path) => {
      renameSync(path('photos', '2020'), path('aside'))
      rmSync(path('photos'), { recursive: true })
      mkdirSync(path('photos'))
      renameSync(path('aside'), path('photos', '2020'))
    },
    'media/photos/2020',
  ],
  [
    'the content of a folder takes the place of a file in the successor, and the folder goes',
    (path) => {
      rmSync(path('albums', 'a', 'b', 'index'))
      renameSync(path('photos', '2020'), path('albums', 'a', 'b', 'index'))
      rmSync(path('photos'), { recursive: true })
      renameSync(path('albums'), path('photos'))
    },
    'media/photos/a/b/index',
  ],
  [
    'a folder moves into one that stayed in the successor',
    (path) => {
      renameSync(path('photos'), path('albums', 'a', 'b', 'photos'))
      renameSync(path('albums'), path('photos'))
    },
    'media/photos/a/b/photos/2020',
  ],
]

for (const [what, act, now] of CASES) {
  for (const isRunning of [true, false]) {
    test(`I12: ${what} while the indexer ${isRunning ? 'runs' : 'is stopped'}: nothing is read again`, async (t) => {
      const pair = await createPair(t)
      mkdirSync(pair.path('photos', '2020'), { recursive: true })
      for (let n = 0; n < 20; n += 1) writeFileSync(pair.path('photos', '2020', `${n}`), `${n}`)
      writeFileSync(pair.path('photos', 'index'), 'index')
      mkdirSync(pair.path('albums', 'a', 'b'), { recursive: true })
      writeFileSync(pair.path('albums', 'a', 'b', 'index'), 'another index')
      await Promise.all([pair.startIndexer(), pair.startApi()])
      await assertAllEqual(pair)
      const jobs = await hashJobs(pair)
      const before = idsBelow(pair, 'media/photos/2020')
      const cursor = headOf(pair)
      if (!isRunning) await pair.endIndexer()
      act(pair.path)
      if (!isRunning) await pair.startIndexer()
      await assertAllEqual(pair)
      const after = idsBelow(pair, now)
      for (const [path, id] of before) assert.equal(after.get(path), id, path)
      const there = new Set(after.values())
      const gone = (await changesSince(pair, cursor)).flatMap((change) => (change.removed ? change.node_id : []))
      assert.deepEqual(
        gone.filter((id) => there.has(id)),
        [],
        'nothing that is there is removed in the feed',
      )
      const jobsNow = await hashJobs(pair)
      // A new run has read only the one file that this counting writes.
      if (isRunning) assert.equal(jobsNow, jobs)
      else assert.equal(statusOf(pair)?.filesHashed, 1)
    })
  }
}
