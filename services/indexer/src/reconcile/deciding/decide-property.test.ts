/**
 * The real `decide` against a disk in memory that changes at random between quiet points. At each of them the rows must be
 * the disk (I1), and after each plan no two of them at one place (I11). Some quiet points are the first after a restart,
 * when a folder is met only where it is found.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plainNodeId } from '@drive-feed/shared/node-id.ts'
import fc from 'fast-check'
import { type Choice, ModelDisk } from '../../../../../test/support/model-disk.ts'
import { createRandom } from '../../../../../test/support/random.ts'
import { DEVICE, factsOf } from '../../../../../test/support/rows.ts'
import { ModelFeed } from './test-support/model-feed.ts'

/** The lines that the disk and the rows must have in common. */
function linesOfDisk(disk: ModelDisk): string[] {
  return Array.from(disk.names(), ({ path, inode }) => {
    const { number, birthTime, mtime, entries } = inode
    return entries === null ? `${path} ${number} ${birthTime} ${mtime}` : `${path}/ ${number} ${birthTime}`
  }).toSorted()
}

function linesOfRows(feed: ModelFeed): string[] {
  return Array.from(feed.rows.values(), (row) => {
    const path = feed.pathOf(row).map((name) => `/${name}`)
    const { inode, birthTime, mtime, isDirectory } = row
    return isDirectory ? `${path.join('')}/ ${inode} ${birthTime}` : `${path.join('')} ${inode} ${birthTime} ${mtime}`
  })
    .filter((line) => !line.startsWith('/ '))
    .toSorted()
}

/** The ids of files and folders with a single name, by inode. */
function idsOfSingles(disk: ModelDisk, feed: ModelFeed): Map<string, string> {
  const singles = [...disk.names()].filter(({ inode }) => disk.linksOf(inode) === 1)
  const ids = new Map<string, string>()
  for (const { inode } of singles) {
    const row = [...feed.rows.values()].find((other) => other.inode === String(inode.number))
    if (row !== undefined) ids.set(row.inode, row.nodeId)
  }
  return ids
}

const choice: fc.Arbitrary<Choice> = fc.tuple(fc.nat(99), fc.nat(), fc.nat(), fc.nat(99))
const histories = fc.array(
  fc.record({
    changes: fc.array(choice, { minLength: 1, maxLength: 20, size: 'max' }),
    seed: fc.integer(),
    isRestarted: fc.boolean(),
  }),
  { minLength: 1, maxLength: 5 },
)

for (const reusesNumbers of [false, true]) {
  for (const keepsBirthTimes of [true, false]) {
    const disk = `inode numbers are ${reusesNumbers ? 'used again' : 'new'}, birth times ${keepsBirthTimes ? '' : 'not '}kept`
    test(`I1, I11: at every quiet point the rows are the disk (${disk})`, () => {
      fc.assert(
        fc.property(histories, (history) => {
          const disk = new ModelDisk({ reusesNumbers, keepsBirthTimes })
          const feed = new ModelFeed(disk)
          for (let at = 0; at < 40; at += 1) disk.change([(at * 7) % 30, 0, at * at * 31, at * 3])
          for (const { changes, seed, isRestarted } of history) {
            const before = idsOfSingles(disk, feed)
            for (const change of changes) disk.change(change)
            if (isRestarted) feed.restart()
            feed.lookAtAll(createRandom(seed).fraction)
            assert.deepEqual(linesOfRows(feed), linesOfDisk(disk))
            if (reusesNumbers) continue
            for (const [inode, nodeId] of idsOfSingles(disk, feed)) {
              const idBefore = before.get(inode)
              // The last name of several may lose its own id if its folder is removed before its new place is free. It is
              // then created anew under the plain id. This takes several changes between two quiet points.
              const mayChange = changes.length > 1 && idBefore !== plainNodeId(DEVICE, inode)
              assert.ok(mayChange || (idBefore ?? nodeId) === nodeId, 'what only moved keeps its id')
            }
          }
        }),
        { numRuns: 300, interruptAfterTimeLimit: 60_000 },
      )
    })
  }
}

test('the first name of every inode has the id that the original program gave it', () => {
  const disk = new ModelDisk({ reusesNumbers: false, keepsBirthTimes: true })
  const feed = new ModelFeed(disk)
  for (let at = 0; at < 20; at += 1) disk.change([at, at, at * 7, at])
  feed.lookAtAll(createRandom(1).fraction)
  assert.ok(feed.rows.size > 5)
  for (const row of feed.rows.values()) assert.equal(row.nodeId, plainNodeId(DEVICE, factsOf(row.inode).inode))
})
