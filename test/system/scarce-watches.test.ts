/**
 * Shows that with fewer watches than folders nothing is missed, and that watches go where changes happen. The kernel's
 * limit is set for the indexer alone.
 */
import assert from 'node:assert/strict'
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { assertAllEqual, follow } from '../support/convergence.ts'
import { idAt } from '../support/observations.ts'
import { limitsAreRefused, withLimits } from '../support/own-limits.ts'
import { createPair, type Pair } from '../support/pair.ts'
import { until } from '../support/until.ts'

const needsNamespace = { skip: limitsAreRefused() }
const WATCHES = 20
const FOLDERS = 60

/** The inodes that a process watches, by proc(5). */
function watchedInodes(pid: number): Set<number> {
  const inodes = new Set<number>()
  for (const fd of readdirSync(`/proc/${pid}/fd`)) {
    if (targetOf(`/proc/${pid}/fd/${fd}`) !== 'anon_inode:inotify') continue
    for (const [, inode] of readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8').matchAll(
      /^inotify .* ino:([0-9a-f]+)/gm,
    )) {
      inodes.add(Number.parseInt(inode ?? '', 16))
    }
  }
  return inodes
}

/** What a descriptor leads to; '' if it has been closed. */
function targetOf(link: string): string {
  try {
    return readlinkSync(link)
  } catch {
    return ''
  }
}

/** A pair that has scanned `FOLDERS` folders with a file each, with `WATCHES` watches. */
async function scarcePair(t: TestContext) {
  const pair = await createPair(t, {
    within: withLimits({ watches: WATCHES }),
    indexerMain: join(import.meta.dirname, '../support/hasty-indexer.ts'),
  })
  const names = Array.from({ length: FOLDERS }, (_, n) => `folder-${n}`)
  for (const name of names) {
    mkdirSync(pair.path(name))
    writeFileSync(pair.path(name, 'file'), name)
  }
  await Promise.all([pair.startIndexer(), pair.startApi()])
  await assertAllEqual(pair)
  /** Whether each folder below the root has a watch. */
  const watched = () => {
    const inodes = watchedInodes(pair.indexer().pid)
    return new Map(names.map((name) => [name, inodes.has(statSync(pair.path(name)).ino)]))
  }
  const having = (isWatched: boolean) => [...watched()].flatMap(([name, has]) => (has === isWatched ? [name] : []))
  return { pair, having }
}

async function isTold(pair: Pair, name: string, boundMs?: number): Promise<void> {
  await until(`${name} to be in the feed`, () => idAt(pair, `media/${name}`) !== undefined, boundMs)
}

test(
  'a watch goes from a quiet folder to one that changes, and changes in the quiet one are found all the same',
  needsNamespace,
  async (t) => {
    const { pair, having } = await scarcePair(t)
    const follower = follow(pair)
    const [before, [changing]] = [having(true), having(false)]
    // The top has a watch too.
    assert.equal(before.length, WATCHES - 1)
    assert.ok(changing !== undefined)
    writeFileSync(pair.path(changing, 'first'), '1')
    await isTold(pair, `${changing}/first`)
    await until(`a watch for ${changing}`, () => having(true).includes(changing))
    writeFileSync(pair.path(changing, 'second'), '2')
    await isTold(pair, `${changing}/second`, 1_000)
    const now = having(true)
    const quiet = before.filter((name) => !now.includes(name))
    assert.deepEqual([now.length, quiet.length], [WATCHES - 1, 1])
    writeFileSync(pair.path(quiet[0] ?? '', 'later'), '3')
    await assertAllEqual(pair, follower)
    assert.equal(
      pair.read((sqlite) => sqlite.prepare('SELECT folders_unwatched FROM status').pluck().get()),
      FOLDERS + 1 - WATCHES,
    )
    await follower.stop()
  },
)

test('a new folder gets a watch, and so does one that the watch of the top reports', needsNamespace, async (t) => {
  const { pair, having } = await scarcePair(t)
  const follower = follow(pair)
  mkdirSync(pair.path('new'))
  const inode = statSync(pair.path('new')).ino
  await until('a watch for the new folder', () => watchedInodes(pair.indexer().pid).has(inode))
  writeFileSync(pair.path('new', 'file'), 'new')
  await isTold(pair, 'new/file', 1_000)
  const [renamed] = having(false)
  renameSync(pair.path(renamed ?? ''), pair.path('renamed'))
  const other = statSync(pair.path('renamed')).ino
  mkdirSync(pair.path(renamed ?? ''))
  await until('a watch for the renamed folder', () => watchedInodes(pair.indexer().pid).has(other))
  await assertAllEqual(pair, follower)
  await follower.stop()
})

test('I1: whatever happens anywhere while watches move is found', needsNamespace, async (t) => {
  const { pair, having } = await scarcePair(t)
  const follower = follow(pair)
  for (let round = 0; round < 8; round += 1) {
    const [watched, unwatched] = [having(true), having(false)]
    const [a, b] = [watched[round], unwatched[round]] as [string, string]
    for (const name of [a, b]) writeFileSync(pair.path(name, `of-${round}`), `${round}`)
    mkdirSync(pair.path(b, `below-${round}`))
    writeFileSync(pair.path(b, `below-${round}`, 'file'), `${round}`)
    renameSync(pair.path(a, 'file'), pair.path(b, `moved-${round}`))
    renameSync(pair.path(b, 'file'), pair.path(a, 'file'))
    rmSync(pair.path(unwatched.at(-1) ?? '', 'file'), { force: true })
    await until('the file to be in the feed', () => idAt(pair, `media/${a}/of-${round}`) !== undefined)
  }
  await assertAllEqual(pair, follower)
  await follower.stop()
})
