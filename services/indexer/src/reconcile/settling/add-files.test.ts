/** Shows which new files of a listing are added as they are, and which are decided about. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { plainNodeId } from '@drive-feed/shared/node-id.ts'
import { rootFolder } from '../../../../../test/support/root-folder.ts'
import { DEVICE, fileRow, folderRow } from '../../../../../test/support/rows.ts'
import type { MetadataDue } from '../../model/decision.ts'
import { createTree } from '../../model/folder-tree.ts'
import type { NewFiles } from '../../model/new-files.ts'
import { createSightsBuilder, nameAt } from '../../model/sights.ts'
import { createPending } from '../pending/pending.ts'
import { addFiles } from './add-files.ts'

const BACKLOG: MetadataDue = { state: 'backlog', dueMs: 7 }
const NOW_MS = 1_000

/** Adds files with these inode numbers, named after them, in one folder; `known`: inode numbers that have rows. */
function adding(inodes: readonly number[], known: readonly number[] = []) {
  const tree = createTree()
  const folder = tree.addRoot(rootFolder(), folderRow(1, '', ''))
  const pending = createPending(tree, () => NOW_MS)
  const builder = createSightsBuilder()
  for (const [at, inode] of inodes.entries()) {
    const times = { mtime: 1, exactMtime: null, ctime: 1, birthTime: 1 }
    builder.pushStats(`${inode}-${at}`, { kind: 'file', size: 1, links: 1, device: 1n, inode: BigInt(inode), ...times })
  }
  const sights = builder.pack()
  const asked: string[][] = []
  const run = () => {
    const added: NewFiles[] = []
    const tools = {
      pending,
      known: {
        inodesWithNames: (some: readonly string[]) => {
          asked.push([...some])
          return new Set(some.filter((inode) => known.includes(Number(inode))))
        },
      },
      clock: { nowMs: () => NOW_MS },
      newFiles: { add: (some: readonly NewFiles[]) => added.push(...some) },
    }
    const left = addFiles(tools, [{ folder, indexes: [...inodes.keys()], awaiting: BACKLOG }], sights)
    const names = added.flatMap(({ indexes }) => indexes.map((index) => nameAt(sights, index)))
    return { added, names, left: left.map(({ name }) => name) }
  }
  return { folder, pending, asked, run }
}

test('files of which nothing is known are added, without an object for each', () => {
  const { folder, asked, run } = adding([10, 11])
  const { added, left } = run()
  const [files] = added
  assert.equal(added.length, 1)
  assert.deepEqual([files?.parentId, files?.device, files?.awaiting], [folder.nodeId, DEVICE, BACKLOG])
  assert.deepEqual([...(files?.indexes ?? [])], [0, 1])
  assert.deepEqual(left, [])
  assert.deepEqual(asked, [['10', '11']], 'the database is asked once')
})

test('a file whose inode has a row may have moved here', () => {
  const { names, left } = adding([10, 11, 12], [11]).run()
  assert.deepEqual([names, left], [['10-0', '12-2'], ['11-1']])
})

test('a file that is seen twice may have moved between the looks', () => {
  const { names, left } = adding([10, 11, 10]).run()
  assert.deepEqual([names, left], [['11-1'], ['10-0', '10-2']])
})

test('a file that is being written is read later than others', () => {
  const { folder, pending, run } = adding([10, 11])
  pending.writers.wrote({ parentId: folder.nodeId, name: '11-1' }, NOW_MS)
  const { names, left } = run()
  assert.deepEqual([names, left], [['10-0'], ['11-1']])
})

test('a file whose id is still in limbo takes it out', () => {
  const { folder, pending, run } = adding([10, 11])
  const row = fileRow(11, folder.nodeId, 'gone', { nodeId: plainNodeId(DEVICE, '11') })
  pending.limbo.put(row, { blocks: false, isAfterScan: false, nowMs: NOW_MS })
  const { names, left } = run()
  assert.deepEqual([names, left], [['10-0'], ['11-1']])
})

test('nothing is written if there is nothing to add', () => {
  const { added, left } = adding([10], [10]).run()
  assert.deepEqual([added, left], [[], ['10-0']])
})
