/** Shows whether a row is still at its place. The observer is a stand-in that answers from a table. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rootFolder } from '../../../../../test/support/root-folder.ts'
import { DEVICE, fileRow, fileSight, folderRow, GONE } from '../../../../../test/support/rows.ts'
import { createTree } from '../../model/folder-tree.ts'
import type { KnownNode } from '../../model/known-node.ts'
import type { Observation, PlacedSight } from '../../model/observation.ts'
import { createSightsBuilder } from '../../model/sights.ts'
import type { EntryStats } from '../../posix/statx.ts'
import type { LookAnswer, LookRequest } from '../../scan/look.ts'
import { findPassing, lookAtRows, type PresenceTools } from './presence.ts'

const top = folderRow(1, 'above', '')
const file = fileRow(10, top.nodeId, 'old', { birthTime: 1 })
const folder = folderRow(11, top.nodeId, 'folder')

/** What is at a name on disk now: an inode, nothing, or something that can't be read. */
type There = EntryStats | 'gone' | 'unreadable'

function stats(inode: number, other: Partial<EntryStats> = {}): EntryStats {
  const times = { birthTime: 1, mtime: 1_000, exactMtime: null, ctime: 1_000 }
  return { kind: 'file', device: BigInt(DEVICE), inode: BigInt(inode), ...times, size: 10, links: 1, ...other }
}

/** One folder, with what is in it; `answer` where that is not listed at all. */
function look(there: Readonly<Record<string, There>>, answer?: LookAnswer) {
  const tree = createTree()
  tree.addRoot(rootFolder(), top)
  const asked: string[] = []
  // Looking at places needs no more than this.
  const tools = {
    layout: {
      tree,
      devices: { numberOf: () => DEVICE, nameOf: () => DEVICE },
      roots: { isConfigured: () => true },
    },
    known: { byId: () => undefined, pathOf: () => null },
    look: async (requests: readonly LookRequest[]) => {
      const builder = createSightsBuilder()
      const answers = requests.map(({ names }) => {
        const from = builder.length
        for (const name of names ?? []) {
          asked.push(name)
          const one = there[name] ?? 'gone'
          if (one === 'gone') builder.pushGone(name)
          else if (one === 'unreadable') builder.pushUnreadable(name, 'EIO')
          else builder.pushStats(name, one)
        }
        return answer ?? { kind: 'seen', folder: {}, from, to: builder.length }
      })
      return { answers, sights: builder.pack(), mountChanges: 0 }
    },
  } as unknown as PresenceTools
  return { tools, asked }
}

async function presenceOf(row: KnownNode, there: There, answer?: LookAnswer) {
  const { tools } = look({ [row.name]: there }, answer)
  return (await lookAtRows(tools, [row])).get(row.nodeId)
}

test('a place holds a row only if the very thing is there', async () => {
  assert.equal(await presenceOf(file, stats(10)), 'present')
  assert.equal(await presenceOf(file, stats(10, { birthTime: 0 })), 'present', 'where no birth times are kept')
  assert.equal(await presenceOf(file, stats(99)), 'absent')
  assert.equal(await presenceOf(file, stats(10, { birthTime: 2 })), 'absent', 'another file under its number')
  assert.equal(await presenceOf(file, stats(10, { kind: 'folder' })), 'absent')
  assert.equal(await presenceOf(file, 'gone'), 'absent')
  assert.equal(await presenceOf(folder, stats(11, { kind: 'folder', birthTime: 2 })), 'present', 'it has the same row')
  assert.equal(await presenceOf(folder, stats(11)), 'absent')
})

test('what can not be looked at says nothing of a file; a folder is not at two places', async () => {
  const [elsewhere, later] = [{ kind: 'elsewhere' }, { kind: 'later', problem: null }] as const
  const unreadable = { kind: 'unreadable', problem: 'EIO', watch: { kind: 'not-asked' } } as const
  assert.equal(await presenceOf(file, 'unreadable'), 'unreadable')
  assert.equal(await presenceOf(file, 'gone', unreadable), 'unreadable')
  assert.equal(await presenceOf(file, 'gone', elsewhere), 'unknown')
  assert.equal(await presenceOf(folder, 'unreadable'), 'absent')
  assert.equal(await presenceOf(folder, 'gone', unreadable), 'absent')
  assert.equal(await presenceOf(folder, 'gone', elsewhere), 'absent')
  for (const row of [file, folder]) assert.equal(await presenceOf(row, 'gone', later), 'unknown')
  const nowhere = fileRow(10, 'no known folder', 'old')
  assert.equal(await presenceOf(nowhere, stats(10)), 'absent')
})

test('a file whose old place holds it too is looked at once more where it was found, and may be gone from there', async () => {
  const found: Observation = {
    parentId: top.nodeId,
    name: 'new',
    sight: fileSight(10),
    known: undefined,
    cause: 'touched',
  }
  const passing = async (there: There, answer?: LookAnswer) => {
    const { tools } = look({ new: there }, answer)
    return (await findPassing(tools, [found], [file])).has(found)
  }
  assert.equal(await passing(stats(10)), false, 'it has two names')
  assert.equal(await passing('gone'), true, 'it moved back')
  assert.equal(await passing(stats(99)), true)
  assert.equal(await passing(stats(10), { kind: 'elsewhere' }), true)
})

test('nothing else is looked at once more', async () => {
  const at = (sight: PlacedSight, known?: KnownNode): Observation => {
    return { parentId: top.nodeId, name: 'new', sight, known, cause: 'touched' }
  }
  const { tools, asked } = look({})
  const other = fileRow(12, top.nodeId, 'other')
  const observations = [at(fileSight(10, { links: 2 })), at(fileSight(10), file), at(fileSight(13)), at(GONE)]
  await findPassing(tools, observations, [file, other])
  await findPassing(tools, [at(fileSight(10))], [])
  assert.deepEqual(asked, [])
})
