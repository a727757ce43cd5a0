/**
 * Proves what the search finds below a folder that waits for its place. The disk is a table of folders and their entries, the
 * database a list of rows. Some tests count the looks.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nameToBytes } from '@drive-feed/shared/entry-name.ts'
import { furtherNodeId, plainNodeId } from '@drive-feed/shared/node-id.ts'
import { rootFolder } from '../../../../../test/support/root-folder.ts'
import { DEVICE, factsOf, fileRow, folderRow, folderSight } from '../../../../../test/support/rows.ts'
import { createTree, type RootFolder } from '../../model/folder-tree.ts'
import type { KnownNode } from '../../model/known-node.ts'
import { isPresent, isSameInode, type Observation, type PresentSight } from '../../model/observation.ts'
import { createSightsBuilder } from '../../model/sights.ts'
import type { EntryStats } from '../../posix/statx.ts'
import type { LookRequest } from '../../scan/look.ts'
import { type SearchTools, searchBelow, unplacedFolders } from './search.ts'

const top = folderRow(1, 'above', '')
const goneTop = folderRow(2, 'above', '')
const root = rootFolder()

/** What is in folders, by their paths. */
type Below = Readonly<Record<string, readonly (readonly [name: string, of: KnownNode])[]>>

/** A folder with inode 20 was found at /media/photos, where nothing is known. */
function searchWith(rows: readonly KnownNode[], below: Below, { away = null as RootFolder | null } = {}) {
  const tree = createTree()
  tree.addRoot(root, top)
  if (away !== null) tree.addRoot(away, goneTop)
  const looked: string[] = []
  // The search needs no more than this.
  const tools = {
    layout: {
      ...{ tree, roots: { isConfigured: () => true, isOnline: (one: RootFolder) => one !== away } },
      trust: { isCurrent: () => true, tells: () => true, carriesHash: () => true },
      devices: { numberKind: () => 'lasting', numberOf: () => DEVICE, nameOf: () => DEVICE },
    },
    known: {
      childAt: (parentId: string, name: string) => rows.find((row) => row.parentId === parentId && row.name === name),
      byId: (nodeId: string) => rows.find((row) => row.nodeId === nodeId),
      byInode: (device: string, inode: string) => rows.filter((row) => isSameInode(row, { ...factsOf(inode), device })),
      inodesWithNames: () => new Set(rows.map(({ inode }) => inode)),
    },
    look: async (requests: readonly LookRequest[]) => {
      const builder = createSightsBuilder()
      const answers = requests.map(({ path }) => {
        looked.push(path)
        const from = builder.length
        for (const [name, row] of below[path] ?? []) builder.pushStats(name, statsOf(row))
        return { kind: 'seen', folder: {}, from, to: builder.length }
      })
      return { answers, sights: builder.pack(), mountChanges: 0 }
    },
  } as unknown as SearchTools
  const sight = folderSight(20, { birthTime: 2 })
  const observation: Observation = { parentId: top.nodeId, name: 'photos', sight, known: undefined, cause: 'touched' }
  const found = async () => {
    const observations =
      (await searchBelow(tools, unplacedFolders(tools, [observation]))) ?? assert.fail('it could look')
    return observations.map(({ parentId, name, sight: there }) => ({ parentId, name, inode: inodeOf(there) }))
  }
  return { looked, found }
}

function inodeOf(sight: Observation['sight']): string {
  return isPresent(sight) ? sight.facts.inode : assert.fail('only what is there is found')
}

function statsOf({ isDirectory, inode, size, mtime, ctime, birthTime }: KnownNode): EntryStats {
  const identity = { device: BigInt(DEVICE), inode: BigInt(inode), birthTime }
  return { kind: isDirectory ? 'folder' : 'file', ...identity, size, mtime, exactMtime: null, ctime, links: 1 }
}

const photos = plainNodeId(DEVICE, '20')
const file = fileRow(10, top.nodeId, 'file')
const inner = folderRow(21, 'nowhere', 'inner')

test('what is known from elsewhere is found below a folder that is not placed, with the folders on the way to it', async () => {
  const below = {
    '/media/photos': [
      ['inner', inner],
      ['unknown', fileRow(30, '', '')],
    ],
    '/media/photos/inner': [['new name', file]],
  } as const
  const { found, looked } = searchWith([top, file], below)
  assert.deepEqual(await found(), [
    { parentId: photos, name: 'inner', inode: '21' },
    { parentId: inner.nodeId, name: 'new name', inode: '10' },
  ])
  assert.deepEqual(looked, ['/media/photos', '/media/photos/inner'])
})

test('what is where it is known is not', async () => {
  const there = fileRow(10, photos, 'file')
  const { found } = searchWith([top, there], { '/media/photos': [['file', there]] })
  assert.deepEqual(await found(), [])
})

test('the folder is told by the id that it is going to have where its plain one is of a root that is away', async () => {
  const away = rootFolder('gone')
  const kept = folderRow(20, goneTop.nodeId, 'folder')
  const below: Below = { '/media/photos': [['file', file]] }
  const moved = [top, goneTop, kept, { ...file, name: 'elsewhere' }]
  const beside = furtherNodeId(DEVICE, '20', top.nodeId, nameToBytes('photos'), 0)
  assert.deepEqual(await searchWith(moved, below, { away }).found(), [{ parentId: beside, name: 'file', inode: '10' }])
  assert.deepEqual(await searchWith(moved, below).found(), [{ parentId: photos, name: 'file', inode: '10' }])
  const ownId = furtherNodeId(DEVICE, '20', top.nodeId, nameToBytes('before'), 0)
  const own = { ...folderRow(20, top.nodeId, 'before', { birthTime: 2 }), nodeId: ownId }
  const renamed = await searchWith([...moved, own], below, { away }).found()
  assert.deepEqual(renamed, [{ parentId: ownId, name: 'file', inode: '10' }])
})

test('where nothing counts because something was mounted, the search ends without an answer instead of asking for ever', async () => {
  let asked = 0
  const look = async (requests: readonly LookRequest[]) => {
    asked += 1
    assert.ok(asked < 10, 'whoever confirms the mounts waits for this')
    const answers = requests.map(() => ({ kind: 'later', problem: null }))
    return { answers, sights: createSightsBuilder().pack(), mountChanges: 1 }
  }
  const tools = { look, layout: { devices: { numberOf: () => DEVICE } } } as unknown as SearchTools
  const sight = folderSight(20, { birthTime: 2 }) as PresentSight
  const place = { parentId: top.nodeId, name: 'photos', sight, path: '/media/photos', nodeId: photos, above: null }
  assert.equal(await searchBelow(tools, [place]), null)
})
